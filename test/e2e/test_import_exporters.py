"""What exporters write (PyTorch's, tf2onnx, Caffe2's, the model zoo's): each form is imported, with ONNX Runtime's numbers,
or refused with its node's name and what could be done."""
import numpy as np
import onnx
import pytest
from conftest import run
from files import write_safetensors
from onnx import TensorProto, helper, numpy_helper
from onnx_files import compare, constant, model, node, node_names, refused, weights

SMALL = (4, 11, 13)


def integers(name, *values):
    return constant(name, values, np.int64)


@pytest.mark.parametrize("opset, nodes, initializers", [
    # PyTorch: x.view(x.size(0), -1), with the shape computed; x.view(n, c, -1).mean(2); adaptive pooling.
    (13, [node("Shape", "x", "s"), node("Slice", "s zero one", "n"), node("Concat", "n rest", "t", axis=0),
          node("Reshape", "x t")], [integers("zero", 0), integers("one", 1), integers("rest", -1)]),
    (13, [node("Reshape", "x s", "r"), node("ReduceMean", "r", axes=[-1], keepdims=0)], [integers("s", 0, 4, -1)]),
    (13, [node("Reshape", "x s", "r"), node("ReduceMean", "r", "m", axes=[2]), node("Reshape", "m t")],
     [integers("s", 0, 4, -1), integers("t", -1, 4)]),
    (18, [node("ReduceMean", "x a", "m", keepdims=1), node("Conv", "m w")], [integers("a", -2, -1), weights("w", 3, 4, 1, 1)]),
    (18, [node("ReduceMean", "x a", keepdims=0)], [integers("a", 3, 2)]),
    (13, [node("GlobalAveragePool", "x", "g"), node("Squeeze", "g three", "h"), node("Squeeze", "h two")],
     [integers("three", 3), integers("two", 2)]),
    (11, [node("GlobalAveragePool", "x", "g"), node("Squeeze", "g", axes=[2, 3])], []),
    (13, [node("GlobalAveragePool", "x", "g"), node("Flatten", "g", "f"), node("Gemm", "f w b", "d", transB=1),
          node("Unsqueeze", "d a", "u"), node("Relu", "u", "r"), node("Reshape", "r s")],
     [weights("w", 7, 4), weights("b", 1, 7), integers("a", 2, 3), integers("s", 0, 7)]),
    # ShuffleNet's channel shuffle.
    (13, [node("Reshape", "x s", "r"), node("Transpose", "r", "t", perm=[0, 2, 1, 3, 4]), node("Reshape", "t u", "v"),
          node("Tanh", "v")], [integers("s", 0, 2, 2, 11, 13), integers("u", 0, -1, 11, 13)]),
    (13, [node("Reshape", "x s", "r"), node("Transpose", "r", "t", perm=[0, 2, 1, 3]), node("Relu", "t", "a"),
          node("Reshape", "a u", "v"), node("Conv", "v w")],
     [integers("s", -1, 2, 2, 143), integers("u", -1, 4, 11, 13), weights("w", 3, 4, 2, 2)]),
    (13, [node("Flatten", "x", "f"), node("Reshape", "f s", "r"), node("Transpose", "r", "t", perm=[0, 2, 1]),
          node("Flatten", "t")], [integers("s", 0, 11, 52)]),
    # Normalization of the image, in front.
    (13, [node("Sub", "x m", "s"), node("Div", "s d", "t"), node("Conv", "t w", pads=[1, 1, 1, 1])],
     [weights("m", 1, 4, 1, 1), constant("d", [[[[2.0]], [[3.0]], [[0.5]], [[1.5]]]]), weights("w", 3, 4, 3, 3)]),
    (13, [node("Mul", "x k", "s"), node("Add", "s o", "t"), node("Conv", "t w")],
     [constant("k", 2.0), constant("o", -1.0), weights("w", 3, 4, 3, 3)]),
    # Padding of its own node.
    (13, [node("Relu", "x", "r"), node("Pad", "r p", "q"), node("MaxPool", "q", kernel_shape=[3, 3], strides=[2, 2])],
     [integers("p", 0, 0, 1, 1, 0, 0, 1, 1)]),
    (13, [node("Pad", "x p v", "q"), node("MaxPool", "q", kernel_shape=[3, 3], strides=[2, 2])],
     [integers("p", 0, 0, 1, 1, 0, 0, 0, 1), constant("v", -np.inf)]),
    (13, [node("Pad", "x p", "q"), node("AveragePool", "q", kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)],
     [integers("p", 0, 0, 1, 1, 0, 0, 0, 1)]),
    (18, [node("Pad", "x p - a", "q"), node("Conv", "q w")], [integers("p", 1, 2, 0, 1), integers("a", 2, -1), weights("w", 3, 4, 3, 3)]),
    (10, [node("Pad", "x", "q", pads=[0, 0, 1, 1, 0, 0, 1, 1]), node("Conv", "q w", auto_pad="SAME_UPPER", strides=[2, 2])],
     [weights("w", 3, 4, 3, 3)]),
    (13, [node("AveragePool", "x", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1], ceil_mode=1)], []),
    (13, [node("AveragePool", "x", kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1)], []),
    (13, [node("MaxPool", "x", kernel_shape=[3, 3], strides=[2, 2], auto_pad="SAME_LOWER")], []),
    # Activations.
    (13, [node("LeakyRelu", "x", alpha=0.3)], []),
    (13, [node("PRelu", "x s")], [constant("s", np.full((4, 1, 1), 0.25))]),
    (7, [node("Clip", "x", min=0.0, max=0.75)], []),
    (13, [node("Clip", "x zero six")], [constant("zero", 0.0), constant("six", 0.75)]),
    (13, [node("Clip", "x", "c"), node("Tanh", "c")], []),
    (11, [node("GlobalAveragePool", "x", "g"), node("Softmax", "g")], []),
    (13, [node("Flatten", "x", "f"), node("Softmax", "f")], []),
    (13, [node("Softmax", "x", axis=-3)], []),
    # Old attributes, constants in nodes, casts, dropout with operands, aliases.
    (7, [node("Conv", "x w", "c"), node("Relu", "c", "r"), node("BatchNormalization", "r s b m v", momentum=0.8)],
     [weights("w", 5, 4, 3, 3), weights("s", 5), weights("b", 5), weights("m", 5), constant("v", [0.5, 1, 1.5, 2, 3])]),
    (13, [helper.make_node("Constant", [], ["w"], value=weights("w", 5, 4, 3, 3)), node("Conv", "x w")], []),
    (13, [node("Cast", "h", "w", to=TensorProto.FLOAT), node("Cast", "x", "z", to=TensorProto.FLOAT), node("Conv", "z w")],
     [numpy_helper.from_array(np.linspace(-1, 1, 180).reshape(5, 4, 3, 3).astype(np.float16), "h")]),
    (13, [node("Dropout", "x ratio off", "d"), node("Concat", "d x", axis=-3)],
     [constant("ratio", 0.25), constant("off", False, bool)]),
    (13, [node("Sum", "x", "s"), node("Sum", "s x s")], []),
    (13, [node("Conv", "x w", "c"), node("Identity", "c", "d"), node("Mul", "d m", "e"), node("Add", "e c")],
     [weights("w", 5, 4, 3, 3), weights("m", 5, 1, 1)]),
    (13, [node("Relu", "x", "r"), node("ReduceMean", "r", "m", axes=[2, 3]), node("Concat", "m m", axis=1)], []),
], ids=node_names)
def test_forms(fovea, tmp_path, opset, nodes, initializers):
    compare(fovea, tmp_path, model(nodes, initializers, SMALL, opset), SMALL)


def test_cntk_digits(fovea, tmp_path):
    """The zoo's MNIST network: one image, the dense layer's weight reshaped in the graph."""
    nodes = [node("Div", "x k", "s"), node("Conv", "s w1", "a", auto_pad="SAME_UPPER", kernel_shape=[5, 5], strides=[1, 1]),
             node("Add", "a b1", "b"), node("Relu", "b", "c"),
             node("MaxPool", "c", "d", kernel_shape=[2, 2], strides=[2, 2], auto_pad="NOTSET", pads=[0, 0, 0, 0]),
             node("Conv", "d w2", "e", auto_pad="SAME_UPPER"), node("Add", "e b2", "f"), node("Relu", "f", "g"),
             node("MaxPool", "g", "h", kernel_shape=[3, 3], strides=[3, 3]), node("Reshape", "h image", "i"),
             node("Reshape", "w3 matrix", "m"), node("MatMul", "i m", "j"), node("Add", "j b3")]
    constants = [constant("k", 255.0), weights("w1", 8, 1, 5, 5), weights("b1", 8, 1, 1), weights("w2", 16, 8, 5, 5),
                 weights("b2", 16, 1, 1), integers("image", 1, 256), weights("w3", 16, 4, 4, 10), integers("matrix", 256, 10),
                 weights("b3", 1, 10)]
    shape = (1, 28, 28)
    text = compare(fovea, tmp_path, model(nodes, constants, shape, 8, batch=1), shape, batch=1)
    assert "dense(10)" in text


def test_a_shuffle_comes_back(fovea, tmp_path):
    """What `fovea export` makes of one."""
    (tmp_path / "n.net").write_text("network N {\n  input x: f32[6, 5, 4]\n  output y = x -> channel_shuffle(3) -> relu\n}\n")
    write_safetensors(tmp_path / "w", {})
    run(fovea, "export", tmp_path / "n.net", "--weights", tmp_path / "w")
    run(fovea, "import", tmp_path / "n.onnx", "-o", tmp_path / "again.net")
    assert "x -> channel_shuffle(3) -> relu" in (tmp_path / "again.net").read_text()


TO_FIRST, TO_LAST = {"perm": [0, 3, 1, 2]}, {"perm": [0, 2, 3, 1]}


@pytest.mark.parametrize("nodes, initializers", [
    # Keras' convolution, flattened with the channels last before the dense layer.
    ([node("Transpose", "x", "t", **TO_FIRST), node("Conv", "t w", "c"), node("Transpose", "c", "d", **TO_LAST),
      node("Relu", "d", "e"), node("Reshape", "e s", "f"), node("MatMul", "f v", "g"), node("Add", "g b")],
     [weights("w", 6, 4, 3, 3), integers("s", -1, 594), weights("v", 594, 7), weights("b", 7)]),
    # Its normalization layer, of one number a channel.
    ([node("Sub", "x m", "n"), node("Div", "n d", "o"), node("Transpose", "o", "t", **TO_FIRST), node("Conv", "t w")],
     [weights("m", 1, 1, 1, 4), constant("d", [2.0, 0.5, 3.0, 1.0]), weights("w", 6, 4, 3, 3)]),
    ([node("Transpose", "x", "t", **TO_FIRST), node("Conv", "t w", "c"), node("Transpose", "c", "d", **TO_LAST),
      node("Add", "d b", "a"), node("Mul", "d m", "e"), node("Add", "a e", "f"), node("Softmax", "f", "g", axis=-1),
      node("Transpose", "g", "h", **TO_FIRST), node("MaxPool", "h", kernel_shape=[2, 2])],
     [weights("w", 6, 4, 3, 3), weights("b", 6), weights("m", 6)]),
    ([node("Transpose", "x", "t", **TO_FIRST), node("Conv", "t w", "c"), node("Transpose", "c", "d", **TO_LAST),
      node("ReduceMean", "d", "e", axes=[1, 2], keepdims=0), node("MatMul", "e v")],
     [weights("w", 6, 4, 3, 3), weights("v", 6, 7)]),
    ([node("Transpose", "x", "t", **TO_FIRST), node("GlobalAveragePool", "t", "g"), node("Transpose", "g", "h", **TO_LAST),
      node("Squeeze", "h a", "s"), node("MatMul", "s v")], [integers("a", 1, 2), weights("v", 4, 7)]),
], ids=node_names)
def test_channels_last(fovea, tmp_path, nodes, initializers):
    text = compare(fovea, tmp_path, model(nodes, initializers, (11, 13, 4)), SMALL, channels_last=True)
    assert "# There the input's axes end in the channels; here they begin with them.\n" in text
    assert "x: f32[4, 11, 13]" in text


def test_an_output_with_channels_last(fovea, tmp_path):
    onnx.save(model([node("Relu", "x", "r"), node("Transpose", "r", **TO_LAST)], [], SMALL), tmp_path / "n.onnx")
    run(fovea, "import", tmp_path / "n.onnx")
    assert "# There the output's axes end in the channels; here they begin with them.\n" in (tmp_path / "n.net").read_text()


def test_two_normalizations_become_one(fovea, tmp_path):
    nodes = [node("Sub", "x m", "s"), node("Div", "s d", "t"), node("Relu", "t")]
    text = compare(fovea, tmp_path, model(nodes, [weights("m", 4, 1, 1), constant("d", 2.0)], SMALL), SMALL)
    assert text.count("batch_norm") == 1


@pytest.mark.parametrize("opset, nodes, initializers, told", [
    (13, [node("HardSwish", "x")], [], "node `y` (HardSwish) cannot be imported: the model language has no such operation; train with relu"),
    (13, [node("HardSigmoid", "x")], [], "train with sigmoid"),
    (13, [node("Elu", "x")], [], "train with relu or leaky_relu"),
    (13, [node("LogSoftmax", "x", axis=1)], [], "end the model before it, or in Softmax"),
    (13, [node("ArgMax", "x", axis=1)], [], "programs print the classes with their probabilities"),
    (13, [node("Split", "x", axis=1)], [], "write convolutions of parts of the channels as one with groups"),
    (10, [node("Slice", "x a b")], [integers("a", 0), integers("b", 1)], "write a convolution of a part of the channels"),
    (13, [node("QLinearConv", "x")], [], "export the model of floats"),
    (13, [node("ConvTranspose", "x w")], [weights("w", 4, 4, 2, 2)], "replace it before exporting"),
    (13, [node("LeakyRelu", "x", alpha=-0.5)], [], "has the slope -0.500000; slopes from 0 to below 1 can be imported"),
    (13, [node("PRelu", "x s")], [weights("s", 4, 1, 1)], "has slopes of its own for each channel"),
    (7, [node("Clip", "x", min=-1.0, max=1.0)], [], "keeps values between -1.000000 and 1.000000; only relu, and relu"),
    (13, [node("Cast", "x", to=TensorProto.INT64)], [], "makes INT64 of the network's values, which are float32"),
    (13, [node("Mul", "x x")], [], "combines two of the network's values, which only Add can be imported for"),
    (13, [node("Div", "k x")], [constant("k", 2.0)], "divides a constant by the network's values"),
    (13, [node("Div", "x k")], [constant("k", 0.0)], "has a factor or an offset that is not finite"),
    (13, [node("Add", "x k")], [weights("k", 4, 11, 13)], "combines a constant of the shape [4, 11, 13] with [4, 11, 13]"),
    (13, [node("Sum", "x x k")], [constant("k", 2.0)], "adds a constant among other values"),
    (13, [node("GlobalAveragePool", "x", "g"), node("Add", "g x")], [], "adds [4, 11, 13] to [4, 1, 1]; only equal shapes"),
    (13, [node("GlobalAveragePool", "x", "g"), node("Concat", "g x", axis=1)], [], "joins [4, 1, 1] and [4, 11, 13]"),
    (13, [node("Concat", "x x", axis=2)], [], "joins along another axis than the channels"),
    (13, [node("ReduceMean", "x", axes=[1])], [], "takes the mean along other axes than height and width"),
    (13, [node("Softmax", "x")], [], "is not over the channels"),
    (11, [node("Softmax", "x", axis=1)], [], "is not over the channels"),
    (13, [node("Pad", "x p", mode="reflect")], [integers("p", 0, 0, 1, 1, 0, 0, 1, 1)], "pads with something else than a constant"),
    (13, [node("Pad", "x p")], [integers("p", 0, 1, 0, 0, 0, 0, 0, 0)], "pads other axes than height and width, or cuts off"),
    (13, [node("Pad", "x p", "q"), node("Relu", "q")], [integers("p", 0, 0, 1, 1, 0, 0, 1, 1)],
     "node `y` (Relu) follows a Pad; only convolutions and poolings can take the padding in"),
    (13, [node("Pad", "x p", "q"), node("MaxPool", "q", kernel_shape=[2, 2])], [integers("p", 0, 0, 1, 1, 0, 0, 1, 1)],
     "follows a Pad whose 0.000000 might be the maximum of a window; pad it itself"),
    (13, [node("Pad", "x p", "q"), node("AveragePool", "q", kernel_shape=[3, 3], pads=[1, 1, 1, 1])],
     [integers("p", 0, 0, 1, 1, 0, 0, 1, 1)], "averages in another way than over all of it; pad it itself"),
    (13, [node("Pad", "x p v", "q"), node("Conv", "q w")],
     [integers("p", 0, 0, 1, 1, 0, 0, 1, 1), constant("v", 1.0), weights("w", 3, 4, 3, 3)],
     "follows a Pad by 1.000000; convolutions are padded with zeros"),
    (13, [node("Conv", "x w", pads=[1, 1, -1, 1])], [weights("w", 3, 4, 3, 3)], "is padded by -1"),
    (13, [node("Reshape", "x s")], [integers("s", 2, -1)], "makes 2 images of each batch"),
    (13, [node("Reshape", "x s")], [integers("s", 0, 7, -1)], "makes the shape [7, 81] of [4, 11, 13] (without the batch)"),
    (13, [node("Squeeze", "x a")], [integers("a", 2)], "leaves out the axis 2 of [4, 11, 13] (without the batch)"),
    (13, [node("Unsqueeze", "x a")], [integers("a", 0)], "adds the axis 0 to [4, 11, 13] (without the batch)"),
    (13, [node("Transpose", "x", "t", **TO_LAST), node("Conv", "t w")], [weights("w", 3, 13, 3, 3)],
     "reads [11, 13, 4] with the channels last; put a Transpose before it"),
    (13, [node("Transpose", "x", "t", **TO_LAST), node("Add", "t x")], [], "adds [4, 11, 13] to [11, 13, 4]; only equal shapes"),
    (14, [node("BatchNormalization", "x s s s s", training_mode=1)], [constant("s", [1, 1, 1, 1])],
     "normalizes by the batch's own statistics (training_mode); export the model for inference"),
    (7, [node("BatchNormalization", "x s s s s", spatial=0)], [constant("s", np.ones((4, 11, 13)))],
     "does not have one number for each of 4 channels"),
    (13, [helper.make_node("Constant", [], ["k"], value_string="a"), node("Add", "x k")], [], "holds no tensor of numbers"),
    (13, [helper.make_node("Dropout", ["x"], ["d", "m"]), node("Cast", "m", "n", to=1), node("Add", "d n")], [],
     "gives its mask, which cannot be imported"),
    (13, [helper.make_node("Foo", ["x"], ["y"], domain="com.example")], [], "is of the domain `com.example`"),
    (13, [node("Dropout", "x ratio")], [constant("ratio", [0.5, 0.5])], "has 2 numbers in `ratio`, where one is expected"),
], ids=node_names)
def test_refusals(fovea, tmp_path, opset, nodes, initializers, told):
    assert told in refused(fovea, tmp_path, model(nodes, initializers, SMALL, opset))
