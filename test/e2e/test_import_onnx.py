"""`fovea import` of ONNX models: their numbers against ONNX Runtime's, what is refused."""

import numpy as np
import onnx
import pytest
from conftest import run
from onnx import TensorProto, helper
from onnx_files import compare, constant, model, node, node_names, random, refused, weights

SMALL = (4, 11, 13)


@pytest.mark.parametrize("nodes, initializers", [
    ([node("Conv", "x w b", pads=[1, 2, 0, 1], strides=[2, 1])], [weights("w", 6, 4, 3, 3), weights("b", 6)]),
    ([node("Conv", "x w", group=2, dilations=[2, 3], pads=[2, 1, 2, 1])], [weights("w", 6, 2, 3, 3)]),
    ([node("Conv", "x w", strides=[2, 2], auto_pad="SAME_LOWER")], [weights("w", 5, 4, 4, 3)]),
    ([node("Conv", "x w", auto_pad="VALID")], [weights("w", 5, 4, 4, 3)]),
    ([node("Conv", "x w", group=4)], [weights("w", 8, 1, 3, 3)]),
    ([node("MaxPool", "x", kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)], []),
    ([node("MaxPool", "x", kernel_shape=[3, 2], strides=[2, 2], pads=[0, 0, 1, 1])], []),
    ([node("AveragePool", "x", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])], []),
    ([node("AveragePool", "x", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1], count_include_pad=1)], []),
    ([node("AveragePool", "x", kernel_shape=[2, 3], strides=[2, 2], auto_pad="SAME_UPPER")], []),
    ([node("GlobalAveragePool", "x")], []),
    ([node("GlobalMaxPool", "x")], []),
    ([node("ReduceMean", "x", axes=[2, 3], keepdims=0)], []),
    ([node("LRN", "x", size=3, alpha=0.7, beta=0.6, bias=1.5)], []),
    ([node("LRN", "x", size=5, alpha=0.7)], []),
    ([node("Sigmoid", "x")], []),
    ([node("Tanh", "x")], []),
    ([node("Clip", "x zero")], [constant("zero", 0.0)]),
    ([node("Softmax", "x", axis=1)], []),
    ([node("Flatten", "x")], []),
    ([node("Relu", "x", "r"), node("Concat", "r x r", axis=1)], []),
    ([node("Relu", "x", "r"), node("Sum", "r x r")], []),
    ([node("Flatten", "x", "f"), node("Gemm", "f w b", transB=1, alpha=0.5, beta=2.0)],
     [weights("w", 7, 572), weights("b", 7)]),
    ([node("Flatten", "x", "f"), node("Gemm", "f w")], [weights("w", 572, 7)]),
    ([node("Flatten", "x", "f"), node("MatMul", "f w", "m"), node("Add", "m b")], [weights("w", 572, 7), weights("b", 7)]),
    ([node("Conv", "x w", "c"), node("Mul", "c m", "d"), node("Add", "d a")],
     [weights("w", 5, 4, 3, 3), weights("m", 5, 1, 1), weights("a", 1, 5, 1, 1)]),
    ([node("Conv", "x w b", "c"), node("Sub", "one c", "d"), node("Div", "d two")],
     [weights("w", 5, 4, 3, 3), weights("b", 5), constant("one", 1.0), constant("two", 2.0)]),
    ([node("Conv", "x w", "c"), node("BatchNormalization", "c s b m v", epsilon=1e-3), ],
     [weights("w", 5, 4, 3, 3), weights("s", 5), weights("b", 5), weights("m", 5),
      constant("v", random.uniform(0.5, 2, 5))]),
    ([node("Pad", "x p", "q"), node("Conv", "q w", pads=[0, 1, 0, 0])],
     [constant("p", [0, 0, 1, 2, 0, 0, 0, 1], np.int64), weights("w", 5, 4, 3, 3)]),
    ([node("Shape", "x", "s"), node("Gather", "s zero", "n"), node("Unsqueeze", "n axis", "u"),
      node("Concat", "u rest", "t", axis=0), node("Reshape", "x t")],
     [constant("zero", 0, np.int64), constant("axis", [0], np.int64), constant("rest", [-1], np.int64)]),
    ([node("GlobalAveragePool", "x", "g"), node("Squeeze", "g axes")], [constant("axes", [2, 3], np.int64)]),
    ([node("Dropout", "x", "d"), node("Identity", "d", "i"), node("Relu", "i")], []),
    ([node("Transpose", "w", "t", perm=[1, 0]), node("Flatten", "x", "f"), node("MatMul", "f t")], [weights("w", 3, 572)]),
], ids=node_names)
def test_operations(fovea, tmp_path, nodes, initializers):
    compare(fovea, tmp_path, model(nodes, initializers, SMALL), SMALL)


def alexnet_like(opset):
    nodes = [node("Conv", "x conv1_w_0 conv1_b_0", "a", strides=[2, 2], kernel_shape=[5, 5]), node("Relu", "a", "b"),
             node("LRN", "b", "c", size=5, alpha=1e-1), node("MaxPool", "c", "d", kernel_shape=[3, 3], strides=[2, 2]),
             node("Conv", "d conv2_w_0 conv2_b_0", "e", group=2, pads=[1, 1, 1, 1]), node("Relu", "e", "f"),
             node("Reshape", "f shape", "g"), node("Gemm", "g fc_w_0 fc_b_0", "h", transB=1), node("Softmax", "h")]
    return model(nodes, [weights("conv1_w_0", 8, 3, 5, 5), weights("conv1_b_0", 8), weights("conv2_w_0", 10, 4, 3, 3),
                         weights("conv2_b_0", 10), constant("shape", [0, -1], np.int64), weights("fc_w_0", 6, 360),
                         weights("fc_b_0", 6)], (3, 29, 29), opset)


@pytest.mark.parametrize("opset", [7, 9, 13, 21])
def test_opsets_and_readable_text(fovea, tmp_path, opset):
    text = compare(fovea, tmp_path, alexnet_like(opset), (3, 29, 29))
    assert "conv1 = x -> conv(8, kernel: 5, stride: 2) -> relu -> lrn(size: 5, alpha: 0.02, beta: 0.75) -> max_pool(3" in text
    assert "output fc = conv2 -> dense(6) -> softmax" in text


def test_nodes_may_stand_in_any_order(fovea, tmp_path):
    backwards = alexnet_like(10)
    nodes = list(backwards.graph.node)
    del backwards.graph.node[:]
    backwards.graph.node.extend(reversed(nodes))
    text = compare(fovea, tmp_path, backwards, (3, 29, 29))
    assert text.index("conv1 =") < text.index("conv2 =") < text.index("output fc =")


def test_residual_and_branches(fovea, tmp_path):
    nodes = [node("Conv", "x w1", "a", pads=[1, 1, 1, 1]), node("Relu", "a", "b"), node("Conv", "b w2", "c"),
             node("Add", "c x", "d"), node("Relu", "d", "e"), node("Concat", "e c", "f", axis=1),
             node("GlobalAveragePool", "f", "g"), node("Flatten", "g")]
    compare(fovea, tmp_path, model(nodes, [weights("w1", 6, 4, 3, 3), weights("w2", 4, 6, 1, 1)], SMALL), SMALL)


@pytest.mark.parametrize("nodes, initializers, told", [
    ([node("Erf", "x")], [], "node `y` (Erf) cannot be imported: the model language has no such operation"),
    ([node("Relu", "q")], [], "node `y` (Relu) reads `q`, which no node before it computes"),
    ([node("Relu", "z", "w"), node("Relu", "w", "z"), node("Relu", "x")], [], "reads `z`"),  # A circle.
    ([node("Conv", "x w")], [weights("w", 5, 3, 3, 3)], "w.weight has 135 values of shape 5x3x3x3, but the layer needs 5x4x3x3"),
    ([node("Conv", "x x")], [], "node `y` (Conv) computes `x`, which must be a constant"),
    ([node("Conv", "x w")], [weights("w", 5, 4, 3)], "is not two-dimensional"),
    ([node("Conv", "x w")], [weights("w", 5, 4, 30, 30)], "has a window larger than its input"),
    ([node("Transpose", "x", perm=[0, 1, 3, 2])], [], "node `y` (Transpose) puts the axes into the order [0, 1, 3, 2]"),
    ([node("Softmax", "x", axis=3)], [], "is not over the channels"),
    ([node("Reshape", "x s", "r"), node("Relu", "r", "t"), node("MaxPool", "t", kernel_shape=[2, 2])],
     [constant("s", [0, 2, 2, -1], np.int64)], "reads [4, 11, 13] seen as [2, 2, 143]; reshapes can be imported that"),
    ([node("Relu", "x", "y"), node("Tanh", "x", "y")], [], "computes `y`, which there is already"),
    ([node("ConstantOfShape", "s", "w"), node("Conv", "x w")], [constant("s", [1 << 40, 4, 3, 3], np.int64)],
     "which is too large"),
])
def test_refusals(fovea, tmp_path, nodes, initializers, told):
    assert told in refused(fovea, tmp_path, model(nodes, initializers, SMALL))


def test_refusals_of_files(fovea, tmp_path):
    whole = alexnet_like(13)
    assert "opset 6; 7 is the oldest" in refused(fovea, tmp_path, alexnet_like(6))
    assert "give its channels, height and width" in refused(fovea, tmp_path, model([node("Relu", "x")], [], (3, "h", "w")))
    short = onnx.ModelProto()
    short.CopyFrom(whole)
    short.graph.initializer[0].raw_data = short.graph.initializer[0].raw_data[:-4]
    assert "tensor `conv1_w_0` has the shape [8, 3, 5, 5], but 599 values" in refused(fovea, tmp_path, short)
    lying = onnx.ModelProto()
    lying.CopyFrom(whole)
    lying.graph.initializer[0].dims[0] = 1 << 50
    assert "which is too large" in refused(fovea, tmp_path, lying)
    outside = onnx.ModelProto()
    outside.CopyFrom(whole)
    outside.graph.initializer[0].data_location = TensorProto.EXTERNAL
    assert "keeps its data in another file" in refused(fovea, tmp_path, outside)
    missing = onnx.ModelProto()
    missing.CopyFrom(whole)
    del missing.graph.initializer[0]
    assert "reads `conv1_w_0`, which no node before it computes" in refused(fovea, tmp_path, missing)
    missing.graph.input.append(helper.make_tensor_value_info("conv1_w_0", TensorProto.FLOAT, [8, 3, 5, 5]))
    assert "has 2 inputs; networks with one can be imported" in refused(fovea, tmp_path, missing)
    assert "is not an ONNX model" in refused(fovea, tmp_path, whole.SerializeToString()[:500])
    assert "holds no graph" in refused(fovea, tmp_path, b"")
    onnx.save(model([node("Relu", "x")], [], (3, "h", "w")), tmp_path / "open.onnx")
    run(fovea, "import", tmp_path / "open.onnx", "--input", "3,8,9")
    assert "f32[3, 8, 9]" in (tmp_path / "open.net").read_text()
