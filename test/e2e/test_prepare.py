"""What depends on parameters alone is computed once: inferences in one process see every change of the parameters."""
import ctypes
import itertools

import numpy as np
import pytest
from conftest import run
from files import read_safetensors, write_safetensors
from network import Network

TRAIN = "train { data: mnist\n optimizer: sgd(lr: 0.1)\n epochs: 1 }\n"
IMAGES = np.random.default_rng(4).standard_normal((6, 3, 7, 7)).astype(np.float32)
LABELS = np.arange(6, dtype=np.int32) % 5


def network(values=None, training=False):
    """Every place of a batch normalization: behind layers without and with bias, in groups, padded; behind the image, a
    sum and a dense layer; and behind a convolution whose result is read twice. `values` stand in for random ones."""
    net = Network(IMAGES, 3, train=TRAIN, training=training)
    net.given = values
    x = net.relu(net.batch_norm(net.conv(net.batch_norm(net.image), 20, (3, 3), pad=(1, 1, 1, 1), bias=False), 1e-3))
    y = net.batch_norm(net.conv(x, 20, (3, 3), pad=(1, 1, 1, 1), groups=2))
    x = net.relu(net.batch_norm(net.add(x, y)))
    y = net.conv(x, 10, (2, 2), stride=(2, 2))
    x = net.concat(y, net.batch_norm(y))
    x = net.tanh(net.batch_norm(net.dense(net.flatten(x), 9)))
    return net, net.output(net.dense(x, 5))


class Library:
    """A library made by `--emit=lib`, in this process."""

    def __init__(self, path):
        self.calls = ctypes.CDLL(str(path))
        self.calls.fovea_error_message.restype = ctypes.c_char_p
        self.handle = ctypes.c_void_p()
        program = ctypes.c_char.in_dll(self.calls, "n_program")
        assert self.calls.fovea_create(ctypes.byref(program), ctypes.byref(self.handle)) == 0

    def call(self, name, *arguments):
        code = getattr(self.calls, name)(self.handle, *arguments)
        assert code == 0, self.calls.fovea_error_message(self.handle)

    def infer(self):
        scores = np.zeros((len(IMAGES), 5), np.float32)
        self.call("fovea_infer", IMAGES.ctypes, ctypes.c_size_t(len(IMAGES)), scores.ctypes)
        return scores

    def train(self):
        self.call("fovea_train_step", IMAGES.ctypes, LABELS.ctypes, ctypes.c_size_t(len(IMAGES)),
                  *map(ctypes.c_float, (0.05, 0.9, 1e-3)), None)

    def set(self, name, value):
        value = np.ascontiguousarray(value, np.float32)
        self.call("fovea_set_parameter", name.encode(), value.ctypes, ctypes.c_size_t(value.size))

    def parameters(self, path):
        self.call("fovea_save", str(path).encode())
        return read_safetensors(path)


@pytest.fixture(scope="module", params=[[], ["--no-fold-batch-norm"], ["--no-hoist-constants"]], ids=str)
def library(request, fovea, tmp_path_factory):
    folder = tmp_path_factory.mktemp("library")
    (folder / "n.net").write_text(network()[0].text())
    run(fovea, "compile", folder / "n.net", "--emit=lib", "-o", folder / "n", "--batch", "1,4", *request.param)
    wanted = [f"-Wl,-u,{name}" for name in ("n_program", "fovea_create")]  # Others come with the object that has these.
    run("c++", "-shared", *wanted, folder / "n.a", "-pthread", "-o", folder / "n.so")
    return Library(folder / "n.so")


def test_inference_follows_the_parameters(library, tmp_path):
    def judge():
        expected = network(library.parameters(tmp_path / "w"))[1].data
        for _ in range(2):
            np.testing.assert_allclose(library.infer(), expected, rtol=2e-5, atol=2e-5)
        return expected

    library.call("fovea_initialize", ctypes.c_uint64(1))
    seen = [judge()]
    write_safetensors(tmp_path / "random", network()[0].parameters)
    library.call("fovea_load", str(tmp_path / "random").encode())
    seen.append(judge())
    for _ in range(3):
        library.train()
        library.train()
        seen.append(judge())
    for name in ("v1.running_var", "v2.weight"):
        library.set(name, 1 + library.parameters(tmp_path / "w")[name])
        seen.append(judge())
    # Each of the changes shows, so that none of them could have been missed.
    assert all(np.abs(a - b).max() > 1e-2 for a, b in itertools.pairwise(seen))


def test_files_hold_no_derived_parameters(library, tmp_path):
    assert library.parameters(tmp_path / "w").keys() == network()[0].parameters.keys()
