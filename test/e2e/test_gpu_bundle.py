"""The folder that checks and times programs on a machine with a GPU, made of LeNet and tried without one."""
import json
import os

import pytest
from conftest import BUILD, ROOT, run


@pytest.fixture(scope="module")
def bundle(fovea, digits, tmp_path_factory):
    folder = tmp_path_factory.mktemp("gpu") / "bundle"
    said = run(ROOT / "test" / "gpu" / "bundle.sh", "-o", folder, "--data", digits, "lenet").stdout
    assert "1 models; copy it to the machine and call run.sh" in said
    return folder


def test_all_is_well_where_the_numbers_are_right(bundle):
    text = run(bundle / "run.sh", "--device", "cpu", "--quick").stdout
    report = json.loads((bundle / "report.json").read_text())
    assert report["failures"] == 0 and text.endswith("failures: 0\n") and (bundle / "report.txt").read_text() == text
    (check,) = report["checks"]
    assert check["network"] == "LeNet" and check["failed"] == 0 and check["compared"] > 20
    assert report["training"]["learned"] and report["training"]["top1"] > 75
    assert [(bench["mode"], bench["batch"]) for bench in report["benches"]] == [
        ("infer", 1), ("infer", 128), ("train", 128)]
    assert all(bench["ms_median"] > 0 and 0 < bench["peak_percent"] < 120 for bench in report["benches"])


def test_a_device_that_computes_nothing_fails(bundle):
    environment = {**os.environ, "LD_LIBRARY_PATH": str(BUILD / "lib" / "fake-cuda"), "FAKE_CUDA": "idle"}
    result = run(bundle / "run.sh", "--quick", check=False, env=environment)
    report = json.loads((bundle / "report.json").read_text())
    assert result.returncode == 1
    assert report["failures"] == 2, "the numbers, and what LeNet learned"
    assert report["device"] == "cuda:0 (Fake GPU)"
    assert report["checks"][0]["failed"] == report["checks"][0]["compared"]
    assert not report["training"]["learned"]
    # 132 multiprocessors of 128 multiply-adds at 1.98 GHz.
    assert {round(bench["peak_gflops"]) for bench in report["benches"]} == {66908}
    assert all(bench["ms_computing"] > 0 for bench in report["benches"])
    for bench in report["benches"]:
        shown = f"{bench['mode']:6} {bench['batch']:6} {bench['ms_median']:12.4f} {bench['ms_computing']:12.4f}"
        assert shown in result.stdout and f"{bench['gflops_computing'] / 1000:9.3f}" in result.stdout


def test_what_is_missing_is_in_the_report(bundle):
    environment = {**os.environ, "LD_LIBRARY_PATH": str(BUILD / "lib" / "fake-cuda"), "FAKE_CUDA": "no-device"}
    result = run(bundle / "run.sh", "--quick", check=False, env=environment)
    report = json.loads((bundle / "report.json").read_text())
    assert result.returncode == 1 and report["failures"] == 5
    assert report["checks"][0]["error"].startswith("lenet: error: NVIDIA's driver finds no GPU on this machine")
    assert all("NVIDIA's driver finds no GPU" in bench["error"] for bench in report["benches"])
