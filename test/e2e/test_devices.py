"""Programs for OpenCL and CUDA against the same network on the CPU. Where there is no GPU, PoCL runs OpenCL's kernels;
CUDA's always run on the stand-in for NVIDIA's driver (test/runtime/device/FakeCuda.cpp), which interprets their PTX."""
import json
import os

import numpy as np
import pytest
from conftest import BUILD, ROOT, random_parameters, run
from files import read_safetensors, write_safetensors

# Grouped and unshared convolutions, normalizations of both kinds, overlapping pooling and dropout.
MODEL = """network N {
  input image: f32[1, 28, 28]
  a = image -> conv(8, kernel: 5, stride: 2)
  n = a -> batch_norm(momentum: 0.25) -> relu -> lrn(size: 5, alpha: 1e-2, beta: 0.75, k: 2)
  b = n -> conv(12, kernel: 3, groups: 2, bias: 0.1) -> relu -> max_pool(3, stride: 2)
  c = b -> local(6, kernel: 2) -> tanh -> dropout(0.25)
  d = c -> dense(33) -> sigmoid
  output y = d -> dense(10)
}
train {
  data: mnist(scale: 0.00390625)
  optimizer: sgd(lr: 0.05, momentum: 0.9, weight_decay: 1e-3)
  init: he
  batch: 32
  epochs: 1
}
"""
DEVICES = ["opencl", "cuda"]


def environment(side):
    """What a program is run with that computes on `side`: cpu, opencl or cuda, or one of several like cuda:1."""
    return {**os.environ, "LD_LIBRARY_PATH": str(BUILD / "lib" / "fake-cuda")} if "cuda" in side else dict(os.environ)


def program_of(fovea, folder, model, *options, targets="cuda,opencl,x86-64-v3"):
    program = folder / "program"
    run(fovea, "compile", model, "--target", targets, "--no-winograd-steps", "-o", program, *options)
    return program


@pytest.fixture(scope="module", params=["n", "lenet5-1998"])  # The latter has masked connections and scales.
def program(fovea, tmp_path_factory, request):
    folder = tmp_path_factory.mktemp(request.param)
    (folder / "n.net").write_text(MODEL)
    model = folder / "n.net" if request.param == "n" else ROOT / "models" / f"{request.param}.net"
    return program_of(fovea, folder, model, "--batch", "32")


@pytest.fixture(scope="module")
def for_opencl(fovea, tmp_path_factory):
    folder = tmp_path_factory.mktemp("opencl")
    (folder / "n.net").write_text(MODEL)
    return program_of(fovea, folder, folder / "n.net", "--batch", "32", targets="opencl,x86-64-v3")


def differences(left, right):
    """By tensor: the largest difference, in parts of the largest value. A bias in front of a normalization stays nearly 0."""
    assert left.keys() == right.keys()
    return {name: np.abs(left[name] - right[name]).max() / (np.abs(right[name]).max() + 1e-3) for name in left}


def trained(program, side, digits, folder, *options):
    out = folder / f"{side}.safetensors"
    log = run(program, "train", "--device", side, "--data", digits, "--out", out, *options, env=environment(side)).stdout
    return read_safetensors(out), log


# Whole batches; padded ones; and what no function holds, whose gradients are added up on the device. Of CUDA's three
# iterations the first launches kernels and the others are graphs.
@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("batch", [32, 20, 48])
def test_training_agrees(program, digits, tmp_path, batch, device):
    options = ["--iterations", 3, "--batch", batch]
    (cpu, log), (there, device_log) = (trained(program, side, digits, tmp_path, *options) for side in ["cpu", device])
    worst = differences(there, cpu)
    assert 0 < max(worst.values()) < 2e-3, worst
    loss = lambda text: float(text.split("loss ")[1].split()[0])
    assert abs(loss(log) - loss(device_log)) <= 2e-4


@pytest.mark.parametrize("device", DEVICES)
def test_training_repeats_to_the_bit(program, digits, tmp_path, device):
    first, second = (trained(program, device, digits, tmp_path, "--iterations", 2)[0] for _ in range(2))
    assert max(differences(first, second).values()) == 0


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("program", ["n"], indirect=True)  # Its learning rate does not follow from the run's length.
def test_a_run_goes_on_on_the_cpu(program, digits, tmp_path, device):
    cpu, _ = trained(program, "cpu", digits, tmp_path, "--iterations", 3)
    checkpoint = tmp_path / "checkpoint"
    trained(program, device, digits, tmp_path, "--iterations", 2, "--checkpoint", checkpoint)
    resumed, _ = trained(program, "cpu", digits, tmp_path, "--iterations", 3, "--resume", checkpoint)
    assert max(differences(resumed, cpu).values()) < 2e-3


# A whole run of eight passes over the made digits; CUDA's kernels are interpreted, so that one pass must do.
@pytest.mark.parametrize("device, epochs, least", [("opencl", 8, 95), ("cuda", 1, 50)])
def test_lenet_learns_on_the_device(fovea, digits, tmp_path, device, epochs, least):
    program = program_of(fovea, tmp_path, ROOT / "models" / "lenet.net", "--batch", "64", targets=f"{device},x86-64-v3")
    tops = []
    for side in ["cpu", device]:
        _, log = trained(program, side, digits, tmp_path, "--epochs", epochs)
        tops.append(float(log.rsplit("top1 ", 1)[1].split()[0]))
    assert min(tops) > least and abs(tops[0] - tops[1]) <= 1, tops


# FOVEA_DEVICE_MODELS names models for OpenCL, FOVEA_CUDA_MODELS for CUDA.
MODELS = [(model, device) for device, variable, usual in [("opencl", "FOVEA_DEVICE_MODELS", "alexnet"),
                                                          ("cuda", "FOVEA_CUDA_MODELS", "lenet,cifar-quick")]
          for model in os.environ.get(variable, usual).split(",")]


@pytest.mark.parametrize("model, device", MODELS)
def test_inference_and_gradients_agree(fovea, tmp_path, model, device):
    program = program_of(fovea, tmp_path, ROOT / "models" / f"{model}.net", "--batch", "1",
                         targets=f"{device},x86-64-v3")
    shape = json.loads(run(program, "info", "--json").stdout)["input"]["shape"]
    np.save(tmp_path / "l.npy", np.array([3]))

    def differ(seed):
        random = np.random.default_rng(seed)
        write_safetensors(tmp_path / "w", random_parameters(program, random))
        np.save(tmp_path / "x.npy", random.standard_normal([1, *shape]).astype(np.float32))
        outputs, gradients = [], []
        for side in ["cpu", device]:
            common = ["--device", side, "--weights", tmp_path / "w", "--input", tmp_path / "x.npy"]
            run(program, "predict", *common, "--output", tmp_path / "y.npy", env=environment(side))
            outputs.append(np.load(tmp_path / "y.npy"))
            run(program, "step", *common, "--labels", tmp_path / "l.npy", "--gradients", tmp_path / "g",
                env=environment(side))
            gradients.append(read_safetensors(tmp_path / "g"))
        assert np.abs(outputs[0] - outputs[1]).max() < 1e-4 * np.abs(outputs[0]).max()
        return max(differences(gradients[1], gradients[0]).values())

    # Rounding may decide a maximum or a zero otherwise, and with it which way a gradient goes (passes/README.md): in one
    # draw. A mistake shows in all.
    differs = []
    while len(differs) < 3 and (not differs or differs[-1] >= 1e-2):
        differs.append(differ(len(differs) + 1))
    assert differs[-1] < 1e-2, differs


TWO = {"opencl": {"POCL_DEVICES": "pthread pthread"}, "cuda": {}}


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("program", ["n"], indirect=True)
def test_two_devices_train_together(fovea, tmp_path, digits, program, device):
    """To the bits of one that computes each batch in two parts. There is no NCCL: the host adds the gradients."""
    model = tmp_path / "n.net"
    model.write_text(MODEL.replace("-> batch_norm(momentum: 0.25)", ""))  # Which takes each device's own images.
    program = program_of(fovea, tmp_path, model, "--batch", "16")
    common = ["train", "--data", digits, "--iterations", 3]
    together = run(program, *common, "--devices", f"{device}:0,{device}:1", "--out", tmp_path / "together",
                   env={**environment(device), **TWO[device]}).stdout.splitlines()
    alone = run(program, *common, "--device", device, "--parts", 2, "--out", tmp_path / "alone",
                env=environment(device)).stdout.splitlines()
    assert together[0] == "2 devices, each with 16 of a batch's 32 images"
    assert together[-1] == alone[-1] and "top1" in alone[-1]
    assert max(differences(read_safetensors(tmp_path / "together"), read_safetensors(tmp_path / "alone")).values()) == 0


def test_what_one_of_two_devices_lacks_ends_both(program, digits, tmp_path):
    train = ["train", "--data", digits, "--out", tmp_path / "w", "--iterations", "2", "--devices"]
    assert refusal(program, *train, "opencl:0,opencl:1") == (
        "there is no opencl:1: OpenCL finds one device, opencl:0")
    for text in ["opencl:0,cuda:1", "cpu,cpu", "opencl:0,", ","]:
        assert refusal(program, *train, text).startswith("--device")
    assert refusal(program, *train, "opencl:0,opencl:0") == "--devices: `opencl:0` is named twice"
    assert not (tmp_path / "w").exists()


def refusal(program, *arguments, **environment):
    result = run(program, *arguments, check=False, env={**os.environ, **environment})
    assert result.returncode == 1 and result.stdout == "" and result.stderr.count("\n") == 1
    return result.stderr.split("error: ", 1)[1].rstrip()


def test_one_device_and_several_are_too_many(program, tmp_path):
    result = run(program, "train", "--data", tmp_path, "--out", tmp_path / "w", "--device", "cpu", "--devices",
                 "opencl:0,opencl:1", check=False)
    assert (result.returncode, result.stdout, result.stderr) == (
        2, "", "program: error: --devices excludes --device; see `program train --help`\n")


def test_mistakes(for_opencl, tmp_path):
    program = for_opencl
    bench = ["bench", "--repeat", "1", "--device"]
    assert refusal(program, *bench, "opencl:7") == (
        "there is no opencl:7: OpenCL finds one device, opencl:0")
    assert refusal(program, *bench, "cuda") == (
        "--device: this program was compiled for opencl and x86-64-v3, not for `cuda`")
    for text in ["gpu", "opencl:", "opencl:x", "opencl:-1", "cpu:0"]:
        assert refusal(program, *bench, text) == (
            f"--device: expected cpu, cuda, opencl, or one of several like cuda:1, not `{text}`")
    assert refusal(program, *bench, "opencl", OCL_ICD_VENDORS=str(tmp_path)) == (
        "OpenCL finds no device on this machine: install a driver for one, or compile the network for a CPU")


def test_a_cpu_is_chosen_where_there_is_no_gpu(for_opencl, tmp_path):
    for environment in {}, {"OCL_ICD_VENDORS": str(tmp_path)}:
        info = json.loads(run(for_opencl, "info", "--json", env={**os.environ, **environment}).stdout)
        assert info["target"] == "x86-64-v3" and info["targets"] == ["opencl", "x86-64-v3"]


def test_memory_that_is_not_there(fovea, tmp_path):
    """PoCL takes a limit in GiB."""
    program = program_of(fovea, tmp_path, ROOT / "models" / "vgg16.net", "--batch", "64", "--inference")
    message = refusal(program, "bench", "--repeat", "1", "--device", "opencl", POCL_MEMORY_LIMIT="1")
    assert "out of memory: " in message and " MiB more are needed, " in message and "the device has " in message
