"""Small ONNX models, and what ONNX Runtime and the compiler make of them."""
import numpy as np
import onnx
import onnxruntime
from conftest import run
from onnx import TensorProto, helper, numpy_helper

random = np.random.default_rng(11)


def weights(name, *shape):
    values = random.standard_normal(shape) * np.prod(shape[1:]) ** -0.5
    return numpy_helper.from_array(values.astype(np.float32), name)


def constant(name, values, kind=np.float32):
    return numpy_helper.from_array(np.asarray(values, kind), name)


def model(nodes, initializers, shape, opset=13, batch="N", output="y"):
    graph = helper.make_graph(nodes, "net", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [batch, *shape])],
                              [helper.make_tensor_value_info(output, TensorProto.FLOAT, None)], initializers)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    made.ir_version = 8
    return made


def node(op, inputs, output="y", **attributes):
    """An input called `-` is left out."""
    return helper.make_node(op, ["" if name == "-" else name for name in inputs.split()], [output], **attributes)


def node_names(value):
    """For the names of tests."""
    is_nodes = isinstance(value, list) and value and hasattr(value[0], "op_type")
    return "-".join(n.op_type for n in value) if is_nodes else ""


def compare(fovea, folder, made, shape, batch=2, channels_last=False):
    """Imports, compiles and runs; the outputs must be ONNX Runtime's, which takes [N,H,W,C] if `channels_last`."""
    path = folder / "net.onnx"
    onnx.save(made, path)
    image = random.standard_normal((batch, *shape)).astype(np.float32)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    expected = session.run(None, {"x": image.transpose(0, 2, 3, 1) if channels_last else image})[0]
    run(fovea, "import", path)
    run(fovea, "compile", folder / "net.net", "--inference", "-o", folder / "net")
    np.save(folder / "x.npy", image)
    parameters = folder / "net.safetensors"
    if not parameters.exists():  # No layer has any.
        parameters.write_bytes((2).to_bytes(8, "little") + b"{}")
    run(folder / "net", "predict", "--weights", parameters, "--input", folder / "x.npy", "--output", folder / "y.npy")
    actual = np.load(folder / "y.npy")
    np.testing.assert_allclose(actual.reshape(expected.shape), expected, rtol=1e-4, atol=2e-5)
    return (folder / "net.net").read_text()


def refused(fovea, folder, made, *options):
    """What the one line says."""
    path = folder / "net.onnx"
    path.write_bytes(made if isinstance(made, bytes) else made.SerializeToString())
    result = run(fovea, "import", path, "-o", folder / "out.net", *options, check=False)
    assert result.returncode == 1, result
    assert result.stderr.startswith("fovea: error: ") and result.stderr.count("\n") == 1, result.stderr
    assert not (folder / "out.net").exists() and not (folder / "out.safetensors").exists()
    return result.stderr
