"""`./dev bench --compare`: what is slower, faster, new or gone, and files that cannot be compared."""
import json
import subprocess
import sys
from pathlib import Path

import made
import pytest

STEADY = [100.0, 100.5, 101.0, 99.5, 100.2]


def bench(*arguments):
    script = Path(__file__).with_name("bench.py")
    return subprocess.run([sys.executable, str(script), *map(str, arguments)], capture_output=True, text=True)


def compared(folder, old, new, *options):
    for name, run in (("old.json", old), ("new.json", new)):
        (folder / name).write_text(run if isinstance(run, str) else json.dumps(run))
    return bench("--compare", folder / "old.json", folder / "new.json", *options)


def times(factor):
    return [factor * time for time in STEADY]


def test_equal_runs_pass(tmp_path):
    run = made.run([made.kernel("conv1: conv2d", STEADY)], [made.network([1.0, 1.01, 1.0])])
    result = compared(tmp_path, run, run)
    assert result.returncode == 0
    assert result.stdout == "0 slower (0 by more than 10 %), 0 faster, 2 the same, 0 new, 0 gone\n"


def test_a_slower_kernel_fails(tmp_path):
    result = compared(tmp_path, made.run([made.kernel("conv1: conv2d", STEADY)]),
                      made.run([made.kernel("conv1: conv2d", times(1.3))]))
    assert result.returncode == 1
    assert result.stdout == """slower by more than noise:
  Net/infer_b1/conv1: conv2d: 100.2 -> 130.3 us, x 1.30 (noise 2 %), beyond the threshold
1 slower (1 by more than 10 %), 0 faster, 0 the same, 0 new, 0 gone
"""


def test_a_slower_network_fails(tmp_path):
    result = compared(tmp_path, made.run(networks=[made.network([1.0, 1.0, 1.0])]),
                      made.run(networks=[made.network([2.0, 2.0, 2.0])]))
    assert result.returncode == 1
    assert "  Net, inference, batch 1: 1 -> 2 ms, x 2.00 (noise 2 %), beyond the threshold\n" in result.stdout


@pytest.mark.parametrize("threshold, status", [(5, 1), (10, 0)])
def test_only_beyond_the_threshold_is_a_failure(tmp_path, threshold, status):
    result = compared(tmp_path, made.run([made.kernel("conv1: conv2d", STEADY)]),
                      made.run([made.kernel("conv1: conv2d", times(1.07))]), "--threshold", threshold)
    assert result.returncode == status
    assert f"1 slower ({status} by more than {threshold} %)" in result.stdout


def test_a_change_within_noise_is_none(tmp_path):
    noisy = [100.0, 140.0, 80.0, 120.0, 70.0]
    result = compared(tmp_path, made.run([made.kernel("conv1: conv2d", noisy)]),
                      made.run([made.kernel("conv1: conv2d", [1.3 * time for time in noisy])]))
    assert (result.returncode, result.stdout) == (0, "0 slower (0 by more than 10 %), 0 faster, 1 the same, 0 new, 0 gone\n")


def test_repetitions_that_shared_the_machine_are_no_change(tmp_path):
    shared = [100.0, 198.0, 200.0, 201.0, 202.0]
    result = compared(tmp_path, made.run([made.kernel("conv1: conv2d", STEADY)]), made.run([made.kernel("conv1: conv2d", shared)]))
    assert (result.returncode, result.stdout) == (0, "0 slower (0 by more than 10 %), 0 faster, 1 the same, 0 new, 0 gone\n")


def test_one_odd_repetition_is_no_noise(tmp_path):
    result = compared(tmp_path, made.run([made.kernel("conv1: conv2d", STEADY)]),
                      made.run([made.kernel("conv1: conv2d", times(1.2)[:4] + [900.0])]))
    assert result.returncode == 1


def test_a_faster_kernel_is_told(tmp_path):
    result = compared(tmp_path, made.run([made.kernel("conv1: conv2d", STEADY)]),
                      made.run([made.kernel("conv1: conv2d", times(0.5))]))
    assert result.returncode == 0
    assert result.stdout.startswith("faster by more than noise:\n  Net/infer_b1/conv1: conv2d: 100.2 -> 50.1 us, x 0.50")


def test_new_and_missing_kernels_are_named(tmp_path):
    result = compared(tmp_path, made.run([made.kernel("conv1: conv2d", STEADY), made.kernel("fc: dense", STEADY)]),
                      made.run([made.kernel("conv1: winograd_conv2d", STEADY), made.kernel("fc: dense", STEADY)]))
    assert result.returncode == 0
    assert result.stdout == """only in the new run:
  Net/infer_b1/conv1: winograd_conv2d
only in the old run:
  Net/infer_b1/conv1: conv2d
0 slower (0 by more than 10 %), 0 faster, 1 the same, 1 new, 1 gone
"""


def test_a_row_that_failed_is_not_there(tmp_path):
    failed = {"network": "Net", "function": "infer_b1", "name": "fc: dense", "part": "forward", "failed": "the kernel failed"}
    result = compared(tmp_path, made.run([made.kernel("fc: dense", STEADY)]), made.run([failed]))
    assert (result.returncode, result.stdout) == (0, """only in the old run:
  Net/infer_b1/fc: dense
0 slower (0 by more than 10 %), 0 faster, 0 the same, 0 new, 1 gone
""")


def test_a_slower_clock_is_divided_out(tmp_path):
    result = compared(tmp_path, made.run([made.kernel("fc: dense", STEADY)]),
                      made.run([made.kernel("fc: dense", times(1.25))], peak_gflops=160.0))
    assert result.returncode == 0
    assert result.stdout == ("the measured multiply-add peak went from 200.0 to 160.0 GFLOP/s; the new times are multiplied by "
                             "0.800 for the ratios\n0 slower (0 by more than 10 %), 0 faster, 1 the same, 0 new, 0 gone\n")


def test_another_cpu_and_a_quick_run_are_warned_of(tmp_path):
    run = made.run([made.kernel("fc: dense", STEADY)])
    result = compared(tmp_path, run, made.run([made.kernel("fc: dense", STEADY)], cpu="B CPU") | {"quick": True})
    assert result.returncode == 0
    assert result.stdout.splitlines()[:2] == [
        "warning: other CPUs: A CPU, then B CPU; the ratios say little of the code",
        "warning: a --quick run has too few repetitions to tell noise"]


def test_other_threads_are_refused(tmp_path):
    result = compared(tmp_path, made.run(), made.run(threads=4))
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == "bench: error: the runs used 2 and 4 threads; measure with --threads 2\n"


DAMAGED = made.run([made.kernel("fc: dense", STEADY)])
del DAMAGED["kernels"][0]["us"]


@pytest.mark.parametrize("text, told", [
    ("{", "holds no JSON; a bench.json that ./dev bench wrote is expected"),
    ("[1, 2]", "is no bench.json that ./dev bench wrote"),
    ("{}", "is no bench.json that ./dev bench wrote"),
    ('{"schema": 7}', "has schema 7, but this ./dev bench reads 1; measure it again"),
    ('{"schema": 1}', "is damaged: a field is missing or of another type"),
    (made.run() | {"kernels": 3}, "is damaged: a field is missing or of another type"),
    (made.run() | {"machine": None}, "is damaged: a field is missing or of another type"),
    (made.run([made.kernel("fc: dense", [1.0]) | {"us": ["soon"]}]), "is damaged: a field is missing or of another type"),
    (made.run([made.kernel("fc: dense", [1.0]) | {"us": []}]), "is damaged: a field is missing or of another type"),
    (made.run([made.kernel("fc: dense", [1.0]) | {"us": [0.0, 1.0]}]), "is damaged: a field is missing or of another type"),
    (made.run(peak_gflops="fast"), "is damaged: a field is missing or of another type"),
    (DAMAGED, "is damaged: a field is missing or of another type"),
])
def test_what_is_no_run_is_refused(tmp_path, text, told):
    result = compared(tmp_path, text, made.run())
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == f"bench: error: {tmp_path / 'old.json'}: {told}\n"


def test_a_missing_file_is_told_before_anything_is_measured(tmp_path):
    result = bench("lenet", "--against", tmp_path / "none.json")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == f"bench: error: {tmp_path / 'none.json'}: cannot be read: No such file or directory\n"


def test_binary_is_no_json(tmp_path):
    (tmp_path / "old.json").write_bytes(bytes(range(256)))
    result = bench("--compare", tmp_path / "old.json", tmp_path / "old.json")
    assert result.returncode == 2
    assert result.stderr == (f"bench: error: {tmp_path / 'old.json'}: holds no JSON; a bench.json that ./dev bench wrote is "
                             "expected\n")


@pytest.mark.parametrize("arguments, told", [
    (["nope"], "bench: error: nope: is neither a model file nor a name in models/"),
    (["lenet", "--peers", "/none/python"], "bench: error: /none/python: cannot be run: No such file or directory"),
    (["lenet", "--peers", "/bin/false"], "bench: error: /bin/false: has no numpy and onnx, which the peers' networks are "
     "read with"),
    (["--batch", "1,x"], "./dev bench: error: --batch: expected numbers with commas between, not `1,x`"),
    (["--batch", "0"], "./dev bench: error: --batch: expected numbers with commas between, not `0`"),
    (["--threads", "0"], "./dev bench: error: argument --threads: expected a number above 0, not `0`"),
])
def test_mistakes_get_one_line(tmp_path, arguments, told):
    result = bench(*arguments, "--out", tmp_path / "out")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.splitlines()[-1] == told
