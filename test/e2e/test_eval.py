"""Averages over views, parameters and programs: `eval` against the same sums in NumPy."""
import numpy as np
import pytest
from conftest import run

NETWORK = """network {name} {{
  input image: f32[3, 24, 24]
  c = image -> conv({filters}, kernel: 5, stride: 3) -> relu
  output y = c -> dense(10)
}}
train {{
  data: cifar10(scale: 0.02, mean: [120, 110, 100]{crop})
  optimizer: sgd(lr: 0.01)
  epochs: 1
}}
"""


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(3).integers(0, 256, (50, 3, 32, 32)).astype(np.uint8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory, images):
    folder = tmp_path_factory.mktemp("data")
    labels = np.random.default_rng(4).integers(0, 10, 50)
    np.save(folder / "labels.npy", labels)
    records = np.concatenate([labels[:, None].astype(np.uint8), images.reshape(50, -1)], axis=1)
    for name in ("data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch"):
        (folder / f"{name}.bin").write_bytes(records.tobytes())
    return folder


@pytest.fixture(scope="module")
def programs(fovea, folder):
    """Two networks, with parameters each."""
    for name, filters in (("A", 6), ("B", 9)):
        (folder / f"{name}.net").write_text(NETWORK.format(name=name, filters=filters, crop=", crop: 24, mirror: true"))
        run(fovea, "compile", folder / f"{name}.net", "-o", folder / name, "--batch", "16")
        for seed in (1, 2):
            run(folder / name, "train", "--data", folder, "--seed", seed, "--out", folder / f"{name}{seed}")
    return folder / "A", folder / "B"


def probabilities(program, weights, images, views, folder):
    """The mean of the softmax over the views that the paper names."""
    values = (images - np.array([120, 110, 100]).reshape(3, 1, 1)) * 0.02
    corners = [(4, 4), (0, 0), (0, 8), (8, 0), (8, 8)][:views]
    total = 0
    for mirror in (False, True)[:2 if views == 10 else 1]:
        for top, left in corners:
            crop = values[:, :, top:top + 24, left:left + 24]
            np.save(folder / "crop.npy", (crop[..., ::-1] if mirror else crop).astype(np.float32))
            run(program, "predict", "--weights", weights, "--input", folder / "crop.npy", "--output", folder / "y.npy")
            scores = np.load(folder / "y.npy").astype(np.float64)
            chance = np.exp(scores - scores.max(axis=1, keepdims=True))
            total = total + chance / chance.sum(axis=1, keepdims=True)
    return total / views


def figures(probabilities, labels):
    own = probabilities[np.arange(len(labels)), labels]
    ranks = (probabilities > own[:, None]).sum(axis=1)
    return 100 * np.mean(ranks < 1), 100 * np.mean(ranks < 5), -np.log(own).mean()


def check(result, probabilities, labels):
    words = result.stdout.splitlines()[-1].split()
    assert words[::2] == ["top1", "top5", "loss", "images"] and words[-1] == "50"
    assert [float(word) for word in words[1:6:2]] == pytest.approx(figures(probabilities, labels), rel=1e-4)


@pytest.mark.parametrize("views", [1, 5, 10])
def test_views_are_averaged(programs, folder, images, tmp_path, views):
    result = run(programs[0], "eval", "--data", folder, "--weights", folder / "A1", "--crops", views,
                 "--save", tmp_path / "p.npy")
    expected = probabilities(programs[0], folder / "A1", images, views, tmp_path)
    assert np.abs(np.load(tmp_path / "p.npy") - expected).max() < 1e-6
    check(result, expected, np.load(folder / "labels.npy"))


def test_networks_vote_with_equal_weight(programs, folder, images, tmp_path):
    first, second = programs
    run(second, "eval", "--data", folder, "--weights", folder / "B1", "--crops", "10", "--save", tmp_path / "b.npy")
    result = run(first, "eval", "--data", folder, "--weights", folder / "A1", "--weights", folder / "A2", "--crops",
                 "5", "--with", tmp_path / "b.npy", "--save", tmp_path / "a.npy")
    own = [probabilities(first, folder / weights, images, 5, tmp_path) for weights in ("A1", "A2")]
    other = probabilities(second, folder / "B1", images, 10, tmp_path)
    assert np.abs(np.load(tmp_path / "a.npy") - (own[0] + own[1]) / 2).max() < 1e-6
    check(result, (own[0] + own[1] + other) / 3, np.load(folder / "labels.npy"))


def test_mistakes_are_told(fovea, programs, folder, tmp_path):
    def told(*options, program=programs[0], weights="A1"):
        result = run(program, "eval", "--data", folder, "--weights", folder / weights, *options, check=False)
        assert result.returncode != 0 and result.stderr.count("\n") == 1, result.stderr
        return result.stderr

    np.save(tmp_path / "short.npy", np.full((49, 10), 0.1, np.float32))
    assert "shape [49,10], but these are [50,10]" in told("--with", tmp_path / "short.npy").replace(", 10]", ",10]")
    np.save(tmp_path / "scores.npy", np.full((50, 10), 0.2, np.float32))
    assert "row 0 is not a row of probabilities" in told("--with", tmp_path / "scores.npy")
    np.save(tmp_path / "nan.npy", np.full((50, 10), np.nan, np.float32))
    assert "row 0 is not a row of probabilities" in told("--with", tmp_path / "nan.npy")
    assert "--crops" in told("--crops", "7")
    assert "missing/p.npy" in told("--save", tmp_path / "missing" / "p.npy")

    (folder / "W.net").write_text(NETWORK.format(name="W", filters=2, crop="").replace("24, 24", "32, 32"))
    run(fovea, "compile", folder / "W.net", "-o", folder / "W")
    run(folder / "W", "train", "--data", folder, "--out", folder / "W1")
    assert "the recipe of W crops nothing" in told("--crops", "10", program=folder / "W", weights="W1")
