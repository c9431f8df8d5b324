"""Training functions, which update parameters where their gradients are known, against steps followed by updates."""
import subprocess
import sys

import numpy as np
import pytest
from conftest import ROOT, run
from files import read_safetensors

# Grouped and unshared convolutions, and a normalization with running averages.
MODEL = """network N {
  input image: f32[1, 28, 28]
  a = image -> conv(8, kernel: 5, stride: 2)
  n = a -> batch_norm(momentum: 0.25) -> relu
  b = n -> conv(12, kernel: 3, groups: 2, bias: 0.1) -> relu -> max_pool(2)
  c = b -> local(6, kernel: 2) -> relu -> dropout(0.25)
  d = c -> dense(33) -> relu
  output y = d -> dense(10)
}
train {
  data: mnist(scale: 0.00390625)
  optimizer: sgd(lr: 0.05, momentum: 0.9, weight_decay: 1e-3)
  init: he
  batch: 64
  epochs: 1
}
"""


def programs(fovea, folder, model, *options):
    """The program with training functions, and the one without."""
    fused, apart = folder / "fused", folder / "apart"
    run(fovea, "compile", model, "-o", fused, *options)
    run(fovea, "compile", model, "-o", apart, "--no-fuse-update", *options)
    assert "train, batch" in run(fused, "info").stdout and "train, batch" not in run(apart, "info").stdout
    return fused, apart


@pytest.fixture(scope="module", params=["n", "lenet5-1998"])  # The latter has masked connections and scales.
def both(fovea, tmp_path_factory, request):
    folder = tmp_path_factory.mktemp("fuse")
    model = folder / "n.net" if request.param == "n" else ROOT / "models" / f"{request.param}.net"
    (folder / "n.net").write_text(MODEL)
    return programs(fovea, folder, model, "--batch", "64")


# Whole batches; padded ones, and what an epoch of 1280 leaves for its last; batches that no function holds.
@pytest.mark.parametrize("batch, iterations", [(64, 25), (48, 28), (100, 14)])
def test_training_ends_with_the_same_bits(both, digits, tmp_path, batch, iterations):
    for program in both:
        run(program, "train", "--data", digits, "--out", tmp_path / program.name, "--iterations", iterations, "--batch",
            batch, "--checkpoint", tmp_path / f"{program.name}.checkpoint", "--threads", 2)
    fused, apart = read_safetensors(tmp_path / "fused"), read_safetensors(tmp_path / "apart")
    assert fused.keys() == apart.keys()
    for name in fused:
        np.testing.assert_array_equal(fused[name], apart[name], name)
    assert (tmp_path / "fused.checkpoint").read_bytes() == (tmp_path / "apart.checkpoint").read_bytes()


@pytest.mark.parametrize("both", ["n"], indirect=True)
def test_one_resumes_what_the_other_began(both, digits, tmp_path):
    fused, apart = both
    train = ("train", "--data", digits, "--seed", 3)
    run(fused, *train, "--iterations", 9, "--out", tmp_path / "whole")
    run(apart, *train, "--iterations", 4, "--out", tmp_path / "half", "--checkpoint", tmp_path / "c")
    run(fused, *train, "--iterations", 9, "--out", tmp_path / "resumed", "--resume", tmp_path / "c")
    assert (tmp_path / "resumed").read_bytes() == (tmp_path / "whole").read_bytes()


@pytest.mark.parametrize("both", ["n"], indirect=True)
def test_a_loss_that_is_not_finite_writes_nothing(both, digits, tmp_path):
    for program in both:
        result = run(program, "train", "--data", digits, "--out", tmp_path / "w", "--checkpoint", tmp_path / "c",
                     "--checkpoint-every", 1000, "--lr", 1e30, check=False)
        assert result.returncode == 1 and "the loss is not a finite number at iteration" in result.stderr
        assert not list(tmp_path.iterdir())


def test_accumulated_gradients_need_no_training_function(fovea, tmp_path):
    (tmp_path / "n.net").write_text(MODEL.replace("batch: 64", "batch: 64\n  accumulate: 2"))
    run(fovea, "compile", tmp_path / "n.net", "-o", tmp_path / "n")
    assert "train, batch" not in run(tmp_path / "n", "info").stdout


# A process counts its parent's memory as its own until it becomes another program: this one's is small.
MEASURE = """import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"""


def test_no_memory_is_held_for_gradients(fovea, digits, tmp_path):
    """A network whose parameters outweigh all else: 4.1 million, 16 MB."""
    large = "dense(4096) -> relu\n  e = d -> dense(900) -> relu\n  output y = e"
    (tmp_path / "n.net").write_text(MODEL.replace("dense(33) -> relu\n  output y = d", large))
    peak = {}
    for program in programs(fovea, tmp_path, tmp_path / "n.net"):
        told = subprocess.run([sys.executable, "-c", MEASURE, program, "train", "--data", digits, "--out", tmp_path / "w",
                               "--iterations", "2", "--threads", "1"], stdout=subprocess.PIPE, text=True, check=True)
        peak[program.name] = int(told.stdout.splitlines()[-1]) * 1024
    parameters = sum(values.nbytes for values in read_safetensors(tmp_path / "w").values())
    assert parameters > 16e6
    assert peak["apart"] - peak["fused"] > 0.8 * parameters, peak
