"""ONNX models and Caffe's networks that were made to hurt: cycles, sizes that lie, names that break lines, and thousands of
small changes (FOVEA_IMPORT_MUTATIONS sets how many). Each is imported, or refused in one line."""
import os
import time

import numpy as np
import onnx
import pytest
from caffe_files import caffemodel
from hostile import mutated, numbers, survives
from onnx import TensorProto, helper, numpy_helper
from onnx_files import constant, model, node, weights
from test_import_caffe import TEXT, small  # noqa: F401, a fixture

MUTATIONS = int(os.environ.get("FOVEA_IMPORT_MUTATIONS", "150"))
SMALL = (4, 11, 13)
CONV = [weights("w", 5, 4, 3, 3)]


def integers(name, *values):
    return constant(name, values, np.int64)


def changed(made, change):
    change(made)
    return made


def tensor(**fields):
    made = weights("w", 5, 4, 3, 3)
    for name, value in fields.items():
        if name == "dims":
            made.ClearField("dims")
            made.dims.extend(value)
        elif name == "external_data":
            made.data_location = TensorProto.EXTERNAL
            for key, text in value.items():
                made.external_data.add(key=key, value=text)
        else:
            setattr(made, name, value)
    return made


def conv_of(weight):
    return model([node("Conv", "x w")], [weight], SMALL)


def relu():
    return model([node("Relu", "x")], [], SMALL)


def with_input(kind, shape):
    made = relu()
    made.graph.input[0].CopyFrom(helper.make_tensor_value_info("x", kind, shape))
    return made


def filled(name, shape):
    return [node("ConstantOfShape", name + "_shape", name)], [integers(name + "_shape", *shape)]


def doubled(times):
    """Each node joins the list before it to itself."""
    nodes = [node("Concat", f"c{i} c{i}", f"c{i + 1}", axis=0) for i in range(times)]
    return model([*nodes, node("Add", f"x c{times}")], [constant("c0", [1.0, 2.0])], SMALL)


def many_filled():
    nodes, shapes, last = [], [], "x"
    for i in range(64):
        nodes += [node("ConstantOfShape", "s", f"w{i}"), node("Conv", f"x w{i}", f"y{i}")]
    return model([*nodes, node("Concat", " ".join(f"y{i}" for i in range(64)), axis=1)],
                 [integers("s", 1 << 18, 4, 11, 13)], SMALL)


def nested():
    """A graph in a node in a graph, a thousand times."""
    inner = relu().graph
    for _ in range(1000):
        outer = onnx.GraphProto()
        outer.node.add(op_type="If", output=["y"]).attribute.add(name="g", type=onnx.AttributeProto.GRAPH).g.CopyFrom(inner)
        inner = outer
    made = relu()
    made.graph.node[0].attribute.add(name="g", type=onnx.AttributeProto.GRAPH).g.CopyFrom(inner)
    return made


HOSTILE = {
    "itself": (lambda: model([node("Relu", "y")], [], SMALL), "node `y` (Relu) reads `y`, which no node before it computes"),
    "cycle": (lambda: model([node("Relu", "b", "a"), node("Relu", "a", "b"), node("Add", "x b")], [], SMALL),
              "node `a` (Relu) reads `b`, which no node before it computes"),
    "missing initializer": (lambda: model([node("Conv", "x w")], [], SMALL), "reads `w`, which no node before it computes"),
    "two initializers": (lambda: model([node("Conv", "x w")], CONV * 2, SMALL), "has two tensors `w`"),
    "computed initializer": (lambda: model([node("Relu", "x", "w"), node("Conv", "x w")], CONV, SMALL),
                             "node `w` (Relu) computes `w`, which there is already"),
    "computed input": (lambda: model([node("Relu", "x", "x"), node("Relu", "x")], [], SMALL),
                       "node `x` (Relu) computes `x`, which there is already"),
    "two outputs of a name": (lambda: model([node("Relu", "x"), node("Tanh", "x")], [], SMALL), "computes `y`, which there is"),
    "negative extent": (lambda: conv_of(tensor(dims=[5, -4, 3, 3])), "tensor `w` has the shape [5, -4, 3, 3], which is too large"),
    "extent 0": (lambda: conv_of(tensor(dims=[0, 4, 3, 3])), "tensor `w` has the shape [0, 4, 3, 3], but 180 values"),
    "empty weight": (lambda: conv_of(tensor(dims=[0, 4, 3, 3], raw_data=b"")), "0"),
    "huge extent": (lambda: conv_of(tensor(dims=[1 << 62, 4, 3, 3])), "which is too large"),
    "overflowing extents": (lambda: conv_of(tensor(dims=[1 << 32, 1 << 32, 1 << 32, 1 << 32])), "which is too large"),
    "billion values": (lambda: conv_of(tensor(dims=[1 << 14, 1 << 14, 1, 1], raw_data=b"")), "but 0 values"),
    "short data": (lambda: conv_of(tensor(raw_data=bytes(716))), "has the shape [5, 4, 3, 3], but 179 values"),
    "half a number": (lambda: conv_of(tensor(raw_data=bytes(718))), "tensor `w` ends in the middle of a number"),
    "data twice": (lambda: changed(conv_of(tensor()), lambda m: m.graph.initializer[0].float_data.append(1)), "but 181 values"),
    "scalar weight": (lambda: conv_of(constant("w", 1.0)), "is not two-dimensional"),
    "strings": (lambda: conv_of(helper.make_tensor("w", TensorProto.STRING, [1], [b"a"])),
                "tensor `w` holds elements of the type STRING, which cannot be imported"),
    "no type": (lambda: conv_of(tensor(data_type=0)), "holds elements of the type UNDEFINED"),
    "unknown type": (lambda: conv_of(tensor(data_type=1234)), "holds elements of the type 1234"),
    "complex": (lambda: conv_of(tensor(data_type=TensorProto.COMPLEX64)), "holds elements of the type COMPLEX64"),
    "data elsewhere": (lambda: conv_of(tensor(external_data={"location": "../../../../etc/passwd"})),
                       "tensor `w` keeps its data in another file, which cannot be imported; save the model as one file"),
    "no opset": (lambda: changed(relu(), lambda m: m.ClearField("opset_import")), "does not say its opset"),
    "old opset": (lambda: changed(relu(), lambda m: setattr(m.opset_import[0], "version", -3)), "is of opset -3"),
    "no nodes": (lambda: changed(relu(), lambda m: m.graph.ClearField("node")), "holds no graph"),
    "no graph": (lambda: changed(relu(), lambda m: m.ClearField("graph")), "holds no graph"),
    "no input": (lambda: changed(relu(), lambda m: m.graph.ClearField("input")), "has 0 inputs; networks with one"),
    "no output": (lambda: changed(relu(), lambda m: m.graph.ClearField("output")), "has 0 outputs; only one can be imported"),
    "two outputs": (lambda: changed(relu(), lambda m: m.graph.output.add(name="x")), "has 2 outputs; only one can be imported"),
    "output of nothing": (lambda: changed(relu(), lambda m: setattr(m.graph.output[0], "name", "z")),
                          "no node computes the output `z`"),
    "output is input": (lambda: model([node("Identity", "x")], [], SMALL), "computes nothing: its output is its input"),
    "constant output": (lambda: model([node("Relu", "x", "r"), node("Identity", "w")], CONV, SMALL), "no node computes the output"),
    "whole numbers": (lambda: with_input(TensorProto.INT64, ["N", *SMALL]),
                      "the input `x` holds elements of the type INT64; networks of float32 can be imported"),
    "bytes": (lambda: with_input(TensorProto.UINT8, ["N", *SMALL]), "the input `x` holds elements of the type UINT8"),
    "an input of no type": (lambda: changed(relu(), lambda m: m.graph.input[0].ClearField("type")), "of the type UNDEFINED"),
    "scalar input": (lambda: with_input(TensorProto.FLOAT, []), "give its channels, height and width"),
    "five axes": (lambda: with_input(TensorProto.FLOAT, ["N", 3, 4, 5, 6]), "has the shape [N, 3, 4, 5, 6]; give its channels"),
    "negative image": (lambda: with_input(TensorProto.FLOAT, ["N", 3, -4, 5]), "has the shape [N, 3, -4, 5]; give its channels"),
    "huge image": (lambda: with_input(TensorProto.FLOAT, ["N", 3, 1 << 40, 1 << 40]), "[3, 1099511627776, 1099511627776], which is too"),
    "large image": (lambda: with_input(TensorProto.FLOAT, ["N", 1, 1 << 21, 2]), "must be a whole number between 1 and 1048576"),
    "no operands": (lambda: model([helper.make_node("Conv", [], ["y"])], [], SMALL), "node `y` (Conv) has no input 0"),
    "no results": (lambda: changed(relu(), lambda m: m.graph.node[0].ClearField("output")), "(Relu) has no output"),
    "no kernel": (lambda: model([node("MaxPool", "x")], [], SMALL), "is not two-dimensional"),
    "kernel 0": (lambda: model([node("MaxPool", "x", kernel_shape=[0, 2])], [], SMALL), "has 0 as a kernel, stride or dilation"),
    "huge stride": (lambda: model([node("MaxPool", "x", kernel_shape=[2, 2], strides=[1 << 62, 1])], [], SMALL),
                    "has 4611686018427387904 as a kernel, stride or dilation"),
    "huge padding": (lambda: model([node("Conv", "x w", pads=[1 << 62] * 4)], CONV, SMALL), "is padded by 4611686018427387904"),
    "large padding": (lambda: model([node("Conv", "x w", pads=[1 << 20] * 4)], CONV, SMALL), "which is too large"),
    "three pads": (lambda: model([node("Conv", "x w", pads=[1, 1, 1])], CONV, SMALL), "is not two-dimensional"),
    "groups 0": (lambda: model([node("Conv", "x w", group=0)], CONV, SMALL), "becomes a network that cannot be compiled"),
    "groups 3": (lambda: model([node("Conv", "x w", group=3)], CONV, SMALL), "do not divide into 3 groups"),
    "many groups": (lambda: model([node("Conv", "x w", group=-(1 << 62))], CONV, SMALL), "becomes a network that cannot be compiled"),
    "size 0": (lambda: model([node("LRN", "x", size=0)], [], SMALL), "has a size of 0"),
    "nan": (lambda: model([node("LRN", "x", size=3, alpha=float("nan"))], [], SMALL), "becomes a network that cannot be compiled"),
    "a bomb": (lambda: model(*(lambda n, i: ([*n, node("Conv", "x w")], i))(*filled("w", [1 << 40, 4, 3, 3])), SMALL),
               "makes a tensor of the shape [1099511627776, 4, 3, 3], which is too large"),
    "many bombs": (many_filled, "repeats one number in more than 268435456 parameters"),
    "doubling": (lambda: doubled(40), "which is too large for a file of this size"),
    "shapes without end": (lambda: model([node("ConstantOfShape", "n", "s"), node("ConstantOfShape", "s", "t"), node("Add", "x t")],
                                         [integers("n", 1 << 28)], SMALL), "node `t` (ConstantOfShape) makes a tensor of 268435456 axes"),
    "weights of many axes": (lambda: conv_of(tensor(dims=[1] * 100000)), "tensor `w` has 100000 axes"),
    "input of many axes": (lambda: with_input(TensorProto.FLOAT, [1] * 100000), "the input `x` has 100000 axes"),
    "open twice": (lambda: model([node("Reshape", "x s")], [integers("s", 0, -1, -1)], SMALL), "makes the shape"),
    "negative reshape": (lambda: model([node("Reshape", "x s")], [integers("s", 0, -5, 4)], SMALL), "makes the shape [-5, 4]"),
    "many axes": (lambda: model([node("Reshape", "x s")], [integers("s", *[1] * 100000)], SMALL), "makes a tensor of 100000 axes"),
    "empty reshape": (lambda: model([node("Reshape", "x s")], [integers("s")], SMALL), "makes a tensor of 0 axes of an image"),
    "axes beyond": (lambda: model([node("Squeeze", "x a")], [integers("a", 1 << 62)], SMALL), "has the axis 4611686018427387904 of 4"),
    "unsqueeze beyond": (lambda: model([node("Unsqueeze", "x a")], [integers("a", 1 << 62)], SMALL), "adds the axis"),
    "order of axes": (lambda: model([node("Transpose", "x", perm=[0, 1, 1, 1 << 40])], [], SMALL), "does not say the order of its axes"),
    "folded order": (lambda: model([node("Transpose", "w", "t", perm=[0, 1, 1, 7]), node("Conv", "x t")], CONV, SMALL),
                     "node `t` (Transpose) computes with constants in a way that is not known here"),
    "gather beyond": (lambda: model([node("Shape", "x", "s"), node("Gather", "s i", "g"), node("Reshape", "x g")],
                                    [integers("i", 9)], SMALL), "node `g` (Gather) computes with constants in a way that is not known here; have the"),
    "empty bound": (lambda: model([node("Clip", "x b")], [constant("b", [])], SMALL), "has 0 numbers in `b`, where one is expected"),
    "few statistics": (lambda: model([node("BatchNormalization", "x s")], [constant("s", [1] * 4)], SMALL), "does not have one number"),
    "line breaks": (lambda: model([helper.make_node("Relu\n\x1b[2J", ["x"], ["y"], name="a\nb")], [], SMALL),
                    "node `a?b` (Relu??[2J) cannot be imported"),
    "long names": (lambda: model([helper.make_node("R" * 100000, ["x"], ["y"], name="n" * 100000)], [], SMALL), "cannot be imported"),
    "nested graphs": (nested, "is not an ONNX model, or is damaged"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_onnx(fovea, tmp_path, name):
    make, told = HOSTILE[name]
    made = make()
    (tmp_path / "net.onnx").write_bytes(made if isinstance(made, bytes) else made.SerializeToString())
    code, line = survives(fovea, tmp_path, tmp_path / "net.onnx")
    assert code == 1 and told in line, line


def test_names_are_not_searched_for_long(fovea, tmp_path):
    """Thousands of nodes and layers of one name, each made unique."""
    nodes = [helper.make_node("Relu", [f"v{i}" if i else "x"], [f"v{i + 1}"], name="same") for i in range(9000)]
    nodes += [helper.make_node("Add", [f"v{i}", f"v{i}"], [f"u{i}"], name="same") for i in range(1, 9000)]
    nodes += [helper.make_node("Sum", [f"u{i}" for i in range(1, 9000)], ["y"], name="same")]
    onnx.save(model(nodes, [], SMALL), tmp_path / "net.onnx")
    begin = time.monotonic()
    code, line = survives(fovea, tmp_path, tmp_path / "net.onnx")
    assert code == 1 and "more than 20000 operations" in line or code == 0
    assert time.monotonic() - begin < 10


@pytest.mark.parametrize("ending", [".onnx", ".caffemodel", ".prototxt"])
def test_files_that_are_too_large(fovea, tmp_path, ending):
    """Sparse: nothing of them is read."""
    with open(tmp_path / ("net" + ending), "wb") as file:
        file.truncate(3 << 30)
    code, line = survives(fovea, tmp_path, tmp_path / ("net" + ending))
    assert code == 1 and "is larger than the" in line


def zoo():
    """Nodes of many kinds."""
    nodes = [node("Sub", "x m", "n"), node("Conv", "n w", "c", pads=[1, 1, 1, 1], group=2), node("LeakyRelu", "c", "r", alpha=0.1),
             node("Reshape", "r five", "s"), node("Transpose", "s", "t", perm=[0, 2, 1, 3, 4]), node("Reshape", "t four", "u"),
             node("Clip", "u zero six", "k"), node("Pad", "k p", "q"), node("MaxPool", "q", "o", kernel_shape=[3, 3], strides=[2, 2]),
             node("BatchNormalization", "o b b b b", "e"), node("ConstantOfShape", "fs", "f"), node("Conv", "e f", "g"),
             node("Add", "g e", "a"), node("Shape", "a", "as"), node("Gather", "as zeroth", "n0"), node("Unsqueeze", "n0 axis", "n1"),
             node("Concat", "n1 rest", "to", axis=0), node("Reshape", "a to", "v"), node("Gemm", "v d db", "l"), node("Softmax", "l")]
    constants = [weights("m", 4, 1, 1), weights("w", 6, 2, 3, 3), integers("five", 0, 2, 3, 11, 13), integers("four", 0, -1, 11, 13),
                 constant("zero", 0.0), constant("six", 6.0), integers("p", 0, 0, 1, 1, 0, 0, 0, 0), constant("b", [1, 1, 2, 2, 3, 3]),
                 integers("fs", 6, 6, 1, 1), constant("zeroth", 0, np.int64), integers("axis", 0), integers("rest", -1),
                 weights("d", 180, 3), weights("db", 3)]
    return model(nodes, constants, SMALL)


def test_changed_onnx(fovea, tmp_path):
    random = np.random.default_rng(int(os.environ.get("FOVEA_IMPORT_SEED", "5")))
    whole, path = zoo().SerializeToString(), tmp_path / "net.onnx"
    path.write_bytes(whole)
    assert survives(fovea, tmp_path, path)[0] == 0
    places, codes = numbers(whole), []
    assert len(places) > 200
    for count in range(MUTATIONS):
        path.write_bytes(mutated(whole, random, places))
        try:
            codes.append(survives(fovea, tmp_path, path)[0])
        except Exception:
            print("the change with number", count)
            raise
    assert set(codes) == {0, 1}


def test_changed_caffemodel(fovea, tmp_path, small):  # noqa: F811
    random = np.random.default_rng(int(os.environ.get("FOVEA_IMPORT_SEED", "6")))
    text, path = tmp_path / "net.prototxt", tmp_path / "net.caffemodel"
    text.write_text(TEXT)
    whole = caffemodel(small[2])
    path.write_bytes(whole)
    assert survives(fovea, tmp_path, text, path)[0] == 0
    places, codes = numbers(whole), []
    assert len(places) > 30
    for count in range(MUTATIONS):
        path.write_bytes(mutated(whole, random, places))
        try:
            codes.append(survives(fovea, tmp_path, text, path)[0])
        except Exception:
            print("the change with number", count)
            raise
    assert set(codes) == {0, 1}


WORDS = ["-1", "0", "1e38", "4294967295", "99999999999999999999", "nan", '"a\\nb"', "{", "}", "[", "layer", "TRAIN", ":", "\x00", "Scale",
         'type: "Convolution"', 'bottom: "data"', 'top: "pool2"', "kernel_size: 4294967295", "num_output: 4294967295"]


def test_changed_prototxt(fovea, tmp_path, small):  # noqa: F811
    random = np.random.default_rng(int(os.environ.get("FOVEA_IMPORT_SEED", "7")))
    text, path = tmp_path / "net.prototxt", tmp_path / "net.caffemodel"
    path.write_bytes(caffemodel(small[2]))
    codes = []
    for count in range(MUTATIONS):
        words = TEXT.split(" ")
        for _ in range(int(random.integers(1, 4))):
            at = int(random.integers(0, len(words)))
            kind = random.choice(["word", "word", "remove", "repeat", "cut"])
            if kind == "word":
                words[at] = str(random.choice(WORDS))
            elif kind == "remove":
                del words[at:at + int(random.integers(1, 8))]
            elif kind == "repeat":
                words[at:at] = words[at:at + int(random.integers(1, 40))]
            else:
                words = words[:max(at, 1)]
        text.write_text(" ".join(words))
        try:
            codes.append(survives(fovea, tmp_path, *([text, path] if count % 4 else [text]))[0])
        except Exception:
            print("the change with number", count)
            raise
    assert set(codes) == {0, 1}


CAFFE = {
    "cycle": ('layer { name: "a" type: "ReLU" bottom: "b" top: "a" } layer { name: "b" type: "ReLU" bottom: "a" top: "b" }',
              "layer `a` (ReLU) reads `b`, which no layer before it computes"),
    "itself": ('layer { name: "a" type: "ReLU" bottom: "a" top: "a" }', "reads `a`, which no layer before it computes"),
    "no layers": ('name: "net"', "holds no layers"),
    "no output": ('layer { name: "a" type: "ReLU" bottom: "data" }', "layer `a` (ReLU) has no output"),
    "no input": ('layer { name: "a" type: "ReLU" top: "a" }', "layer `a` (ReLU) has no input"),
    "huge layer": ('layer { name: "a" type: "InnerProduct" bottom: "data" top: "a" inner_product_param { num_output: 4294967295 } }',
                   "becomes a network that cannot be compiled"),
    "large weights": ('layer { name: "a" type: "InnerProduct" bottom: "data" top: "a" inner_product_param { num_output: 1000000 } }',
                      "becomes a network that cannot be compiled"),
    "line breaks": ('layer { name: "a\\nb" type: "Odd\\033" bottom: "data" top: "a" }', "layer `a?b` (Odd?) is of a type that"),
    "nesting": ("layer {" * 5000, "2:"),
    "scale of nothing": ('layer { name: "s" type: "Scale" bottom: "data" top: "s" }', "scales what is no BatchNorm"),
    "even window": ('layer { name: "n" type: "LRN" bottom: "data" top: "n" lrn_param { local_size: 0 } }', "an even number of elements"),
}


@pytest.mark.parametrize("name", CAFFE)
def test_caffe(fovea, tmp_path, name):
    text, told = CAFFE[name]
    inputs = "" if name == "no layers" else 'input: "data" input_dim: 1 input_dim: 4 input_dim: 13 input_dim: 15\n'
    (tmp_path / "net.prototxt").write_text(inputs + text)
    code, line = survives(fovea, tmp_path, tmp_path / "net.prototxt")
    assert code == 1 and told in line, line
