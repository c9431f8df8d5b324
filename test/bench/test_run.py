"""The benchmark itself, as short as it gets: that it measures, counts and writes. How fast anything was is not tested."""
import argparse
import json
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import compare
import kernels
import machine
import networks
import pytest

LENET = machine.ROOT / "models" / "lenet.net"
OPTIONS = argparse.Namespace(quick=True, threads=1, batches=[1, 64], train_batch=64, repetitions=2, autoscheduler_seconds=60)
pytestmark = pytest.mark.skipif(not kernels.BENCH.exists(), reason="built without Google Benchmark")


def run(*command):
    return subprocess.run([str(part) for part in command], capture_output=True, text=True)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bench")
    result = run(sys.executable, Path(__file__).with_name("bench.py"), "lenet", "--quick", "--out", folder)
    assert result.returncode == 0, result.stderr
    return folder


@pytest.fixture(scope="module")
def figures(written):
    return compare.load(written / "bench.json")


def test_both_files_are_written(written):
    assert sorted(path.name for path in written.iterdir()) == ["bench.html", "bench.json"]
    ElementTree.parse(written / "bench.html")


def test_a_run_says_what_it_was_measured_with(figures):
    assert {"cpu", "features", "cores", "threads", "peak_gflops", "read_gbytes_per_second"} == set(figures["machine"])
    assert figures["machine"]["peak_gflops"] > 0 and figures["machine"]["read_gbytes_per_second"] > 0
    assert "Halide" in figures["versions"]["fovea"] and figures["quick"]


def test_kernels_have_all_figures(figures):
    parts = {row["part"] for row in figures["kernels"]}
    assert parts == {"forward", "backward", "prepare"}
    for row in figures["kernels"]:
        assert len(row["us"]) == 2 and min(row["us"]) > 0 and row["bytes"] > 0, row
        assert (row["gflops"] > 0) == (row["flops"] > 0), row
        assert row["flop_per_byte"] == pytest.approx(row["flops"] / row["bytes"])


def test_networks_have_all_figures(figures):
    assert [(row["mode"], row["batch"]) for row in figures["networks"]] == [("infer", 1), ("infer", 64), ("train", 64)]
    for row in figures["networks"]:
        assert row["ms_least"] == min(row["ms"]) > 0 and row["peak_percent"] > 0
        assert row["flops"] == sum(kernel["flops"] for kernel in row["kernels"])
        assert row["peers"] == []


def test_kernels_are_counted_as_programs_count_them(figures):
    of_programs = {(row["mode"] + f"_b{row['batch']}", kernel["name"]): (kernel["flops"], kernel["bytes"])
                   for row in figures["networks"] for kernel in row["kernels"]}
    counted = {(row["function"], row["name"]): (row["flops"], row["bytes"]) for row in figures["kernels"]}
    shared = set(of_programs) & set(counted)
    assert len(shared) > 20
    assert {key: counted[key] for key in shared} == {key: of_programs[key] for key in shared}


def test_winograd_is_counted_as_direct_sums_too(figures):
    rows = {(row["function"], row["name"].split("+")[0]): row for row in figures["kernels"]}
    # LeNet's conv2, 64 images of 50 channels of 8x8 from 20 channels of 5x5: sums and biases, then 2x2 windows.
    conv = 64 * 50 * 8 * 8
    forward = rows["infer_b64", "conv2: winograd_conv2d"]
    assert forward["direct_flops"] == 2 * conv * 20 * 25 + conv + 64 * 50 * 4 * 4 * 4
    assert forward["flops"] < forward["direct_flops"]
    assert rows["train_b64", "conv2: winograd_input_gradient"]["direct_flops"] == 2 * conv * 20 * 25  # The input's gradient.
    weight = rows["train_b64", "conv2: winograd_weight_gradient"]
    assert weight["direct_flops"] == 2 * conv * 20 * 25 + 6 * 50 * 20 * 25  # And six for each weight's update.
    assert rows["prepare", "conv2: winograd_weight"]["direct_flops"] == 0


def test_a_run_compares_with_itself(written):
    result = run(sys.executable, Path(__file__).with_name("bench.py"), "--compare", *[written / "bench.json"] * 2)
    assert result.returncode == 0 and " 0 new, 0 gone" in result.stdout


@pytest.mark.parametrize("name", kernels.AUTOSCHEDULERS)
def test_an_autoscheduler_schedules_a_kernel(name):
    result = kernels.autoscheduled(LENET, "LeNet/infer_b1/ip2: dense+relayout", name, OPTIONS)
    assert "failed" not in result and len(result["us"]) == 3 and min(result["us"]) > 0
    ratios = sorted(theirs / ours for theirs, ours in zip(result["us"], result["our_us"]))
    assert result["ratio"] == ratios[1]


def test_an_autoscheduler_that_stalls_is_told():
    hurried = argparse.Namespace(**vars(OPTIONS) | {"autoscheduler_seconds": 0.001})
    result = kernels.autoscheduled(LENET, "LeNet/infer_b1/ip2: dense+relayout", "Li2018", hurried)
    assert result == {"failed": "took more than 0.001 s"}


def test_a_changed_schedule_is_timed(tmp_path):
    module = tmp_path / "lenet.mlir"
    assert run(networks.FOVEA, "compile", LENET, "--emit=schedule", "-o", module).returncode == 0
    names = run(kernels.BENCH, "--from=schedule", module, "--benchmark_list_tests").stdout
    assert "LeNet/infer_b64/conv1: conv2d+max_pool/" in names
    text = module.read_text()
    changed = text.replace("pixels = 8", "pixels = 4")
    assert changed != text
    module.write_text(changed)
    result = run(kernels.BENCH, "--from=schedule", module, "--benchmark_filter=infer_b1/conv1", "--benchmark_min_time=0.001",
                 "--benchmark_format=json")
    assert result.returncode == 0 and len(json.loads(result.stdout)["benchmarks"]) == 1


@pytest.mark.parametrize("arguments, told", [
    ([], "name a model file"),
    (["nope.net"], "nope.net: cannot read: No such file or directory"),
    (["--speed=1", "x.net"], "unknown option --speed=1"),
    (["--batch=1,none", "x.net"], "--batch: expected a number from 1 to 65536, not `none`"),
    (["--batch=", "x.net"], "--batch: expected a number from 1 to 65536, not ``"),
    (["--train-batch=-1", "x.net"], "--train-batch: expected a number from 0 to 65536, not `-1`"),
    (["--threads=0", "x.net"], "--threads: expected a number from 1 to 65536, not `0`"),
    (["--from=obj", "x.net"], "--from: expected net, ir, opt or schedule, not `obj`"),
    (["--autoscheduler=Best", "x.net"], "--autoscheduler: expected Mullapudi2016, Adams2019 or Li2018, not `Best`"),
    (["--target=z80", "x.net"], "unknown target \"z80\"; expected host, x86-64-v3, x86-64-v4, cuda or opencl"),
])
def test_mistakes_of_the_kernel_bench_get_one_line(arguments, told):
    result = run(kernels.BENCH, *arguments)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == f"fovea-kernel-bench: error: {told}\n"


def peer(name, onnx, train=False):
    return networks.Peer(sys.executable, name, onnx, 2, 1, train)


def test_a_peer_is_measured_in_rounds(tmp_path):
    pytest.importorskip("onnxruntime")
    program = networks.Program(LENET, tmp_path, [2], False)
    other = peer("ONNX Runtime", program.export(tmp_path))
    try:
        assert other.failed is None and other.version
        for runs in (3, 5):
            other.measure(runs)
        assert [len(times) for times in other.rounds] == [3, 5]
    finally:
        other.close()


def test_a_peer_that_cannot_run_says_why(tmp_path):
    (tmp_path / "net.onnx").write_bytes(b"no model")
    other = peer("ONNX Runtime", tmp_path / "net.onnx")
    assert other.failed
    other.close()


def test_without_the_fused_update_there_is_a_step_and_an_update(tmp_path):
    module = tmp_path / "lenet.mlir"
    assert run(networks.FOVEA, "compile", LENET, "--no-fuse-update", "--emit=schedule", "-o", module).returncode == 0
    names = run(kernels.BENCH, "--from=schedule", module, "--benchmark_list_tests").stdout
    assert "LeNet/step_b64/ip2: dense_weight_gradient/" in names and "LeNet/update/ip2.bias: sgd_update/" in names


def test_a_network_that_cannot_be_compiled_is_a_row_with_its_reason(tmp_path):
    model = tmp_path / "bad.net"
    model.write_text("network Bad {}\n")
    rows = networks.measure_all(model, OPTIONS, tmp_path, None, lambda text: None)
    assert [(row["mode"], row["batch"]) for row in rows] == [("infer", 64), ("train", 64)]
    assert all(row["failed"].endswith("bad.net:1:9: error: the network has no input") for row in rows)
    with pytest.raises(RuntimeError, match="bad.net:1:9: error: the network has no input"):
        kernels.measure(model, OPTIONS)
