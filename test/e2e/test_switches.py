"""A small AlexNet, every kind of layer in its order, at every mix of the switches that turn passes off."""
import itertools

import numpy as np
import pytest
from conftest import run
from files import read_safetensors
from network import Network
from test_random_networks import judge

DIRECT = "--no-winograd-steps"  # With which float64's gradients are compared: rounding decides fewer maxima.
SWITCHES = ["--no-fold", "--no-winograd", "--no-fuse-elementwise", "--no-fuse-pool", "--no-fuse-lrn", "--no-tile-pooling", "--no-plan"]


def small_alexnet(batch):
    net = Network(np.random.default_rng(6).standard_normal((batch, 3, 55, 55)).astype(np.float32), 6)

    def block(x, filters, kernel, **options):
        x = net.lrn(net.relu(net.conv(x, filters, kernel, **options)), 5, 1e-2, 0.75, 2)
        return net.pool("max_pool", x, (3, 3), (2, 2))

    x = block(net.image, 32, (7, 7), stride=(2, 2))
    x = block(x, 64, (5, 5), pad=(2, 2, 2, 2), groups=2)
    x = net.relu(net.conv(x, 48, (3, 3), pad=(1, 1, 1, 1)))
    x = net.relu(net.conv(x, 32, (3, 3), pad=(1, 1, 1, 1), groups=2))
    x = net.pool("max_pool", x, (2, 2), (1, 1))
    x = net.dropout(net.relu(net.dense(net.flatten(x), 40)), 0.5)
    return net, net.output(net.dense(x, 10))


@pytest.mark.parametrize("off", itertools.product([False, True], repeat=len(SWITCHES)))
def test_any_mix_computes_the_same(fovea, tmp_path, off):
    net, output = small_alexnet(5)
    labels = np.random.default_rng(7).integers(0, 10, 5)
    options = [switch for switch, is_off in zip(SWITCHES, off) if is_off]
    judge(fovea, tmp_path, net, output, labels, options=["--batch", "4", DIRECT, *options])


def test_steps_by_winograd_have_nearly_the_same_gradients(fovea, tmp_path):
    """Rounding may decide a maximum or two otherwise; of the gradients that changes little."""
    net, output = small_alexnet(5)
    labels = np.random.default_rng(7).integers(0, 10, 5)
    judge(fovea, tmp_path, net, output, labels, options=["--batch", "5", DIRECT])
    run(fovea, "compile", tmp_path / "net.net", "--batch", "5", "-o", tmp_path / "winograd")
    run(tmp_path / "winograd", "step", "--weights", tmp_path / "w.safetensors", "--input", tmp_path / "x.npy", "--labels",
        tmp_path / "l.npy", "--gradients", tmp_path / "winograd.safetensors")
    direct, winograd = (read_safetensors(tmp_path / name) for name in ("g.safetensors", "winograd.safetensors"))
    apart = {name: np.linalg.norm(winograd[name] - value) / np.linalg.norm(value) for name, value in direct.items()}
    assert 1e-7 < max(apart.values()) < 0.1


def test_each_switch_does_something(fovea, tmp_path):
    net, _ = small_alexnet(1)
    (tmp_path / "n.net").write_text(net.text())
    told = {switch: run(fovea, "explain", tmp_path / "n.net", "--batch", "4", *switch.split()).stdout
            for switch in ["", DIRECT, *SWITCHES, "--no-fuse-update"]}
    assert len(set(told.values())) == len(told)
