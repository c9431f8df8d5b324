"""Batch normalization beyond the random networks: what training does to the running averages, and who sees them."""
import numpy as np
import pytest
from conftest import run
from files import read_safetensors, write_idx, write_safetensors

MODEL = """network N {
  input image: f32[1, 4, 4]
  n = image -> batch_norm(momentum: 0.25)
  d = n -> dense(12)
  m = d -> batch_norm(epsilon: 1e-3) -> relu
  output y = m -> dense(10)
}
train {
  data: mnist(scale: 0.00390625)
  optimizer: sgd(lr: 0.1)
  epochs: 1
}
"""


@pytest.fixture(scope="module")
def program(fovea, tmp_path_factory):
    folder = tmp_path_factory.mktemp("norm")
    (folder / "n.net").write_text(MODEL)
    run(fovea, "compile", folder / "n.net", "-o", folder / "n", "--batch", "8")
    return folder / "n"


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """Twelve images: with a compiled batch of 8, a step of two chunks; or, alone, one padded batch."""
    folder, random = tmp_path_factory.mktemp("images"), np.random.default_rng(1)
    for count in (6, 12):
        (folder / str(count)).mkdir()
        for name in ("train", "t10k"):
            data = random.integers(0, 256, (count, 4, 4))
            write_idx(folder / str(count) / f"{name}-images-idx3-ubyte", data)
            write_idx(folder / str(count) / f"{name}-labels-idx1-ubyte", random.integers(0, 10, count))
            np.save(folder / f"{name}{count}.npy", data / 256)
    return folder


def test_running_averages_are_pytorchs(program, images, tmp_path):
    """running += momentum * (mean or unbiased variance of the batch - running), from 0 and 1."""
    run(program, "train", "--data", images / "6", "--out", tmp_path / "w", "--iterations", 1, "--batch", 6)
    weights, x = read_safetensors(tmp_path / "w"), np.load(images / "train6.npy")
    np.testing.assert_allclose(weights["n.running_mean"], [0.25 * x.mean()], rtol=1e-5)
    np.testing.assert_allclose(weights["n.running_var"], [0.75 + 0.25 * x.var(ddof=1)], rtol=1e-5)
    assert weights["m.running_mean"].shape == weights["m.running_var"].shape == (12,)
    assert (weights["m.running_var"] != 1).all()


def test_chunks_of_a_step_are_averaged(program, images, tmp_path):
    """Two chunks of 8 and 4 images: each by its share."""
    run(program, "train", "--data", images / "12", "--out", tmp_path / "w", "--iterations", 1, "--batch", 12)
    weights, x = read_safetensors(tmp_path / "w"), np.load(images / "train12.npy")
    np.testing.assert_allclose(weights["n.running_mean"], [0.25 * x.mean()], rtol=1e-5)


def test_a_step_changes_no_parameter(program, images, tmp_path):
    run(program, "train", "--data", images / "6", "--out", tmp_path / "w", "--iterations", 3, "--batch", 6)
    x = np.load(images / "train6.npy")[:, None].astype(np.float32)
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "l.npy", np.arange(6))
    run(program, "step", "--weights", tmp_path / "w", "--input", tmp_path / "x.npy", "--labels", tmp_path / "l.npy",
        "--gradients", tmp_path / "g")
    assert "n.weight" in read_safetensors(tmp_path / "g") and "n.running_mean" not in read_safetensors(tmp_path / "g")


def test_files_must_hold_the_averages(program, tmp_path):
    run(program, "train", "--help")
    write_safetensors(tmp_path / "w", {"n.weight": np.ones(1), "n.bias": np.zeros(1)})
    np.save(tmp_path / "x.npy", np.zeros((1, 1, 4, 4), np.float32))
    result = run(program, "predict", "--weights", tmp_path / "w", "--input", tmp_path / "x.npy", "--output",
                 tmp_path / "y.npy", check=False)
    assert result.returncode == 1 and "n.running_mean" in result.stderr


def test_same_bits_at_any_thread_count(program, images, tmp_path):
    for threads in (1, 2):
        run(program, "train", "--data", images / "12", "--out", tmp_path / str(threads), "--iterations", 5, "--batch", 6,
            "--threads", threads)
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()
