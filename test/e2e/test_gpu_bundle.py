"""The folder that checks and times programs on a machine with a GPU, made of LeNet and tried without one."""
import json
import os

import pytest
from conftest import BUILD, ROOT, run


BUNDLE = ROOT / "test" / "gpu" / "bundle.sh"


@pytest.fixture(scope="module")
def bundle(fovea, digits, tmp_path_factory):
    """Made in one place and run in another, as it will be."""
    made, moved = (tmp_path_factory.mktemp("gpu") / name for name in ("made", "moved"))
    said = run(BUNDLE, "-o", made, "--data", digits, "lenet").stdout
    assert "1 models; copy it to the machine and call run.sh" in said
    assert [file.name for file in (made / "programs").iterdir()] == ["lenet.gz"]
    made.rename(moved)
    return moved


def refused(*arguments):
    result = run(BUNDLE, *arguments, check=False)
    assert result.returncode == 1 and result.stdout == ""
    return result.stderr.splitlines()[-1]


def test_a_folder_that_is_too_large_is_refused(bundle, digits, tmp_path):
    folder = tmp_path / "bundle"
    size = -(-sum(file.stat().st_size for file in bundle.rglob("*.*") if file.is_file()) // (1 << 20))
    problem = refused("-o", folder, "--data", digits, "--most", "3", "lenet")
    assert problem.startswith(f"bundle.sh: error: {folder} has ") and problem.endswith(
        " MB, and is to stay under 3: name fewer models, or raise --most")
    assert size - 2 <= int(problem.split(" has ")[1].split()[0]) <= size + 2


def test_mistakes(fovea, tmp_path):
    assert refused("--most", "0") == refused("--most") == "bundle.sh: error: --most needs a number of MB"
    assert refused("-o") == "bundle.sh: error: -o needs a folder"
    assert refused("--fast") == "bundle.sh: error: unknown option --fast"
    assert refused("lenet6") == "bundle.sh: error: there is no models/lenet6.net"
    assert refused("-o", tmp_path / "b", "--data", tmp_path, "lenet") == (
        f"bundle.sh: error: no digits in {tmp_path}: give --data, or run ./dev demo")
    assert not (tmp_path / "b").exists()


def test_it_needs_nothing_else(bundle):
    """No variable of the environment, and no library beyond the C and C++ ones."""
    text = run("/usr/bin/env", "-i", "/bin/bash", bundle / "run.sh", "--device", "cpu", "--quick").stdout
    assert text.endswith("failures: 0\n")
    needed = {line.split()[0].split(".so")[0] for line in run("ldd", bundle / "programs" / "lenet").stdout.splitlines()}
    assert needed <= {"linux-vdso", "libstdc++", "libgcc_s", "libm", "libc", "/lib64/ld-linux-x86-64"}


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
