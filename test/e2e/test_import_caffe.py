"""`fovea import` of Caffe's networks: their numbers against the float64 reference, their recipes, their errors."""
import re

import numpy as np
import pytest
from caffe_files import caffemodel
from conftest import run
from files import read_safetensors
from network import Network

# Like Caffe's full CIFAR-10 network and AlexNet in small: groups, both normalizations, both poolings rounded up.
TEXT = """
name: "Small-Net"
input: "data" input_dim: 1 input_dim: 4 input_dim: 13 input_dim: 15
layer { name: "conv/1" type: "Convolution" bottom: "data" top: "conv1"
  param { lr_mult: 1 } param { lr_mult: 2 decay_mult: 0 }
  convolution_param { num_output: 8 pad: 1 kernel_size: 3 group: 2 weight_filler { type: "gaussian" std: 0.01 } } }
layer { name: "relu1" type: "ReLU" bottom: "conv1" top: "conv1" }
layer { name: "norm1" type: "LRN" bottom: "conv1" top: "norm1" lrn_param { local_size: 5 alpha: 0.5 beta: 0.75 k: 2 } }
layer { name: "pool1" type: "Pooling" bottom: "norm1" top: "pool1" pooling_param { pool: MAX kernel_size: 3 stride: 2 } }
layer { name: "conv2" type: "Convolution" bottom: "pool1" top: "conv2"
  convolution_param { num_output: 6 kernel_h: 1 kernel_w: 3 pad_h: 0 pad_w: 2 dilation: 2 bias_term: false } }
layer { name: "norm2" type: "LRN" bottom: "conv2" top: "norm2"
  lrn_param { local_size: 3 alpha: 0.9 beta: 0.75 norm_region: WITHIN_CHANNEL } }
layer { name: "pool2" type: "Pooling" bottom: "norm2" top: "pool2"
  pooling_param { pool: AVE kernel_size: 3 stride: 2 pad: 1 } }
layer { name: "drop" type: "Dropout" bottom: "pool2" top: "pool2" dropout_param { dropout_ratio: 0.4 } }
layer { name: "left" type: "Convolution" bottom: "pool2" top: "left"
  convolution_param { num_output: 5 kernel_size: 1 } }
layer { name: "both" type: "Concat" bottom: "left" bottom: "pool2" top: "both" }
layer { name: "sum" type: "Eltwise" bottom: "both" bottom: "both" top: "sum" }
layer { name: "ip1" type: "InnerProduct" bottom: "sum" top: "ip1" inner_product_param { num_output: 7 } }
layer { name: "tanh" type: "TanH" bottom: "ip1" top: "ip1" }
layer { name: "prob" type: "Softmax" bottom: "ip1" top: "prob" }
layer { name: "accuracy" type: "Accuracy" bottom: "ip1" bottom: "label" top: "accuracy" include { phase: TEST } }
"""


@pytest.fixture
def small():
    """The same network, built for the reference; and its parameters by Caffe's layers."""
    image = np.random.default_rng(5).standard_normal((3, 4, 13, 15)).astype(np.float32)
    net = Network(image, 7)
    x = net.relu(net.conv(net.image, 8, (3, 3), pad=(1, 1, 1, 1), groups=2))
    x = net.pool("max_pool", net.lrn(x, 5, 0.1, 0.75, 2), (3, 3), (2, 2), ceil=True)
    x = net.conv(x, 6, (1, 3), pad=(0, 2, 0, 2), bias=False, dilation=(2, 2))
    x = net.pool("avg_pool", net.lrn(x, 3, 0.1, 0.75, 1, within=True), (3, 3), (2, 2), (1, 1, 1, 1), ceil=True)
    both = net.concat(net.conv(x, 5, (1, 1)), x)
    x = net.softmax(net.tanh(net.dense(net.add(both, both), 7)))
    values = list(net.parameters.values())
    layers = {"conv/1": ("Convolution", values[0:2]), "conv2": ("Convolution", values[2:3]),
              "left": ("Convolution", values[3:5]), "ip1": ("InnerProduct", values[5:7])}
    return image, x.data, layers


def predict(fovea, folder, model, image):
    np.save(folder / "x.npy", image)
    run(fovea, "compile", model, "--inference", "-o", folder / "net")
    run(folder / "net", "predict", "--weights", model.with_suffix(".safetensors"), "--input", folder / "x.npy",
        "--output", folder / "y.npy")
    return np.load(folder / "y.npy")


def test_numbers(fovea, tmp_path, small):
    image, expected, layers = small
    (tmp_path / "small.prototxt").write_text(TEXT)
    (tmp_path / "small.caffemodel").write_bytes(caffemodel(layers))
    run(fovea, "import", tmp_path / "small.prototxt", tmp_path / "small.caffemodel")
    text = (tmp_path / "small.net").read_text()
    assert "network Small_Net {" in text
    assert "conv_1 = data -> conv(8, kernel: 3, pad: 1, groups: 2) -> relu -> lrn(" in text
    assert set(read_safetensors(tmp_path / "small.safetensors")) == {
        "conv_1.weight", "conv_1.bias", "conv2.weight", "left.weight", "left.bias", "ip1.weight", "ip1.bias"}
    np.testing.assert_allclose(predict(fovea, tmp_path, tmp_path / "small.net", image), expected, atol=1e-6)


def test_files_of_before_2014(fovea, tmp_path, small):
    """`layers` with types in capitals, and blobs of four extents."""
    image, expected, layers = small
    types = {"Convolution": ("CONVOLUTION", 4), "ReLU": ("RELU", 18), "LRN": ("LRN", 15), "Pooling": ("POOLING", 17),
             "Dropout": ("DROPOUT", 6), "Concat": ("CONCAT", 3), "Eltwise": ("ELTWISE", 25),
             "InnerProduct": ("INNER_PRODUCT", 14), "TanH": ("TANH", 23), "Softmax": ("SOFTMAX", 20),
             "Accuracy": ("ACCURACY", 1)}
    text = re.sub(r"layer \{", "layers {", TEXT)
    text = re.sub(r'type: "(\w+)" bottom', lambda m: f"type: {types[m[1]][0]} bottom", text)
    text = text.replace("param { lr_mult: 1 } param { lr_mult: 2 decay_mult: 0 }",
                        "blobs_lr: 1 blobs_lr: 2 weight_decay: 1 weight_decay: 0")
    (tmp_path / "old.prototxt").write_text(text)
    old = {name: (types[kind][1], arrays) for name, (kind, arrays) in layers.items()}
    (tmp_path / "old.caffemodel").write_bytes(caffemodel(old, legacy=True))
    run(fovea, "import", tmp_path / "old.prototxt", tmp_path / "old.caffemodel", "-o", tmp_path / "new.net")
    np.testing.assert_allclose(predict(fovea, tmp_path, tmp_path / "new.net", image), expected, atol=1e-6)


def test_recipe(fovea, tmp_path):
    (tmp_path / "net.prototxt").write_text("""
layer { name: "mnist" type: "Data" top: "data" top: "label" include { phase: TRAIN }
  transform_param { scale: 0.00390625 } data_param { source: "mnist_train_lmdb" batch_size: 64 backend: LMDB } }
layer { name: "conv1" type: "Convolution" bottom: "data" top: "conv1" param { lr_mult: 1 } param { lr_mult: 2 }
  convolution_param { num_output: 20 kernel_size: 5 weight_filler { type: "xavier" } bias_filler { type: "constant" } } }
layer { name: "ip" type: "InnerProduct" bottom: "conv1" top: "ip" param { lr_mult: 1 decay_mult: 250 }
  inner_product_param { num_output: 10 bias_filler { type: "constant" value: 0.5 } } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" }
""")
    (tmp_path / "solver.prototxt").write_text("""
net: "net.prototxt" test_iter: 100 base_lr: 0.01 momentum: 0.9 weight_decay: 0.0005 lr_policy: "inv" gamma: 0.0001
power: 0.75 display: 100 max_iter: 10000 snapshot: 5000 solver_mode: CPU
""")
    run(fovea, "import", tmp_path / "net.prototxt", "--solver", tmp_path / "solver.prototxt", "--input", "1,28,28")
    text = (tmp_path / "net.net").read_text()
    for part in ["conv1 = data -> conv(20, kernel: 5, init: xavier, bias_lr: 2)", "dense(10, bias: 0.5, decay: 250)",
                 "data: mnist(scale: 0.00390625)", "optimizer: sgd(lr: 0.01, momentum: 0.9, weight_decay: 5e-04)",
                 "lr: inv(gamma: 1e-04, power: 0.75)", "iterations: 10000"]:
        assert part in text
    assert not (tmp_path / "net.safetensors").exists()
    run(fovea, "compile", tmp_path / "net.net", "-o", tmp_path / "net")


def refused(fovea, folder, *files):
    result = run(fovea, "import", *files, "-o", folder / "out.net", check=False)
    assert result.returncode == 1
    assert result.stderr.startswith("fovea: error: ") and result.stderr.count("\n") == 1, result.stderr
    assert not (folder / "out.net").exists() and not (folder / "out.safetensors").exists()
    return result.stderr


@pytest.mark.parametrize("old, new, told", [
    ('type: "TanH"', 'type: "PReLU"', "layer `tanh` (PReLU) is of a type that cannot be imported"),
    ('bottom: "norm1"', 'bottom: "norm9"', "layer `pool1` (Pooling) reads `norm9`, which no layer before it computes"),
    ("pool: MAX", "pool: STOCHASTIC", "layer `pool1` (Pooling) pools stochastically"),
    ("kernel_size: 3 group: 2", "group: 2", "layer `conv/1` (Convolution) has no kernel_size"),
    ("input_dim: 15", "", "the input must have the shape"),
    ('name: "Small-Net"', "name: {", "small.prototxt:2:"),
    ("num_output: 7", "num_output: 8", "ip1.weight has"),
])
def test_errors_of_networks(fovea, tmp_path, small, old, new, told):
    assert old in TEXT
    (tmp_path / "small.prototxt").write_text(TEXT.replace(old, new))
    (tmp_path / "small.caffemodel").write_bytes(caffemodel(small[2]))
    assert told in refused(fovea, tmp_path, tmp_path / "small.prototxt", tmp_path / "small.caffemodel")


def test_errors_of_files(fovea, tmp_path, small):
    text, model = tmp_path / "small.prototxt", tmp_path / "small.caffemodel"
    text.write_text(TEXT)
    assert "small.caffemodel" in refused(fovea, tmp_path, text, model)  # It is not there.
    whole = caffemodel(small[2])
    model.write_bytes(whole[:len(whole) // 2])
    assert "is not a caffemodel, or is damaged" in refused(fovea, tmp_path, text, model)
    layers = dict(small[2], conv2=("Convolution", [small[2]["conv2"][1][0][:, :, :, :2]]))
    model.write_bytes(caffemodel(layers))
    assert "conv2.weight has 96 values of shape 6x8x1x2, but the layer needs 6x8x1x3" in refused(
        fovea, tmp_path, text, model)
    layers = dict(small[2])
    del layers["left"]
    model.write_bytes(caffemodel(layers))
    assert "has no values for left." in refused(fovea, tmp_path, text, model)
    model.write_bytes(caffemodel({"other": ("Convolution", [np.zeros((1, 1, 1, 1))])}))
    assert "has parameters for none of the layers" in refused(fovea, tmp_path, text, model)
    assert "expected a file that ends in" in refused(fovea, tmp_path, tmp_path / "small.pb")
