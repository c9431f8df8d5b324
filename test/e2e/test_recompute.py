"""What the backward computation needs, kept or computed again: the same gradients, in less memory."""
import re

import numpy as np
import pytest
from conftest import run
from files import read_safetensors
from network import Network
from test_random_networks import judge

BATCH = 64  # Of the programs: what is kept of small images is then large enough to matter.


def alexnet_like(net):
    """Overlapping pooling behind a normalization, whose input is kept for the normalization's gradient."""
    x = net.lrn(net.relu(net.conv(net.image, 48, (5, 5), pad=(2, 2, 2, 2))), 5, 1e-2, 0.75, 2)
    x = net.pool("max_pool", x, (3, 3), (2, 2))
    return net.relu(net.conv(x, 32, (3, 3), pad=(1, 1, 1, 1)))


def inception(net):
    """A pooling beside convolutions, which keep its input; and activations that are only concatenated."""
    x = net.relu(net.conv(net.image, 24, (3, 3), pad=(1, 1, 1, 1)))
    a = net.relu(net.conv(x, 16, (1, 1)))
    b = net.relu(net.conv(net.relu(net.conv(x, 12, (1, 1))), 20, (3, 3), pad=(1, 1, 1, 1)))
    c = net.relu(net.conv(net.pool("max_pool", x, (3, 3), (1, 1), (1, 1, 1, 1)), 8, (1, 1)))
    x = net.concat(a, b, c)
    return net.relu(net.conv(net.pool("max_pool", x, (2, 2), (2, 2)), 16, (3, 3)))


def residual(net):
    """Activations of batch normalizations, whose inputs are kept for the normalizations' gradients."""
    x = net.relu(net.batch_norm(net.conv(net.image, 16, (3, 3), pad=(1, 1, 1, 1))))
    for _ in range(3):
        y = net.relu(net.batch_norm(net.conv(x, 16, (3, 3), pad=(1, 1, 1, 1), bias=False)))
        y = net.batch_norm(net.conv(y, 16, (3, 3), pad=(1, 1, 1, 1), bias=False))
        x = net.relu(net.add(y, x))
    return x


def built(body, training=True):
    net = Network(np.random.default_rng(3).standard_normal((5, 3, 32, 32)).astype(np.float32), 3, training=training)
    return net, net.output(net.dense(net.global_avg_pool(body(net)), 10))


def told(fovea, model, percent):
    text = run(fovea, "explain", model, "--batch", BATCH, "--recompute", percent).stdout
    step = text[text.index("\nstep_"):]
    memory = int(re.search(r"memory between kernels: ([\d,]+) bytes", step)[1].replace(",", ""))
    again = re.search(r"(\d+) results?, ([\d,]+) bytes, computed again in about ([\d.]+) % of the step", step)
    return memory, again


@pytest.mark.parametrize("body", [alexnet_like, inception, residual])
@pytest.mark.parametrize("percent", [0, 100])
def test_gradients_are_right(fovea, tmp_path, body, percent):
    net, output = built(body)
    _, inferred = built(body, training=False)
    judge(fovea, tmp_path, net, output, np.arange(5), options=["--batch", str(BATCH), "--recompute", str(percent)],
          predicted=inferred.data)


@pytest.mark.parametrize("body", [alexnet_like, inception, residual])
def test_computing_again_takes_less_memory(fovea, tmp_path, body):
    net, _ = built(body)
    (tmp_path / "n.net").write_text(net.text())
    kept, nothing = told(fovea, tmp_path / "n.net", 0)
    less, again = told(fovea, tmp_path / "n.net", 100)
    assert not nothing and int(again[1]) >= 1 and int(again[2].replace(",", "")) > 2e6
    assert less <= kept if body is alexnet_like else less < kept  # The former's peak is elsewhere.
    # What the step may take longer bounds it.
    _, some = told(fovea, tmp_path / "n.net", 5)
    assert not some or float(some[3]) <= 5


MODEL = """network N {
  input image: f32[1, 28, 28]
  a = image -> conv(16, kernel: 5, pad: 2)
  m = a -> batch_norm -> relu
  b = m -> conv(16, kernel: 3, pad: 1)
  n = b -> batch_norm -> relu -> max_pool(3, stride: 2)
  output y = n -> dense(10)
}
train {
  data: mnist(scale: 0.00390625)
  optimizer: sgd(lr: 0.05, momentum: 0.9)
  init: he
  batch: 64
  epochs: 1
}
"""


def test_training_reaches_the_same_parameters(fovea, digits, tmp_path):
    """Training functions update the parameters that a normalization is computed again with: it must come before."""
    (tmp_path / "n.net").write_text(MODEL)
    assert told(fovea, tmp_path / "n.net", 100)[1]
    for percent in (0, 100):
        run(fovea, "compile", tmp_path / "n.net", "-o", tmp_path / f"p{percent}", "--batch", BATCH, "--recompute", percent)
        run(tmp_path / f"p{percent}", "train", "--data", digits, "--out", tmp_path / f"w{percent}", "--iterations", 8)
    kept, again = read_safetensors(tmp_path / "w0"), read_safetensors(tmp_path / "w100")
    for name in kept:
        np.testing.assert_allclose(again[name], kept[name], rtol=1e-3, atol=1e-4, err_msg=name)
