"""Programs for CUDA against a stand-in for NVIDIA's driver (test/runtime/device/FakeCuda.cpp), which refuses what the
driver would: that all calls are legal, that graphs replace launches, and what is said when something is missing. Most run
on an idle one, which interprets no kernel; that what kernels compute is right, test_devices.py shows."""
import ctypes
import json
import os

import numpy as np
import pytest
from conftest import BUILD, ROOT, run
from files import read_safetensors


@pytest.fixture(scope="module")
def cuda_lenet(fovea, tmp_path_factory):
    program = tmp_path_factory.mktemp("cuda") / "lenet"
    run(fovea, "compile", ROOT / "models" / "lenet.net", "--target=cuda", "-o", program)
    return program


@pytest.fixture
def on_fake(tmp_path):
    """Runs a command with the stand-in as the driver; the counts of its calls are in `result.report`."""
    report = tmp_path / "report.json"

    def call(*command, machine="idle", **options):
        report.unlink(missing_ok=True)
        environment = {**os.environ, "LD_LIBRARY_PATH": str(BUILD / "lib" / "fake-cuda"), "FAKE_CUDA": machine,
                       "FAKE_CUDA_REPORT": str(report)}
        result = run(*command, env=environment, **options)
        result.report = json.loads(report.read_text()) if report.exists() else None
        return result

    return call


def assert_all_released(report):
    assert {name: count for name, count in report.items() if name.startswith("left_") and count} == {}


def test_inference_is_legal(cuda_lenet, on_fake, lenet, digits, tmp_path):
    weights, images, output = tmp_path / "weights.safetensors", tmp_path / "images.npy", tmp_path / "output.npy"
    run(lenet, "train", "--data", digits, "--out", weights, "--iterations", 1)
    np.save(images, np.random.default_rng(0).random((70, 1, 28, 28), np.float32))
    report = on_fake(cuda_lenet, "predict", "--weights", weights, "--input", images, "--output", output).report
    assert np.load(output).shape == (70, 10)
    # A batch of 64, whose kernels are launched, and the rest in another, recorded.
    assert report["launches"] == report["captured_launches"] > 0 and report["graph_launches"] == 1
    assert "pageable_copies" not in report
    assert_all_released(report)


def test_training_is_legal_and_copies_what_it_should(cuda_lenet, on_fake, lenet, digits, tmp_path):
    """No kernel runs, so that what comes back from the device is what was copied to it: the first values."""
    initial, trained = tmp_path / "initial.safetensors", tmp_path / "trained.safetensors"
    run(lenet, "train", "--data", digits, "--out", initial, "--iterations", 1, "--lr", "1e-30", "--seed", 7)
    report = on_fake(cuda_lenet, "train", "--data", digits, "--out", trained, "--iterations", 5, "--seed", 7).report
    expected, values = read_safetensors(initial), read_safetensors(trained)
    assert set(values) == set(expected)
    for name, value in expected.items():
        np.testing.assert_allclose(values[name], value, rtol=0, atol=1e-25, err_msg=name)
    assert np.any(values["conv1.weight"])
    assert_all_released(report)


def test_steps_of_several_chunks_are_summed_on_the_device(cuda_lenet, on_fake, lenet, digits, tmp_path):
    weights, images, labels = tmp_path / "weights.safetensors", tmp_path / "images.npy", tmp_path / "labels.npy"
    run(lenet, "train", "--data", digits, "--out", weights, "--iterations", 1)
    np.save(images, np.random.default_rng(0).random((150, 1, 28, 28), np.float32))
    np.save(labels, np.zeros(150, np.int64))
    gradients = tmp_path / "gradients.safetensors"
    report = on_fake(cuda_lenet, "step", "--weights", weights, "--input", images, "--labels", labels, "--gradients",
                     gradients).report
    assert "conv1.weight" in read_safetensors(gradients)
    assert_all_released(report)


def train(program, on_fake, digits, tmp_path, iterations, machine="idle"):
    report = on_fake(program, "train", "--data", digits, "--out", tmp_path / "out.safetensors", "--iterations",
                     iterations, machine=machine).report
    assert_all_released(report)
    return report


def test_from_the_second_call_a_function_is_one_launch(cuda_lenet, on_fake, digits, tmp_path):
    few = train(cuda_lenet, on_fake, digits, tmp_path, 4)
    many = train(cuda_lenet, on_fake, digits, tmp_path, 10)
    assert few["captures"] == many["captures"] == 3, "training's function for two input buffers, and the test's"
    assert few["captured_launches"] == many["captured_launches"] > 20
    assert few["launches"] == many["launches"] == few["captured_launches"], "the first call of each"
    assert many["graph_launches"] - few["graph_launches"] == 6


@pytest.mark.parametrize("machine", ["no-capture idle", "lost-capture idle"])
def test_without_graphs_kernels_are_launched(cuda_lenet, on_fake, digits, tmp_path, machine):
    few = train(cuda_lenet, on_fake, digits, tmp_path, 4, machine)
    many = train(cuda_lenet, on_fake, digits, tmp_path, 10, machine)
    assert "graph_launches" not in many
    assert many["launches"] - few["launches"] >= 6 * 20


def test_one_block_of_pinned_memory_is_enough(cuda_lenet, on_fake, digits, tmp_path):
    assert train(cuda_lenet, on_fake, digits, tmp_path, 4)["pinned_blocks"] > 1
    assert train(cuda_lenet, on_fake, digits, tmp_path, 4, "pinned=1 idle")["pinned_blocks"] == 1


@pytest.mark.parametrize("machine, problem", [
    ("no-device", "NVIDIA's driver finds no GPU on this machine: is one built in, and visible (CUDA_VISIBLE_DEVICES)?"),
    ("broken", "NVIDIA's driver does not start: unknown error (CUDA_ERROR_UNKNOWN)"),
    ("old-driver", "NVIDIA's driver is too old: it knows CUDA 10.2, and programs need 11.0 or newer; install a newer "
                   "driver"),
    ("old-device", "cuda:0 (Old GPU) is too old: it has compute capability 7.5, and programs need 8.0 or higher"),
    ("memory=1", "cuda:0 (Fake GPU): out of memory: 2 MiB more are needed, 0 MiB are taken, and of the device's 1 MiB "
                 "1 MiB are free"),
    ("pinned=0", "cuda:0 (Fake GPU): the machine has no memory to copy through: out of memory "
                 "(CUDA_ERROR_OUT_OF_MEMORY)"),
    ("refused-kernel", "cuda:0 (Fake GPU): the driver refuses a kernel: a PTX JIT compilation failed "
                       "(CUDA_ERROR_INVALID_PTX): ptxas application ptx input, line 6; fatal   : Unresolved extern "
                       "function 'other'"),
])
def test_what_is_missing_is_told(cuda_lenet, on_fake, machine, problem):
    result = on_fake(cuda_lenet, "bench", machine=machine, check=False)
    assert (result.returncode, result.stderr) == (1, f"lenet: error: {problem}\n")
    assert_all_released(result.report)


@pytest.mark.parametrize("machine, problem", [
    ("failing-launch", "unspecified launch failure (CUDA_ERROR_LAUNCH_FAILED)"),
    ("few-registers", "too many resources requested for launch (CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES)"),
])
def test_a_failing_launch_is_told(cuda_lenet, on_fake, machine, problem):
    result = on_fake(cuda_lenet, "bench", machine=machine, check=False)
    assert result.returncode == 1
    assert result.stderr.startswith("lenet: error: cuda:0 (Fake GPU): kernel _kernel_")
    assert result.stderr.endswith(f" failed: {problem}\n")
    assert_all_released(result.report)


def test_a_device_that_is_not_there_is_told(cuda_lenet, on_fake):
    result = on_fake(cuda_lenet, "bench", "--device", "cuda:2", check=False)
    assert (result.returncode, result.stderr) == (
        1, "lenet: error: there is no cuda:2: CUDA finds 2 devices, the last cuda:1\n")
    on_fake(cuda_lenet, "bench", "--device", "cuda:1", "--repeat", 1)


def test_no_driver_is_told(cuda_lenet):
    try:
        ctypes.CDLL("libcuda.so.1")
        pytest.skip("this machine has NVIDIA's driver")
    except OSError:
        pass
    result = run(cuda_lenet, "bench", check=False)
    assert (result.returncode, result.stderr) == (
        1, "lenet: error: there is no CUDA on this machine (libcuda.so.1): install NVIDIA's driver, or compile the "
           "network for a CPU\n")


@pytest.fixture(scope="module")
def both(fovea, tmp_path_factory):
    program = tmp_path_factory.mktemp("both") / "lenet"
    run(fovea, "compile", ROOT / "models" / "lenet.net", "--target=cuda,host", "--inference", "-o", program)
    return program


@pytest.mark.parametrize("machine, used", [("idle", True), ("no-device", False), ("old-device", False),
                                           ("old-driver", False)])
def test_a_program_for_both_takes_the_gpu_where_it_can(both, on_fake, machine, used):
    report = on_fake(both, "bench", "--repeat", 1, machine=machine).report
    assert ("launches" in report) == used
