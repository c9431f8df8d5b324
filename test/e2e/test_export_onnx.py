"""`fovea export`: ONNX Runtime must give the reference's numbers for random networks, and the program's for the models."""
import json
import shutil

import numpy as np
import onnx
import onnxruntime
import pytest
from conftest import ROOT, random_parameters, run
from files import write_safetensors
from network import random_network
from test_random_networks import difference


def exported(fovea, model, weights, image):
    """What ONNX Runtime computes from the exported model."""
    path = weights.with_name("net.onnx")
    run(fovea, "export", model, "--weights", weights, "-o", path)
    onnx.checker.check_model(str(path), full_check=True)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: image.astype(np.float32)})[0]


@pytest.mark.parametrize("seed", range(2000, 2080))
def test_random_networks(fovea, tmp_path, seed):
    net, output, _ = random_network(seed, training=False)
    (tmp_path / "net.net").write_text(net.text())
    write_safetensors(tmp_path / "w.safetensors", net.parameters)
    actual = exported(fovea, tmp_path / "net.net", tmp_path / "w.safetensors", net.image.data)
    assert actual.shape == output.data.shape
    assert difference(actual, output.data, 1e-6) < 1e-4


@pytest.mark.parametrize("model", ["lenet5-1998", "cifar-full", "cifar-11pct", "googlenet", "squeezenet", "resnet50"])
def test_models(fovea, tmp_path, model):
    path, random = ROOT / "models" / f"{model}.net", np.random.default_rng(1)
    run(fovea, "compile", path, "--inference", "--batch", "2", "-o", tmp_path / "program")
    parameters = random_parameters(tmp_path / "program", random)
    write_safetensors(tmp_path / "w", parameters)
    shape = json.loads(run(tmp_path / "program", "info", "--json").stdout)["input"]["shape"]
    image = random.standard_normal((2, *shape)).astype(np.float32)
    np.save(tmp_path / "x.npy", image)
    run(tmp_path / "program", "predict", "--weights", tmp_path / "w", "--input", tmp_path / "x.npy", "--output",
        tmp_path / "y.npy")
    expected = np.load(tmp_path / "y.npy")
    actual = exported(fovea, path, tmp_path / "w", image)
    assert actual.shape == expected.shape
    assert difference(actual, expected, 1e-6) < 1e-4


WINDOWS = """network N {
  input image: f32[6, 11, 9]
  %s
  output y = a -> tanh(amplitude: 1.7159, slope: 0.6667)
}
"""


@pytest.mark.parametrize("layer", [
    *(f"a = image -> avg_pool(3, stride: 2, pad: {pad}, ceil: {ceil}, divisor: {divisor})"
      for pad in ("0", "[0, 1, 1, 0]") for ceil in ("true", "false") for divisor in ("padded", "valid", "one")),
    "a = image -> max_pool([3, 2], stride: [2, 3], pad: [1, 0, 0, 1], ceil: true)",
    "a = image -> lrn(size: 4, alpha: 0.3, beta: 0.75, k: 1.5)",
    "a = image -> lrn(size: 3, alpha: 0.3, beta: 0.75, region: within)",
    "a = image -> lrn(size: 2, alpha: 0.3, beta: 0.75, region: within)",
    "b = image -> relu(max: 0.5)\n  c = image -> leaky_relu(slope: 0.2)\n  a = concat(b, c)",
    "a = image -> channel_shuffle(3)",
    "b = image -> flatten -> channel_shuffle(11)\n  a = b -> dropout(0.5)",
    "b = image -> softmax\n  c = image -> sigmoid\n  d = b -> dropout(0.5)\n  a = add(c, d)",
])
def test_operations(fovea, tmp_path, layer):
    (tmp_path / "net.net").write_text(WINDOWS % layer)
    run(fovea, "compile", tmp_path / "net.net", "--inference", "-o", tmp_path / "program")
    write_safetensors(tmp_path / "w", {})
    image = np.random.default_rng(2).standard_normal((3, 6, 11, 9)).astype(np.float32)
    np.save(tmp_path / "x.npy", image)
    run(tmp_path / "program", "predict", "--weights", tmp_path / "w", "--input", tmp_path / "x.npy", "--output",
        tmp_path / "y.npy")
    assert difference(exported(fovea, tmp_path / "net.net", tmp_path / "w", image), np.load(tmp_path / "y.npy"), 1e-6) < 1e-5


def test_what_comes_back_is_the_same_network(fovea, lenet, digits, tmp_path):
    run(lenet, "train", "--data", digits, "--iterations", "20", "--out", tmp_path / "w", "--checkpoint", tmp_path / "c")
    shutil.copy(ROOT / "models" / "lenet.net", tmp_path / "lenet.net")
    run(fovea, "export", tmp_path / "lenet.net", "--weights", tmp_path / "c")  # A checkpoint will do.
    model = onnx.load(tmp_path / "lenet.onnx")
    assert model.graph.input[0].type.tensor_type.shape.dim[0].dim_param and "0.00390625" in model.doc_string
    run(fovea, "import", tmp_path / "lenet.onnx", "-o", tmp_path / "again.net")
    run(fovea, "compile", tmp_path / "again.net", "--inference", "-o", tmp_path / "again")
    np.save(tmp_path / "x.npy", np.random.default_rng(0).random((4, 1, 28, 28), np.float32))
    for program, weights, output in ((lenet, "w", "y"), (tmp_path / "again", "again.safetensors", "z")):
        run(program, "predict", "--weights", tmp_path / weights, "--input", tmp_path / "x.npy", "--output",
            tmp_path / f"{output}.npy")
    assert np.array_equal(np.load(tmp_path / "y.npy"), np.load(tmp_path / "z.npy"))


def test_mistakes_are_told(fovea, lenet, digits, tmp_path):
    def told(model, weights, output=tmp_path / "out.onnx"):
        result = run(fovea, "export", model, "--weights", weights, "-o", output, check=False)
        assert result.returncode == 1 and not output.exists()
        return result.stderr

    net = ROOT / "models" / "lenet.net"
    run(lenet, "train", "--data", digits, "--iterations", "1", "--out", tmp_path / "w")
    assert "network LeNet5" in told(ROOT / "models" / "lenet5.net", tmp_path / "w")
    assert "missing" in told(net, tmp_path / "missing")
    (tmp_path / "bad.net").write_text("network N { input x: f32[1] output y = x -> dens(3) }")
    assert "did you mean `dense`?" in told(tmp_path / "bad.net", tmp_path / "w")
    assert "folder/out.onnx" in told(net, tmp_path / "w", tmp_path / "folder" / "out.onnx")
