"""`check`: digests that one machine saves and another compares its own with."""
import json
import os

import pytest
from conftest import BUILD, ROOT, run
from files import read_safetensors, write_safetensors


@pytest.fixture(scope="module")
def both(fovea, tmp_path_factory):
    program = tmp_path_factory.mktemp("check") / "lenet"
    run(fovea, "compile", ROOT / "models" / "lenet.net", "--target=cuda,host", "--batch=1,8,64", "--no-winograd-steps", "-o",
        program)
    return program


@pytest.fixture(scope="module")
def digests(both):
    file = both.with_suffix(".safetensors")
    run(both, "check", "--device", "cpu", "--save", file)
    return file


def test_the_same_machine_agrees(both, digests):
    told = json.loads(run(both, "check", "--device", "cpu", "--with", digests, "--json").stdout)
    assert told["network"] == "LeNet" and told["failed"] == 0
    assert told["compared"] == len(told["differences"]) == len(read_safetensors(digests))
    assert set(told["differences"].values()) == {0}
    kinds = {name.split(": ")[-1].split(" of ")[0] for name in told["differences"]}
    assert kinds == {"infer, batch 64", "infer, batch 8", "infer, batch 1", "loss", "outputs", "gradient", "change"}


def test_a_device_that_computes_the_same_agrees(both, digests):
    environment = {**os.environ, "LD_LIBRARY_PATH": str(BUILD / "lib" / "fake-cuda")}
    told = json.loads(run(both, "check", "--device", "cuda:0", "--with", digests, "--json", env=environment).stdout)
    assert told["failed"] == 0 and told["compared"] == len(read_safetensors(digests))
    assert 0 < max(told["differences"].values()) < 1e-4


def test_a_device_that_computes_nothing_differs(both, digests):
    environment = {**os.environ, "LD_LIBRARY_PATH": str(BUILD / "lib" / "fake-cuda"), "FAKE_CUDA": "idle"}
    result = run(both, "check", "--device", "cuda:0", "--with", digests, check=False, env=environment)
    assert result.returncode == 1
    *rows, last = result.stdout.splitlines()
    assert len(rows) == len(read_safetensors(digests)) and all(row.endswith("  differs") for row in rows)
    assert last == f"LeNet on cuda:0 (Fake GPU): {len(rows)} compared, {len(rows)} differ by more than 0.002 of their size"


@pytest.mark.parametrize("name", ["step, batch 64: gradient of conv1.weight", "2 updates, batch 64: change of ip2.bias"])
def test_one_wrong_tensor_is_named(both, digests, tmp_path, name):
    """As if every value were a hundredth larger."""
    tensors = read_safetensors(digests)
    tensors[name] = tensors[name] * 1.01
    write_safetensors(tmp_path / "other.safetensors", tensors)
    result = run(both, "check", "--device", "cpu", "--with", tmp_path / "other.safetensors", check=False)
    assert result.returncode == 1
    (row,) = [line for line in result.stdout.splitlines() if line.endswith("  differs")]
    assert row.startswith(name)
    run(both, "check", "--device", "cpu", "--with", tmp_path / "other.safetensors", "--tolerance", 0.2)


def test_mistakes(both, digests, tmp_path):
    result = run(both, "check", check=False)
    assert (result.returncode, result.stderr) == (
        2, "lenet: error: check: nothing to do: give --save or --with; see `lenet check --help`\n")
    del (tensors := read_safetensors(digests))["step, batch 64: loss"]
    write_safetensors(tmp_path / "other.safetensors", tensors)
    result = run(both, "check", "--device", "cpu", "--with", tmp_path / "other.safetensors", check=False)
    assert result.returncode == 1 and "step, batch 64: loss" in result.stderr and "network LeNet" in result.stderr
