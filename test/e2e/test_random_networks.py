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


def judge(fovea, folder, net, output, labels, model=None, names=None, options=(), predicted=None):
    """Compiles the network (or a model file equal to it, whose parameters have other names) and compares its numbers.

    `predicted` is the output of inference, where it is another than that of training."""
    predicted = output.data if predicted is None else predicted
    names = names or {name: name for name in net.parameters}
    loss = net.loss(output, labels)
    if not model:
        model = folder / "net.net"
        model.write_text(net.text())
    write_safetensors(folder / "w.safetensors", {name: net.parameters[own] for name, own in names.items()})
    np.save(folder / "x.npy", net.image.data.astype(np.float32))
    np.save(folder / "l.npy", labels.astype(np.int64))
    run(fovea, "compile", model, "-o", folder / "net", *options)

    run(folder / "net", "predict", "--weights", folder / "w.safetensors", "--input", folder / "x.npy",
        "--output", folder / "y.npy")
    actual = np.load(folder / "y.npy")
    assert actual.shape == predicted.shape
    assert difference(actual, predicted, 1e-6) < 1e-4

    result = run(folder / "net", "step", "--weights", folder / "w.safetensors", "--input", folder / "x.npy",
                 "--labels", folder / "l.npy", "--gradients", folder / "g.safetensors")
    word, value = result.stdout.splitlines()[-1].split()
    assert word == "loss" and float(value) == pytest.approx(loss, rel=1e-5, abs=1e-6)
    gradients = read_safetensors(folder / "g.safetensors")
    names = {name: own for name, own in names.items() if own in net.parameter_gradients}
    assert gradients.keys() == names.keys()
    # Gradients that cancel to nothing are judged against the largest of the network's: those of a bias before a batch
    # normalization do entirely, and of a normalized map's mean nearly.
    floor = 1e-1 if any(name.endswith("running_mean") for name in net.parameters) else 1e-4
    largest = max(np.abs(value).max() for value in net.parameter_gradients.values())
    for name, own in names.items():
        expected = net.parameter_gradients[own]
        assert gradients[name].shape == expected.shape, name
        assert difference(gradients[name], expected, floor * largest) < 1e-4, name


@pytest.mark.parametrize("seed", range(FIRST, FIRST + COUNT))
def test_matches_reference(fovea, tmp_path, seed):
    net, output, labels = random_network(seed)
    predicted = random_network(seed, training=False)[1].data
    batch = len(labels)
    options = [[], ["--target", "x86-64-v3"], ["--no-fuse-pool", "--no-fold-batch-norm"],
               ["--no-fuse-elementwise", "--no-fold"]][seed % 4]
    compiled = [batch, max(1, batch - 1), batch + 2][seed % 3]  # The program's batch need not be the data's.
    if "batch_norm" in net.text():  # The statistics are those of a compiled batch.
        compiled = max(compiled, batch)
    judge(fovea, tmp_path, net, output, labels, options=["--batch", compiled, *options], predicted=predicted)
