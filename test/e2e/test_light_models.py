"""The nine networks of the ONNX package's light set: the classic ones as their exporters wrote them, opset 9, their weights
left out. With random weights they must import and give ONNX Runtime's numbers."""
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from conftest import run
from onnx import numpy_helper

LIGHT = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"
NAMES = ["bvlc_alexnet", "densenet121", "inception_v1", "inception_v2", "resnet50", "shufflenet", "squeezenet", "vgg19",
         "zfnet512"]


def with_random_weights(path):
    """The file fills its weights with one number (ConstantOfShape); initializers take their place."""
    model, random = onnx.load(path), np.random.default_rng(7)
    graph = model.graph
    shapes = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    variances = {node.input[4] for node in graph.node if node.op_type == "BatchNormalization"}
    scales = {node.input[1] for node in graph.node if node.op_type == "BatchNormalization"}
    filled = [node for node in graph.node if node.op_type == "ConstantOfShape"]
    for node in filled:
        name, shape = node.output[0], shapes[node.input[0]]
        if len(shape) > 1:
            values = random.standard_normal(shape, np.float32) * np.float32((2 / np.prod(shape[1:])) ** 0.5)
        elif name in variances or name in scales:
            values = random.uniform(0.5, 1.5, shape)
        else:
            values = random.standard_normal(shape) * 0.1
        graph.initializer.append(numpy_helper.from_array(values.astype(np.float32), name))
        graph.node.remove(node)
    return model


def computed(model, folder, image):
    """What ONNX Runtime computes."""
    onnx.save(model, folder / "net.onnx")
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # The shapes of the weights are left over.
    session = onnxruntime.InferenceSession(folder / "net.onnx", options, providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: image})[0]


def unsaturated(model, folder, image):
    """Divides the last layer by the deviation of its results, so that the probabilities are not 1 and zeros."""
    graph = model.graph
    if graph.node[-1].op_type != "Softmax":
        return model
    output = graph.output[0].name
    graph.output[0].name = graph.node[-1].input[0]
    deviation = computed(model, folder, image).std()
    graph.output[0].name = output
    last = [node for node in graph.node if node.op_type in ("Conv", "Gemm")][-1]
    for tensor in graph.initializer:
        if tensor.name in last.input[1:]:
            tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor) / deviation, tensor.name))
    return model


def test_the_set_is_all():
    assert sorted(path.stem.removeprefix("light_") for path in LIGHT.glob("*.onnx")) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_light_model(fovea, tmp_path, name):
    model = with_random_weights(LIGHT / f"light_{name}.onnx")
    given = {tensor.name for tensor in model.graph.initializer}
    (data,) = (value for value in model.graph.input if value.name not in given)
    shape = [extent.dim_value for extent in data.type.tensor_type.shape.dim]
    image = np.random.default_rng(8).standard_normal(shape).astype(np.float32)
    expected = computed(unsaturated(model, tmp_path, image), tmp_path, image)
    del model
    run(fovea, "import", tmp_path / "net.onnx")
    (tmp_path / "net.onnx").unlink()
    run(fovea, "compile", tmp_path / "net.net", "--inference", "-o", tmp_path / "net")
    np.save(tmp_path / "x.npy", image)
    run(tmp_path / "net", "predict", "--weights", tmp_path / "net.safetensors", "--input", tmp_path / "x.npy", "--output",
        tmp_path / "y.npy")
    (tmp_path / "net.safetensors").unlink()
    actual = np.load(tmp_path / "y.npy").reshape(expected.shape)
    assert expected.std() > expected.max() / 100
    assert np.abs(actual - expected).max() < 1e-4 * np.abs(expected).max()


def test_weights_of_one_number(fovea, tmp_path):
    """As the file is: each weight is one number, however many times."""
    run(fovea, "import", LIGHT / "light_squeezenet.onnx", "-o", tmp_path / "net.net")
    assert (tmp_path / "net.safetensors").stat().st_size > 4 * 1_000_000
