"""`fovea tune`: measures, goes on where it stopped, and later compilations use what it wrote, or say why not."""
import json
import re
import shutil

import numpy as np
import pytest
from conftest import run
from files import write_safetensors
from test_switches import small_alexnet


@pytest.fixture(scope="module")
def tuned(fovea, tmp_path_factory):
    """(folder, network's output): n.net and its records, made for inferences of 4 images in two runs."""
    folder = tmp_path_factory.mktemp("tune")
    net, output = small_alexnet(4)
    (folder / "n.net").write_text(net.text())
    write_safetensors(folder / "w", net.parameters)
    np.save(folder / "x.npy", net.image.data.astype(np.float32))
    command = [fovea, "tune", folder / "n.net", "--inference", "--batch", "4"]
    first = run(*command, "--budget", "0.2")
    assert "not tuned yet; tune again to go on" in first.stdout
    kept = records(folder) if (folder / "n.tuning.json").exists() else []
    run(*command, "--budget", "5m")
    assert len(records(folder)) > len(kept)
    assert all(record in records(folder) for record in kept)
    return folder, output.data


def machine(folder):
    return json.loads((folder / "n.tuning.json").read_text())["machines"][0]


def records(folder):
    return machine(folder)["kernels"]


def compiled(fovea, folder, *options):
    run(fovea, "compile", folder / "n.net", "-o", folder / "n", "--inference", "--batch", "4", *options)
    run(folder / "n", "predict", "--weights", folder / "w", "--input", folder / "x.npy", "--output", folder / "y.npy")
    return np.load(folder / "y.npy")


def explained(fovea, folder, *options):
    return run(fovea, "explain", folder / "n.net", "--inference", "--batch", "4", *options)


def test_every_kernel_has_a_record(fovea, tuned):
    folder, _ = tuned
    kernels = len(re.findall(r"measured: [\d.]+ us, [\d.]+ us with the cost model's schedule",
                             explained(fovea, folder).stdout.split("prepare:")[0]))
    assert kernels == len(records(folder)) > 5
    for record in records(folder):
        assert 0 < record["us"] <= record["untuned_us"]


def test_tuned_programs_compute_the_same(fovea, tuned):
    folder, expected = tuned
    for options in ([], ["--no-tuning"]):
        np.testing.assert_allclose(compiled(fovea, folder, *options), expected, rtol=1e-4, atol=1e-5)
    assert "measured:" not in explained(fovea, folder, "--no-tuning").stdout


def test_what_is_tuned_is_not_measured_again(fovea, tuned):
    folder, _ = tuned
    before = (folder / "n.tuning.json").read_text()
    result = run(fovea, "tune", folder / "n.net", "--inference", "--batch", "4", "--budget", "5m")
    assert "schedules: " not in result.stderr
    assert (folder / "n.tuning.json").read_text() == before


def edited(tuned, tmp_path, edit):
    """A copy of the folder whose records `edit` changed."""
    folder = tmp_path / "edited"
    shutil.copytree(tuned[0], folder)
    content = json.loads((folder / "n.tuning.json").read_text())
    edit(content["machines"][0])
    (folder / "n.tuning.json").write_text(json.dumps(content, indent=1))
    return folder


def test_a_record_that_does_not_fit_is_refused(fovea, tuned, tmp_path):
    def tear(machine):
        for record in machine["kernels"]:
            if "conv1" in record["label"] or "c1" in record["label"] or "conv2d" in record["label"]:
                record["schedule"]["pixels"] = 999

    folder = edited(tuned, tmp_path, tear)
    result = explained(fovea, folder)
    warnings = [line for line in result.stderr.splitlines() if "warning" in line]
    assert warnings
    for warning in warnings:
        assert re.search(r'fovea: warning: \S*n\.tuning\.json:\d+: the record of "infer_b4 .*" is refused: pixels of 999 is '
                         r"more than the \d+ there are", warning)
    np.testing.assert_allclose(compiled(fovea, folder), tuned[1], rtol=1e-4, atol=1e-5)


def test_records_of_other_versions_are_refused(fovea, tuned, tmp_path):
    folder = edited(tuned, tmp_path, lambda machine: machine.update(halide="20.0.0"))
    result = explained(fovea, folder)
    assert "measured:" not in result.stdout
    assert re.search(r"fovea: warning: \S*n\.tuning\.json:\d+: the records for .* are refused: they were measured with "
                     r"Halide 20\.0\.0, and this is [\d.]+; run fovea tune again", result.stderr)


def test_a_damaged_file_is_an_error(fovea, tuned, tmp_path):
    folder = tmp_path / "damaged"
    shutil.copytree(tuned[0], folder)
    (folder / "n.tuning.json").write_text('{\n  "format": 1,\n  "mach')
    for command in ("explain", "compile", "tune"):
        result = run(fovea, command, folder / "n.net", check=False)
        assert result.returncode == 1
        assert "n.tuning.json:3: is not JSON" in result.stderr


def test_ways_are_records_too(fovea, tuned, tmp_path):
    """A record decides between direct sums and Winograd's filtering."""
    ways = {}
    for tile in (0, 4):
        def choose(machine):
            machine["kernels"] = []
            machine["convolutions"] = [{"convolution": f"conv2d 4x{shape}, inference", "winograd_tile": tile, "us": 1, "untuned_us": 2}
                                       for shape in ("64x6x6 by 48x64x3x3 to 4x48x6x6", "64x5x5 by 48x64x3x3 to 4x48x5x5")]

        folder = edited(tuned, tmp_path / str(tile), choose)
        ways[tile] = explained(fovea, folder).stdout
    assert ways[0] != ways[4]
    assert ways[4].count("winograd_conv2d") == ways[0].count("winograd_conv2d") + 1


def test_check_times_the_cost_model_beside_the_records(fovea, tuned, tmp_path):
    """Schedules and ways that differ from the cost model's are timed in turn with its own; nothing is written."""
    shape = "conv2d 4x64x5x5 by 48x64x3x3 to 4x48x5x5, inference"
    chosen = []

    def differ(machine):
        machine["convolutions"] = [{"convolution": shape, "winograd_tile": 2, "us": 1, "untuned_us": 2}]
        for record in machine["kernels"]:
            if "v1+v2" in record["label"]:
                record["schedule"] |= {"lanes": 8, "vectors": 1, "pixels": 1}
                chosen.append(record["label"])

    folder = edited(tuned, tmp_path, differ)
    before = (folder / "n.tuning.json").read_text()
    result = run(fovea, "tune", folder / "n.net", "--inference", "--batch", "4", "--check")
    assert (folder / "n.tuning.json").read_text() == before
    assert len(chosen) == 1
    rows = re.findall(r"^ +([\d.]+) +([\d.]+) +([\d.]+)  (.*)\n +cost model: (.*)\n +records:    (.*)$", result.stdout, re.M)
    for model, recorded, ratio, *_ in rows:
        assert float(model) / (float(recorded) + 0.01) - 0.02 < float(ratio) < (float(model) + 0.01) / float(recorded) + 0.02
    choices = {name: (model, recorded) for *_, name, model, recorded in rows}
    assert choices[shape] == ("tile=0", "tile=2")
    model, recorded = choices[chosen[0]]
    assert "lanes=8" in recorded and recorded.endswith("vectors=1") and model != recorded
    far = sum(float(ratio) > 1.25 for *_, ratio, _, _, _ in rows)
    counts = re.search(r"(\d+) choices differ, (\d+) of them by more than 1.25; (\d+) kernels are scheduled as the records "
                       r"say, (\d+) have none", result.stdout)
    assert (int(counts[1]), int(counts[2])) == (len(rows), far)
    assert int(counts[3]) + int(counts[1]) <= len(records(folder)) + 1  # A way is none of the kernels.


def test_check_without_records(fovea, tuned, tmp_path):
    shutil.copytree(tuned[0], tmp_path / "none")
    (tmp_path / "none" / "n.tuning.json").unlink()
    result = run(fovea, "tune", tmp_path / "none" / "n.net", "--check", check=False)
    assert result.returncode == 1
    assert result.stderr.splitlines() == [
        f"fovea: error: {tmp_path}/none/n.tuning.json: has no records for this machine and target; run fovea tune first"]


@pytest.mark.parametrize("options, message", [
    (["--check", "--fresh"], "fovea: error: --fresh excludes --check; see `fovea tune --help`"),
    (["-o", "/nowhere/r.json"], "/nowhere/r.json: cannot write: there is no folder /nowhere"),
    (["--budget", "soon"], "--budget: expected a time like 90s, 10m or 1h, not `soon`"),
])
def test_mistakes(fovea, tuned, options, message):
    result = run(fovea, "tune", tuned[0] / "n.net", *options, check=False)
    assert result.returncode in (1, 2)
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1
