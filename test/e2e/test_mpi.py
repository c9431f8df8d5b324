"""Training in several processes: the curve of one process, the bits of `--parts`, and what happens when one of them dies."""
import os
import re
import signal
import struct
import subprocess
import time

import numpy as np
import pytest
from conftest import run, write_digits
from PIL import Image

ENVIRONMENT = {**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}

# All that draws random numbers: crops, mirroring and dropout. The batch of 20 leaves 10 and 10 to two processes.
DROPOUT = """network Dropout {{
  input image: f32[3, 8, 8]
  c = image -> conv(6, kernel: 3) -> relu{norm}
  d = {last} -> flatten -> dense(30) -> relu -> dropout(0.5)
  output y = d -> dense(10)
}}
train {{
  data: cifar10(scale: 0.01, mean: [120, 110, 100], crop: 8, mirror: true)
  optimizer: sgd(lr: 0.01, momentum: 0.9, weight_decay: 1e-3)
  batch: 20
  epochs: 1
}}
"""

FOLDER = """network Folder {
  input image: f32[3, 8, 8]
  output y = image -> dense(2)
}
train {
  data: image_folder(resize: 8, crop: 8, scale: 0.01)
  optimizer: sgd(lr: 0.001)
  batch: 4
  epochs: 1
}
"""


def mpirun(processes, *command, **options):
    return ["mpirun", "--oversubscribe", "-n", str(processes), *(str(part) for part in command)]


def together(processes, *command, check=True, **environment):
    return run(*mpirun(processes, *command), check=check, env={**ENVIRONMENT, **environment})


def errors(result):
    """What the program said on standard error, without mpirun's own remarks."""
    return [line for line in result.stderr.splitlines() if ": error: " in line]


def curve(folder):
    """{(tag, iteration): value} of an event file."""
    [path] = folder.iterdir()
    data, at, points = path.read_bytes(), 0, {}
    while at < len(data):
        [size] = struct.unpack_from("<Q", data, at)
        event = data[at + 12:at + 12 + size]
        at += size + 16
        match = re.fullmatch(rb"\t.{8}\x10([\x80-\xff]*[\0-\x7f])\*.\n.\n.([a-z/]+)\x15(.{4})", event, re.DOTALL)
        if match:
            step = sum((byte & 127) << 7 * i for i, byte in enumerate(match[1]))
            points[match[2].decode(), step] = struct.unpack("<f", match[3])[0]
    return points


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Ten batches of 64 and three images: at each epoch's end only the first process has images."""
    return write_digits(tmp_path_factory.mktemp("few"), 643, 200, 5, 120)


@pytest.fixture(scope="module")
def colours(tmp_path_factory):
    folder = tmp_path_factory.mktemp("colours")
    random = np.random.default_rng(4)
    records = np.concatenate([random.integers(0, 10, (15, 1)), random.integers(0, 256, (15, 3072))], axis=1)
    for name in ("data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch"):
        (folder / f"{name}.bin").write_bytes(records.astype(np.uint8).tobytes())
    return folder


def compiled(fovea, folder, text, batch):
    (folder / "net.net").write_text(text)
    run(fovea, "compile", folder / "net.net", "-o", folder / "net", "--batch", batch)
    return folder / "net"


@pytest.fixture(scope="module")
def alone(lenet, data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("alone")
    run(lenet, "train", "--data", data, "--epochs", 3, "--out", folder / "w", "--log", folder / "log")
    return curve(folder / "log")


@pytest.mark.parametrize("processes", [2, 4])
def test_the_curve_of_one_process(lenet, data, alone, tmp_path, processes):
    options = ["train", "--data", data, "--epochs", 3]
    result = together(processes, lenet, *options, "--out", tmp_path / "w", "--log", tmp_path / "log")
    share = 64 // processes
    assert result.stdout.splitlines()[0].startswith(
        f"{processes} processes, each with {share} of a batch's 64 images and 1 thread; compiled for 64, the rest is "
        f"padding (compile with --batch 1,{share})")
    assert [line.split("  ")[0] for line in result.stdout.splitlines()[1:4]] == ["epoch 1/3", "epoch 2/3", "epoch 3/3"]
    points = curve(tmp_path / "log")
    assert points.keys() == alone.keys() and ("train/loss", 33) in points and ("test/loss", 33) in points
    for key, value in points.items():
        assert value == pytest.approx(alone[key], abs=1e-5), key
    assert alone["train/loss", 10] > 10 * alone["train/loss", 33]
    # One process that adds up the same parts makes the same bits, as every process has: they are compared each epoch.
    run(lenet, *options, "--out", tmp_path / "parts", "--log", tmp_path / "parts_log", "--parts", processes)
    assert (tmp_path / "w").read_bytes() == (tmp_path / "parts").read_bytes()
    assert curve(tmp_path / "parts_log") == points


@pytest.mark.parametrize("processes", [2, 4])
def test_crops_and_dropout_are_those_of_one_process(fovea, colours, tmp_path, processes):
    program = compiled(fovea, tmp_path, DROPOUT.format(norm="", last="c"), 8)  # Parts of one chunk and of two.
    options = ["train", "--data", colours, "--epochs", 10]
    run(program, *options, "--out", tmp_path / "one", "--log", tmp_path / "one_log")
    together(processes, program, *options, "--out", tmp_path / "w", "--log", tmp_path / "log")
    expected = curve(tmp_path / "one_log")
    for key, value in curve(tmp_path / "log").items():
        assert value == pytest.approx(expected[key], abs=1e-5), key
    run(program, *options, "--out", tmp_path / "parts", "--parts", processes)
    assert (tmp_path / "w").read_bytes() == (tmp_path / "parts").read_bytes()


def test_a_program_compiled_for_the_shares_makes_the_bits_of_one_process(fovea, colours, tmp_path):
    """One process computes its batch in the chunks that are the processes' shares. The last batch has 15 of 20 images."""
    program = compiled(fovea, tmp_path, DROPOUT.format(norm="\n  n = c -> batch_norm", last="n"), 10)
    options = ["train", "--data", colours, "--epochs", 10]
    run(program, *options, "--out", tmp_path / "one", "--log", tmp_path / "one_log")
    together(2, program, *options, "--out", tmp_path / "two", "--log", tmp_path / "two_log")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert curve(tmp_path / "two_log") == pytest.approx(curve(tmp_path / "one_log"), rel=1e-7)


def test_batch_normalization_is_of_a_process(fovea, colours, tmp_path):
    program = compiled(fovea, tmp_path, DROPOUT.format(norm="\n  n = c -> batch_norm", last="n"), 10)
    options = ["train", "--data", colours, "--epochs", 2]
    result = together(2, program, *options, "--out", tmp_path / "w")
    assert "; batch normalization takes each process's own images" in result.stdout.splitlines()[0]
    run(program, *options, "--out", tmp_path / "parts", "--parts", 2)
    assert (tmp_path / "w").read_bytes() == (tmp_path / "parts").read_bytes()


def children(parent):
    """Process ids of the programs, in the order of their ranks."""
    ids = subprocess.run(["pgrep", "-P", str(parent)], capture_output=True, text=True).stdout.split()
    def rank(process):
        with open(f"/proc/{process}/environ", "rb") as file:
            return int(re.search(rb"OMPI_COMM_WORLD_RANK=(\d+)", file.read())[1])
    return sorted(map(int, ids), key=rank)


def interrupt(command, checkpoint, number, rank):
    """Sends the signal to one process once there is a checkpoint. Returns its exit code, outputs and the seconds it took."""
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT)
    try:
        for _ in range(600):
            if checkpoint.exists():
                break
            time.sleep(0.05)
        begun = time.monotonic()
        os.kill(children(running.pid)[rank], number)
        output, error = running.communicate(timeout=60)
    finally:
        running.kill()
    return running.returncode, output, error, time.monotonic() - begun


@pytest.mark.parametrize("victim", [0, 1])
def test_a_killed_process_ends_all_and_the_checkpoint_resumes(lenet, data, tmp_path, victim):
    endless = ["train", "--data", data, "--iterations", 100000]
    checkpoint = tmp_path / "checkpoint"
    code, _, error, seconds = interrupt(
        mpirun(2, lenet, *endless, "--out", tmp_path / "w", "--checkpoint", checkpoint, "--checkpoint-every", 1),
        checkpoint, signal.SIGKILL, victim)
    assert code != 0 and seconds < 10
    assert re.search(rf"process rank {victim} with PID \d+ on node \S+ exited on signal 9 \(Killed\)", error)
    assert not (tmp_path / "w").exists()
    kept = checkpoint.read_bytes()
    reached = int(re.search(rb'"iteration":"(\d+)"', kept)[1])
    options = ["train", "--data", data, "--iterations", reached + 20]
    run(lenet, *options, "--parts", 2, "--out", tmp_path / "whole")
    together(2, lenet, *options, "--resume", checkpoint, "--out", tmp_path / "two")
    run(lenet, *options, "--resume", checkpoint, "--parts", 2, "--out", tmp_path / "one")
    result = together(4, lenet, *options, "--resume", checkpoint, "--out", tmp_path / "four")
    assert (tmp_path / "two").read_bytes() == (tmp_path / "one").read_bytes() == (tmp_path / "whole").read_bytes()
    assert result.stdout.splitlines()[-1].startswith("top1 100.00")
    assert checkpoint.read_bytes() == kept


def test_a_signal_to_one_process_stops_all_after_the_same_iteration(lenet, data, tmp_path):
    first, last = tmp_path / "first", tmp_path / "w.checkpoint"
    together(2, lenet, "train", "--data", data, "--iterations", 5, "--out", tmp_path / "w", "--checkpoint", first)
    (tmp_path / "w").unlink()
    # The event file tells when it has begun.
    code, output, _, seconds = interrupt(
        mpirun(2, lenet, "train", "--data", data, "--iterations", 100000, "--resume", first, "--out", tmp_path / "w",
               "--log", tmp_path / "log"), tmp_path / "log", signal.SIGTERM, 1)
    assert code != 0 and seconds < 10
    reached = int(re.search(rf"stopped after iteration (\d+) of 100000; go on with --resume {last}", output)[1])
    options = ["train", "--data", data, "--iterations", reached + 5, "--parts", 2]
    run(lenet, *options, "--resume", last, "--out", tmp_path / "resumed")
    run(lenet, *options, "--out", tmp_path / "whole")
    assert (tmp_path / "resumed").read_bytes() == (tmp_path / "whole").read_bytes()


def test_an_error_of_one_process_names_it_and_ends_all(fovea, tmp_path):
    """Process 1 meets the damaged picture: in the first epoch's order it is in the second half of a batch."""
    program = compiled(fovea, tmp_path, FOLDER, 4)
    for split, kind in ((split, kind) for split in ("train", "val") for kind in ("a", "b")):
        (tmp_path / split / kind).mkdir(parents=True)
        for i in range(20):
            Image.fromarray(np.full((8, 8, 3), 12 * i, np.uint8)).save(tmp_path / split / kind / f"{i:02}.png")
    seen = []
    for i in range(8):
        broken = tmp_path / "train" / "a" / f"{i:02}.png"
        kept = broken.read_bytes()
        broken.write_bytes(kept[:40])
        begun = time.monotonic()
        result = together(2, program, "train", "--data", tmp_path, "--strict", "--epochs", 1, "--out", tmp_path / "w",
                          check=False)
        assert result.returncode != 0 and time.monotonic() - begun < 10
        [line] = errors(result)
        seen += re.findall(rf"net: error: process (\d) of 2: {broken}: ", line)
        assert not (tmp_path / "w").exists()
        broken.write_bytes(kept)
        if set(seen) == {"0", "1"}:
            return
    pytest.fail(f"processes that met the damaged picture: {seen}")


@pytest.mark.parametrize("command, environment, code, expected", [
    (["train", "--data", "DATA", "--out", "W"], {"FOVEA_MPI_LIBRARY": "/none/libmpi.so"}, 1,
     "mpirun started several processes, but its library cannot be opened: /none/libmpi.so: cannot open shared object file: "
     "No such file or directory; install Open MPI's (Debian: libopenmpi3), or name it in FOVEA_MPI_LIBRARY"),
    (["train", "--data", "DATA", "--out", "W"], {"FOVEA_MPI_LIBRARY": "libm.so.6"}, 1,
     "libm.so.6: has no ompi_mpi_comm_world, so it is not Open MPI's library"),
    (["train", "--data", "DATA"], {}, 2, "--out is required; see `lenet train --help`"),
    (["train", "--data", "/none", "--out", "W"], {}, 1,
     "/none: there is no such directory; give the folder that holds MNIST's four IDX files"),
    (["train", "--data", "DATA", "--out", "W", "--log", "/dev/null/log"], {}, 1,
     "/dev/null/log: cannot make the folder for event files: Not a directory"),
    (["train", "--data", "DATA", "--out", "W", "--parts", "2"], {}, 1,
     "--parts has one process compute as several do, but there are 2 processes"),
    (["eval", "--data", "DATA", "--weights", "W"], {}, 1,
     "`eval` runs in one process, but mpirun started 2; only `train` divides its work")])
def test_one_line_for_what_is_wrong_in_all(lenet, data, tmp_path, command, environment, code, expected):
    words = [{"DATA": data, "W": tmp_path / "w"}.get(word, word) for word in command]
    result = together(2, lenet, *words, check=False, **environment)
    assert result.returncode == code and errors(result) == [f"lenet: error: {expected}"]
    assert not list(tmp_path.iterdir())


def test_training_that_diverges_is_told_once(lenet, data, tmp_path):
    result = together(2, lenet, "train", "--data", data, "--out", tmp_path / "w", "--lr", "1e30", check=False)
    assert result.returncode == 1 and not list(tmp_path.iterdir())
    [line] = errors(result)
    assert line.startswith("lenet: error: the loss is not a finite number at iteration ")


def test_processes_that_differ_are_refused(lenet, data, tmp_path):
    def both(first, second):
        train = ["train", "--data", str(data), "--out", str(tmp_path / "w"), "--iterations", "1"]
        command = ["mpirun", "--oversubscribe", "-n", "1", lenet, *train, *first, ":", "-n", "1", lenet, *train, *second]
        result = run(*command, check=False, env=ENVIRONMENT)
        assert result.returncode == 1
        return errors(result)
    assert both(["--batch", "32"], ["--batch", "64"]) == [
        "lenet: error: process 1 has 64 images in a batch, but process 0 has 32; all processes must read the same files and "
        "have the same options"]
    assert both(["--seed", "1"], ["--seed", "2"]) == [
        "lenet: error: after iteration 0 process 1 has other parameters than process 0; all processes must read the same "
        "files and run on CPUs of one kind ($FOVEA_TARGET can hold them to one)"]


def test_another_mpi_is_refused(lenet, data, tmp_path):
    result = run(lenet, "train", "--data", data, "--out", tmp_path / "w", check=False,
                 env={**ENVIRONMENT, "PMI_SIZE": "2", "PMI_RANK": "0"})
    assert result.returncode == 1 and errors(result) == [
        "lenet: error: started as 2 processes (PMI_SIZE) by another MPI than Open MPI; use Open MPI's mpirun, or start one "
        "process"]


def test_one_process_needs_no_library(lenet, data, tmp_path):
    together(1, lenet, "train", "--data", data, "--out", tmp_path / "w", "--iterations", 1, FOVEA_MPI_LIBRARY="/none")
    assert (tmp_path / "w").exists()


def test_cores_are_divided(lenet, data, tmp_path):
    """Unbound processes share the machine's cores; bound ones have their own."""
    cores = len(os.sched_getaffinity(0))
    for processes in (2, 3):
        result = run("mpirun", "--oversubscribe", "--bind-to", "none", "-n", processes, lenet, "train", "--data", data,
                     "--out", tmp_path / "w", "--iterations", 1, env=ENVIRONMENT)
        threads = max(1, cores // processes)
        assert f" and {threads} thread{'s' * (threads > 1)}" in result.stdout.splitlines()[0]
