"""A C program with a network as its library gives the same bits as the network's own program."""
import numpy as np
from conftest import ROOT, run
from files import read_safetensors, write_safetensors

COUNT = 70  # More than the compiled batch of 64: a step sums two chunks.


def test_library_and_program_agree(fovea, lenet, tmp_path):
    run(fovea, "compile", ROOT / "models" / "lenet.net", "--emit=lib", "-o", tmp_path / "lenet")
    run("cc", "-std=c11", "-Wall", "-Wextra", "-Werror", f"-I{tmp_path}", ROOT / "test" / "e2e" / "library.c",
        tmp_path / "lenet.a", "-lstdc++", "-lm", "-pthread", "-o", tmp_path / "library")

    random = np.random.default_rng(5)
    shapes = {"conv1.weight": (20, 1, 5, 5), "conv1.bias": (20,), "conv2.weight": (50, 20, 5, 5), "conv2.bias": (50,),
              "ip1.weight": (500, 800), "ip1.bias": (500,), "ip2.weight": (10, 500), "ip2.bias": (10,)}
    weights = {name: (random.standard_normal(shape) * 0.05).astype(np.float32) for name, shape in shapes.items()}
    images = random.standard_normal((COUNT, 1, 28, 28)).astype(np.float32)
    labels = random.integers(0, 10, COUNT)
    write_safetensors(tmp_path / "w", weights)
    np.save(tmp_path / "x.npy", images)
    np.save(tmp_path / "l.npy", labels)
    images.tofile(tmp_path / "images")
    labels.astype(np.int32).tofile(tmp_path / "labels")

    (tmp_path / "out").mkdir()
    lines = run(tmp_path / "library", tmp_path / "w", tmp_path / "images", tmp_path / "labels", COUNT,
                tmp_path / "out").stdout.splitlines()
    assert "/no/such/file" in lines[0] and "conv9.weight" in lines[1] and "10" in lines[2]
    run(lenet, "predict", "--weights", tmp_path / "w", "--input", tmp_path / "x.npy", "--output", tmp_path / "y.npy")
    step = run(lenet, "step", "--weights", tmp_path / "w", "--input", tmp_path / "x.npy", "--labels",
               tmp_path / "l.npy", "--gradients", tmp_path / "g").stdout.splitlines()

    assert lines[-1].split()[0] == "loss" and np.float32(lines[-1].split()[1]) == np.float32(step[-1].split()[1])
    assert (np.fromfile(tmp_path / "out" / "scores", np.float32) == np.load(tmp_path / "y.npy").ravel()).all()
    gradients, after = read_safetensors(tmp_path / "g"), read_safetensors(tmp_path / "out" / "after.safetensors")
    recipe_decay = {name: 0.25 for name in shapes}  # lenet.net decays biases too, as Caffe's does.
    rates = {name: 0.125 * (2 if name.endswith("bias") else 1) for name in shapes}  # bias_lr: 2
    for name, value in weights.items():
        assert (np.fromfile(tmp_path / "out" / name, np.float32).reshape(value.shape) == gradients[name]).all(), name
        expected = value - rates[name] * (gradients[name] + recipe_decay[name] * value)
        assert np.abs(after[name] - expected).max() < 1e-6, name
