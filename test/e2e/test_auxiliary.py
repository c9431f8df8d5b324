"""Auxiliary classifiers: a gradient is linear in the loss, so the step of a network with one is the sum of the steps of
the network alone and of the classifier alone."""
import numpy as np
from conftest import run
from files import read_safetensors, write_safetensors

LAYERS = {"c": "image -> conv(6, kernel: 3) -> relu", "d": "c -> conv(4, kernel: 3, stride: 2) -> relu"}
SIDE, MAIN = "side = c -> avg_pool(5, stride: 3) -> dense(7)", "z = d -> dense(7)"


def program(fovea, folder, name, *last, train=""):
    lines = [f"{layer} = {text}" for layer, text in LAYERS.items() if any("d ->" in line for line in last) or layer == "c"]
    model = "network %s {\n  input image: f32[2, 12, 12]\n  %s\n}\n%s" % (name, "\n  ".join(lines + list(last)), train)
    (folder / f"{name}.net").write_text(model)
    run(fovea, "compile", folder / f"{name}.net", "-o", folder / name, "--batch", "5")
    return folder / name


def step(program, folder, parameters):
    wanted = {name: parameters[name] for name in parameters
              if f'"{name}"' in run(program, "info", "--json").stdout}
    write_safetensors(folder / "w", wanted)
    out = run(program, "step", "--weights", folder / "w", "--input", folder / "x.npy", "--labels", folder / "l.npy",
              "--gradients", folder / "g").stdout
    run(program, "predict", "--weights", folder / "w", "--input", folder / "x.npy", "--output", folder / "y.npy")
    return float(out.split()[1]), read_safetensors(folder / "g"), np.load(folder / "y.npy")


def test_losses_add_up(fovea, tmp_path):
    random = np.random.default_rng(5)
    np.save(tmp_path / "x.npy", random.standard_normal((8, 2, 12, 12), np.float32))
    np.save(tmp_path / "l.npy", random.integers(0, 7, 8))
    shapes = {"c.weight": (6, 2, 3, 3), "c.bias": (6,), "d.weight": (4, 6, 3, 3), "d.bias": (4,),
              "side.weight": (7, 6 * 2 * 2), "side.bias": (7,), "z.weight": (7, 4 * 4 * 4), "z.bias": (7,)}
    parameters = {name: 0.3 * random.standard_normal(shape, np.float32) for name, shape in shapes.items()}
    recipe = "train {\n  optimizer: sgd(lr: 0.1)\n  auxiliary: 0.7\n  epochs: 1\n}\n"
    for name, train, weight in (("Given", recipe, 0.7), ("Default", "", 0.3)):
        both = step(program(fovea, tmp_path, name, "auxiliary " + SIDE, "output " + MAIN, train=train), tmp_path, parameters)
        alone = step(program(fovea, tmp_path, "Alone", "output " + MAIN), tmp_path, parameters)
        side = step(program(fovea, tmp_path, "Side", "output " + SIDE), tmp_path, parameters)
        assert abs(both[0] - alone[0] - weight * side[0]) < 1e-5
        assert np.array_equal(both[2], alone[2])
        assert both[1].keys() == parameters.keys()
        for key, gradient in both[1].items():
            expected = alone[1].get(key, 0) + weight * side[1].get(key, np.zeros(1, np.float32))
            assert np.abs(gradient - expected).max() < 1e-5 * max(1, np.abs(expected).max()), key


def test_info_counts_them_apart(fovea, tmp_path):
    text = run(program(fovea, tmp_path, "Both", "auxiliary " + SIDE, "output " + MAIN), "info").stdout
    rows = {line.split("  ")[0]: line for line in text.splitlines()}
    assert "789" in rows["total"] and "175" in rows["auxiliary, for training only"], text
