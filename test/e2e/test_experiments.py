"""The experiments: every variant compiles, and one runs on made images to its page, table and pictures."""
import json
import re
import sys

import numpy as np
import pytest
from conftest import BUILD, ROOT, run
from files import write_safetensors

sys.path.insert(0, str(ROOT / "experiments"))
import experiments  # noqa: E402

BASE = (ROOT / "experiments" / "network.net").read_text()


@pytest.mark.parametrize("name", experiments.EXPERIMENTS)
def test_variants_compile_and_differ(fovea, tmp_path, name):
    texts = set()
    for variant in experiments.EXPERIMENTS[name].variants:
        for rate in variant.rates:
            (tmp_path / "v.net").write_text(experiments.variant_text(variant, BASE, rate))
            texts.add(run(fovea, "compile", tmp_path / "v.net", "--emit=ast", "-o", "-").stdout)
    assert len(texts) == sum(len(variant.rates) for variant in experiments.EXPERIMENTS[name].variants)


@pytest.fixture(scope="module")
def colors(tmp_path_factory):
    """Ten classes of flat colors and noise, in CIFAR-10's binary files."""
    folder, random = tmp_path_factory.mktemp("colors"), np.random.default_rng(0)
    palette = random.integers(40, 215, (10, 3))
    for name in ("data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch"):
        labels = random.integers(0, 10, 200)
        images = np.clip(palette[labels][:, :, None] + random.integers(-30, 31, (200, 3, 1024)), 0, 255)
        records = np.concatenate([labels[:, None], images.reshape(200, -1)], axis=1).astype(np.uint8)
        (folder / f"{name}.bin").write_bytes(records.tobytes())
    return folder


def perform(*options, check=True):
    return run(sys.executable, ROOT / "experiments" / "experiments.py", *options, "--fovea", BUILD / "bin" / "fovea",
               check=check)


def test_stops_at_the_mark_and_writes_a_page(colors, tmp_path):
    result = perform("relu-tanh", "--data", colors, "--out", tmp_path, "--epochs", "25")
    told = json.loads((tmp_path / "result.json").read_text())
    assert [row["variant"] for row in told["table"]] == ["ReLU", "tanh"] and told["cpu"] and not told["note"]
    assert len(told["runs"]) == 6
    for one in told["runs"]:
        errors = one["train_error"]
        if one["reached"] is not None:  # It ended with the epoch that passed the mark, and lies within it.
            assert errors[-1] <= 25 < min(errors[:-1], default=90)
            assert len(errors) - 1 <= one["reached"] <= len(errors)
    reached = [one["reached"] for one in told["runs"] if one["variant"] == "ReLU" and one["reached"] is not None]
    assert reached, result.stdout
    assert f"{min(reached):.1f}" in (tmp_path / "index.html").read_text()
    assert "<svg" in (tmp_path / "errors.svg").read_text()


def test_filters_are_drawn(tmp_path):
    random = np.random.default_rng(1)
    write_safetensors(tmp_path / "w", {"conv1.weight": random.standard_normal((20, 3, 5, 5), np.float32)})
    perform("filters", "--weights", tmp_path / "w", "--out", tmp_path)
    picture = (tmp_path / "filters.png").read_bytes()
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = (int.from_bytes(picture[16 + 4 * i:20 + 4 * i], "big") for i in (0, 1))
    assert (width, height) == (8 * (7 * 6 + 1), 8 * (3 * 6 + 1))


def test_mistakes_are_told(colors, tmp_path):
    def told(*options):
        result = perform(*options, "--out", tmp_path, check=False)
        assert result.returncode != 0 and "Traceback" not in result.stderr
        return result.stderr.strip().splitlines()[-1]

    assert "--data" in told("pooling")
    assert "nowhere" in told("pooling", "--data", tmp_path / "nowhere")
    (tmp_path / "w").write_bytes(b"no parameters")
    assert "is not a file of parameters" in told("filters", "--weights", tmp_path / "w")
    write_safetensors(tmp_path / "w", {"conv1.weight": np.zeros((4, 7, 3, 3), np.float32)})
    assert "1 or 3 channels" in told("filters", "--weights", tmp_path / "w")
    assert "holds no tensor `conv9`" in told("filters", "--weights", tmp_path / "w", "--tensor", "conv9")


def test_time_to_accuracy(digits):
    command = [sys.executable, ROOT / "experiments" / "time_to_accuracy.py", "--fovea", BUILD / "bin" / "fovea", "--data"]
    told = run(*command, digits, "--seeds", 2, "--mark", "0.9").stdout.splitlines()
    assert told[0].startswith("seed 1: Fovea ") and told[1].startswith("seed 2: Fovea ")
    assert told[2].startswith("LeNet to 90 % of MNIST's test set, ") and "without starting, compiling" in told[2]
    assert re.fullmatch(r"  Fovea: median [\d.]+ s, [\d.]+ to [\d.]+ s, \d+(\.5)? iterations", told[3])
    missing = run(*command, digits / "none", check=False)
    assert missing.returncode == 1 and missing.stderr.count("\n") == 1
    assert missing.stderr.startswith("time_to_accuracy.py: error: lenet: error: ")
    assert run(*command, digits, "--mark", "2", check=False).stderr.endswith(
        "expected --seeds and --threads of at least 1, and a --mark greater than 0 and at most 1\n")
