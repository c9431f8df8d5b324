"""Compiled programs as a user runs them: counts, files, training that repeats itself, and mistakes told in one line."""
import json
import re
import resource
import struct
import zlib

import numpy as np
import pytest
from conftest import ROOT, run
from files import read_safetensors, write_idx, write_safetensors


@pytest.fixture(scope="session")
def trained(lenet, digits, tmp_path_factory):
    weights = tmp_path_factory.mktemp("trained") / "w.safetensors"
    log = run(lenet, "train", "--data", digits, "--out", weights, "--iterations", 60, "--seed", 7).stdout
    return weights, log


def complains(*command, names, **options):
    """One line on standard error that names what was wrong, exit code 1."""
    result = run(*command, check=False, **options)
    assert result.returncode == 1, result
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1 and ": error: " in lines[0], result.stderr
    for name in names:
        assert str(name) in lines[0], lines[0]


@pytest.mark.parametrize("model, parameters, connections", [
    ("lenet", 431_080, None), ("lenet5", 61_706, None), ("lenet5-1998", 60_000, 340_908)])
def test_counts(fovea, tmp_path, model, parameters, connections):
    program = tmp_path / model
    run(fovea, "compile", ROOT / "models" / f"{model}.net", "-o", program)
    total = next(line for line in run(program, "info").stdout.splitlines() if line.startswith("total"))
    assert f"{parameters:,}" in total
    if connections:
        assert f"{connections:,}" in total
    assert program.stat().st_size < 2_000_000
    needed = re.findall(r"NEEDED.*\[(.*?)\]", run("readelf", "-d", program).stdout)
    assert set(needed) <= {"libstdc++.so.6", "libm.so.6", "libc.so.6", "libgcc_s.so.1", "ld-linux-x86-64.so.2"}


def test_learns(lenet, digits, trained):
    last = run(lenet, "eval", "--data", digits, "--weights", trained[0]).stdout.splitlines()[-1]
    match = re.fullmatch(r"top1 ([\d.]+) top5 ([\d.]+) loss ([\d.e+-]+) images (\d+)", last)
    assert match, last
    assert float(match[1]) > 90 and float(match[2]) >= float(match[1]) and int(match[4]) == 320


def test_same_bits_at_any_thread_count(lenet, digits, trained, tmp_path):
    for threads in (1, 3):
        run(lenet, "train", "--data", digits, "--out", tmp_path / "w", "--iterations", 60, "--seed", 7, "--threads",
            threads)
        assert (tmp_path / "w").read_bytes() == trained[0].read_bytes()
    run(lenet, "train", "--data", digits, "--out", tmp_path / "other", "--iterations", 60, "--seed", 8)
    assert (tmp_path / "other").read_bytes() != trained[0].read_bytes()


def test_resumes_to_the_same_bits(lenet, digits, trained, tmp_path):
    """25 iterations stop in the middle of an epoch of 20."""
    checkpoint = tmp_path / "c"
    run(lenet, "train", "--data", digits, "--out", tmp_path / "half", "--iterations", 25, "--seed", 7, "--checkpoint",
        checkpoint, "--checkpoint-every", 25)
    run(lenet, "train", "--data", digits, "--out", tmp_path / "w", "--iterations", 60, "--seed", 7, "--resume",
        checkpoint)
    assert (tmp_path / "w").read_bytes() == trained[0].read_bytes()


def test_writes_event_files(lenet, digits, tmp_path):
    run(lenet, "train", "--data", digits, "--out", tmp_path / "w", "--iterations", 20, "--log", tmp_path / "log")
    (events,) = (tmp_path / "log").iterdir()
    data, at, records = events.read_bytes(), 0, 0
    while at < len(data):  # TFRecord: length, its checksum, the record, its checksum.
        length = struct.unpack("<Q", data[at:at + 8])[0]
        assert struct.unpack("<I", data[at + 8:at + 12])[0] == masked_crc(data[at:at + 8])
        record = data[at + 12:at + 12 + length]
        assert struct.unpack("<I", data[at + 12 + length:at + 16 + length])[0] == masked_crc(record)
        at, records = at + 16 + length, records + 1
    assert at == len(data) and records > 1 and b"loss" in data


def masked_crc(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def test_bench(lenet):
    for mode in ([], ["--train"]):
        report = json.loads(run(lenet, "bench", "--json", "--repeat", 3, *mode).stdout)
        assert {"ms_min", "ms_median", "images_per_second", "batch", "threads", "cpu", "kernels"} <= report.keys()
        assert all({"name", "ms", "gflops"} <= kernel.keys() for kernel in report["kernels"])


def test_reads_a_picture(lenet, trained, tmp_path):
    pixels = np.zeros((28, 28), np.uint8)
    pixels[2:6, 15:26] = 240  # Class 1 of the made digits.
    raw = b"".join(b"\0" + row.tobytes() for row in pixels)
    chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    (tmp_path / "one.png").write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 28, 28, 8, 0, 0, 0, 0)) +
                                       chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b""))
    text = run(lenet, "predict", "--weights", trained[0], tmp_path / "one.png").stdout
    assert re.search(r"one\.png.*\b1\b", text), text


def test_bad_data(lenet, digits, trained, tmp_path):
    def folder(**changed):
        for file in digits.iterdir():
            (tmp_path / file.name).write_bytes(changed.get(file.name.split("-")[0] + file.name.split("-")[1][0],
                                                           lambda data: data)(file.read_bytes()))
        return tmp_path

    evaluate = (lenet, "eval", "--weights", trained[0], "--data")
    complains(*evaluate, tmp_path / "missing", names=["missing"])
    complains(*evaluate, trained[0], names=[trained[0]])
    complains(*evaluate, folder(t10kl=lambda data: data[:-5]), names=["t10k-labels-idx1-ubyte"])
    complains(*evaluate, folder(t10kl=lambda data: data + b"\0"), names=["t10k-labels-idx1-ubyte"])
    complains(*evaluate, folder(t10kl=lambda data: data[:-1] + b"\x0b"), names=["t10k-labels-idx1-ubyte", "11"])
    complains(*evaluate, folder(t10ki=lambda data: data[:-900]), names=["t10k-images-idx3-ubyte.gz"])


def test_bad_weights(lenet, digits, trained, tmp_path):
    good, bad = read_safetensors(trained[0]), tmp_path / "bad.safetensors"

    def weights(tensors):
        write_safetensors(bad, tensors)
        return (lenet, "eval", "--data", digits, "--weights", bad)

    complains(*weights({name: value for name, value in good.items() if name != "ip2.bias"}), names=[bad, "ip2.bias"])
    complains(*weights(good | {"fc9.weight": np.zeros((2, 2))}), names=[bad, "fc9.weight"])
    complains(*weights(good | {"conv1.weight": np.zeros((20, 1, 5, 4))}), names=[bad, "conv1.weight", "20"])
    bad.write_bytes(struct.pack("<Q", 1 << 60) + b"{}")
    complains(lenet, "eval", "--data", digits, "--weights", bad, names=[bad])
    bad.write_bytes(trained[0].read_bytes()[:-100])
    complains(lenet, "eval", "--data", digits, "--weights", bad, names=[bad])


def test_loss_that_is_no_number(lenet, digits, tmp_path):
    complains(lenet, "train", "--data", digits, "--out", tmp_path / "w", "--iterations", 60, "--lr", "1e8",
              names=["loss"])
    assert not list(tmp_path.iterdir())


def test_full_disk_keeps_the_old_file(lenet, digits, trained, tmp_path):
    """A file size limit stands in for a full disk."""
    out = tmp_path / "w.safetensors"
    out.write_bytes(b"the old one")
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
    complains(lenet, "train", "--data", digits, "--out", out, "--iterations", 2, names=[out], preexec_fn=limit)
    assert out.read_bytes() == b"the old one" and list(tmp_path.iterdir()) == [out]


def test_bad_arrays(lenet, trained, tmp_path):
    predict = (lenet, "predict", "--weights", trained[0], "--output", tmp_path / "y.npy", "--input")
    np.save(tmp_path / "shape.npy", np.zeros((2, 1, 28, 27), np.float32))
    complains(*predict, tmp_path / "shape.npy", names=["shape.npy", "27", "28"])
    np.save(tmp_path / "type.npy", np.zeros((2, 1, 28, 28), np.complex64))
    complains(*predict, tmp_path / "type.npy", names=["type.npy"])
    np.save(tmp_path / "x.npy", np.zeros((2, 1, 28, 28), np.float32))
    np.save(tmp_path / "l.npy", np.array([3, 10]))
    complains(lenet, "step", "--weights", trained[0], "--input", tmp_path / "x.npy", "--labels", tmp_path / "l.npy",
              "--gradients", tmp_path / "g", names=["l.npy", "10"])
    assert not (tmp_path / "y.npy").exists() and not (tmp_path / "g").exists()


def test_model_errors_come_together(fovea, tmp_path):
    model = tmp_path / "bad.net"
    model.write_text("network N {\n  input x: f32[1, 4, 4]\n  a = x -> conv(3, kernel: 5)\n"
                     "  b = x -> maxpool(2)\n  output c = a -> dense(10, bais: 1)\n}\n")
    result = run(fovea, "compile", model, "-o", tmp_path / "program", check=False)
    assert result.returncode == 1 and not (tmp_path / "program").exists()
    assert [line.split(": error: ")[0] for line in result.stderr.splitlines() if ": error: " in line] == [
        f"{model}:3:12", f"{model}:4:12", f"{model}:5:29"]
    assert "did you mean `max_pool`?" in result.stderr and "did you mean `bias`?" in result.stderr
