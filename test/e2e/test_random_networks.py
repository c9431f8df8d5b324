"""Compiled programs against the float64 reference, on random networks: `predict` and every gradient of `step`.

FOVEA_RANDOM_NETWORKS sets how many; FOVEA_FIRST_SEED where they start.
"""
import os

import numpy as np
import pytest
from conftest import run
from files import read_safetensors, write_safetensors
from network import random_network

FIRST = int(os.environ.get("FOVEA_FIRST_SEED", "1000"))
COUNT = int(os.environ.get("FOVEA_RANDOM_NETWORKS", "40"))


def difference(actual, expected, floor):
    """The largest error, relative to the tensor's largest element; `floor` is the scale below which zero is meant."""
    return np.abs(actual - expected).max(initial=0) / max(np.abs(expected).max(initial=0), floor)


@pytest.mark.parametrize("seed", range(FIRST, FIRST + COUNT))
def test_matches_reference(fovea, tmp_path, seed):
    net, output, labels = random_network(seed)
    loss = net.loss(output, labels)
    batch = len(labels)
    (tmp_path / "net.net").write_text(net.text())
    write_safetensors(tmp_path / "w.safetensors", net.parameters)
    np.save(tmp_path / "x.npy", net.image.data.astype(np.float32))
    np.save(tmp_path / "l.npy", labels.astype(np.int64))
    options = [[], ["--target", "x86-64-v3"], ["--no-fuse-pool"], ["--no-fuse-elementwise", "--no-fold"]][seed % 4]
    compiled = [batch, max(1, batch - 1), batch + 2][seed % 3]  # The program's batch need not be the data's.
    run(fovea, "compile", tmp_path / "net.net", "-o", tmp_path / "net", "--batch", compiled, *options)

    run(tmp_path / "net", "predict", "--weights", tmp_path / "w.safetensors", "--input", tmp_path / "x.npy",
        "--output", tmp_path / "y.npy")
    assert difference(np.load(tmp_path / "y.npy"), output.data, 1e-6) < 1e-4

    result = run(tmp_path / "net", "step", "--weights", tmp_path / "w.safetensors", "--input", tmp_path / "x.npy",
                 "--labels", tmp_path / "l.npy", "--gradients", tmp_path / "g.safetensors")
    word, value = result.stdout.splitlines()[-1].split()
    assert word == "loss" and float(value) == pytest.approx(loss, rel=1e-5, abs=1e-6)
    gradients = read_safetensors(tmp_path / "g.safetensors")
    assert gradients.keys() == net.parameter_gradients.keys()
    # Gradients that cancel to nothing are judged against the largest of the network's.
    largest = max(np.abs(value).max() for value in net.parameter_gradients.values())
    for name, expected in net.parameter_gradients.items():
        assert gradients[name].shape == expected.shape, name
        assert difference(gradients[name], expected, 1e-4 * largest) < 1e-4, name
