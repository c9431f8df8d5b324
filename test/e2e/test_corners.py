"""The shipped models, and networks that random ones seldom are, against the float64 reference."""
import re

import numpy as np
import pytest
from conftest import ROOT, run
from network import Network
from test_random_networks import judge


def image(seed, *shape):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def labels(seed, count, classes=10):
    return np.random.default_rng(seed).integers(0, classes, count)


def bitmaps():
    """The pictures in the compiler's source, 10 of 12 rows of 7: ink is 1, paper -1."""
    rows = re.findall(r'"([.#]{7})"', (ROOT / "frontend" / "DigitBitmaps.cpp").read_text())
    assert len(rows) == 120
    return np.array([1.0 if cell == "#" else -1.0 for row in rows for cell in row]).reshape(10, 84)


def lenet(batch):
    net = Network(image(1, batch, 1, 28, 28), 1)
    x = net.pool("max_pool", net.conv(net.image, 20, (5, 5)), (2, 2), (2, 2))
    x = net.pool("max_pool", net.conv(x, 50, (5, 5)), (2, 2), (2, 2))
    return net, net.dense(net.relu(net.dense(net.flatten(x), 500)), 10)


def lenet5(batch):
    net = Network(image(2, batch, 1, 32, 32), 2)
    x = net.pool("avg_pool", net.tanh(net.conv(net.image, 6, (5, 5))), (2, 2), (2, 2))
    x = net.pool("avg_pool", net.tanh(net.conv(x, 16, (5, 5))), (2, 2), (2, 2))
    return net, net.dense(net.tanh(net.dense(net.flatten(net.tanh(net.conv(x, 120, (5, 5)))), 84)), 10)


# Table I of the paper: the maps of S2 that each map of C3 sees.
TABLE = ([[(first + i) % 6 for i in range(3)] for first in range(6)] +
         [[(first + i) % 6 for i in range(4)] for first in range(6)] +
         [[0, 1, 3, 4], [1, 2, 4, 5], [0, 2, 3, 5], [0, 1, 2, 3, 4, 5]])


def lenet5_1998(batch):
    net = Network(image(3, batch, 1, 32, 32), 3)
    net.criterion = 0.1
    squash = lambda x: net.tanh(x, 1.7159, 0.6666667)
    x = squash(net.subsample(squash(net.conv(net.image, 6, (5, 5))), 2))
    x = squash(net.subsample(squash(net.conv(x, 16, (5, 5), connections=[sorted(row) for row in TABLE])), 2))
    x = squash(net.dense(net.flatten(squash(net.conv(x, 120, (5, 5)))), 84))
    return net, net.rbf(x, bitmaps())


@pytest.mark.parametrize("model, build", [("lenet", lenet), ("lenet5", lenet5), ("lenet5-1998", lenet5_1998)])
def test_shipped_models(fovea, tmp_path, model, build):
    """With the batches they are compiled for, and images enough for more than one of them."""
    net, output = build(70)
    model = ROOT / "models" / f"{model}.net"
    names = re.findall(r"^  (?:output )?(\w+) = .*(?:conv|subsample|dense)\(", model.read_text(), re.M)
    assert len(names) == len(net.parameters) // 2
    renamed = dict(zip([f"{name}.{part}" for name in names for part in ("weight", "bias")], net.parameters))
    judge(fovea, tmp_path, net, output, labels(4, 70), model=model, names=renamed)


class Grid(Network):
    """Parameters on a grid of quarters: sums of small integers are exact in float32, and equal elements stay equal."""

    def _parameter(self, name, shape, scale):
        self.parameters[name] = (np.rint(self.random.standard_normal(shape) * 2) / 4).astype(np.float32)
        self.parameter_gradients[name] = np.zeros(shape)
        return self.parameters[name].astype(np.float64)


def ties():
    """Images of few values: most windows hold their maximum more than once."""
    random = np.random.default_rng(6)
    net = Grid(random.integers(0, 2, (4, 2, 11, 9)).astype(np.float32), 6)
    x = net.pool("max_pool", net.relu(net.conv(net.image, 5, (2, 2))), (3, 3), (1, 2), (1, 1, 1, 1))
    y = net.pool("max_pool", net.conv(net.image, 7, (1, 1)), (3, 2), (2, 2), ceil=True)
    return net, net.dense(net.concat(net.flatten(x), net.flatten(y)), 10)


def wide():
    """More channels than registers hold, none a multiple of a vector."""
    net = Network(image(7, 9, 35, 9, 10), 7)
    x = net.relu(net.conv(net.image, 131, (3, 3), pad=(1, 1, 1, 1)))
    x = net.pool("max_pool", net.conv(x, 97, (3, 2), (2, 1)), (2, 2), (2, 2))
    return net, net.dense(net.tanh(net.dense(x, 301)), 10)


def fully_convolutional():
    """An output [K, 1, 1], by average pooling over all there is; C3-like connections on the way."""
    net = Network(image(8, 5, 6, 8, 7), 8)
    x = net.conv(net.image, 5, (3, 3), connections=[[0, 1, 2], [5], [0, 5], [3], [0, 1, 2, 3, 4, 5]])
    x = net.conv(net.sigmoid(x), 10, (1, 1))
    return net, net.pool("avg_pool", x, (6, 5), (1, 1))


def convolution_to_one():
    net = Network(image(9, 3, 4, 7, 5), 9)
    return net, net.conv(net.relu(net.conv(net.image, 9, (3, 3))), 10, (5, 3), bias=False)


def repeated_operands():
    net = Network(image(10, 6, 3, 6, 6), 10)
    x = net.conv(net.image, 8, (3, 3))
    y = net.add(net.concat(x, x), net.conv(net.relu(x), 16, (1, 1)))
    return net, net.dense(net.add(net.softmax(y), y, y), 10)


def list_input():
    net = Network(image(11, 7, 23), 11)
    x = net.sigmoid(net.dense(net.image, 33))
    return net, net.dense(net.concat(x, net.image, net.tanh(x)), 10)


def long_kernels():
    net = Network(image(12, 2, 2, 31, 29), 12)
    x = net.conv(net.image, 3, (11, 1), (4, 1), (5, 0, 5, 0))
    x = net.conv(x, 17, (1, 13), (1, 3), (0, 6, 0, 6))
    return net, net.dense(net.pool("avg_pool", x, (5, 7), (2, 3), (2, 3, 2, 3), True, "valid"), 10)


def distances():
    """A criterion whose rest class weighs about as much as the distances, so that both parts of the gradient count."""
    net = Network(image(13, 6, 1, 4, 4), 13)
    net.criterion = 90.0
    return net, net.rbf(net.tanh(net.dense(net.image, 84)), bitmaps())


@pytest.mark.parametrize("build", [ties, wide, fully_convolutional, convolution_to_one, repeated_operands, list_input,
                                   long_kernels, distances], ids=lambda build: build.__name__)
@pytest.mark.parametrize("options", [[], ["--target", "x86-64-v3", "--no-fuse-pool", "--no-fuse-elementwise"]],
                         ids=["fused", "apart"])
def test_corners(fovea, tmp_path, build, options):
    net, output = build()
    net.output(output)
    judge(fovea, tmp_path, net, output, labels(5, len(output.data)), options=["--batch", 4, *options])
