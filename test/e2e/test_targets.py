"""One program for several CPUs: what each target computes agrees, files serve both, and a CPU that runs none is told so.
The tests that run AVX-512 need it."""
import ctypes
import json
import os
import re

import numpy as np
import pytest
from conftest import ROOT, run
from files import read_safetensors

BOTH = ["x86-64-v4", "x86-64-v3"]
has_v4 = "avx512vl" in open("/proc/cpuinfo").read()
needs_v4 = pytest.mark.skipif(not has_v4, reason="this CPU has no AVX-512")


@pytest.fixture(scope="module")
def program(fovea, tmp_path_factory):
    program = tmp_path_factory.mktemp("targets") / "lenet"
    run(fovea, "compile", ROOT / "models" / "lenet.net", "--target", ",".join(BOTH), "-o", program)
    return program


def on(target, *command, **options):
    return run(*command, env={**os.environ, "FOVEA_TARGET": target}, **options)


def refusal(result):
    assert result.returncode == 1 and result.stdout == ""
    return result.stderr


def test_info_tells_the_targets(program):
    info = json.loads(on("x86-64-v3", program, "info", "--json").stdout)
    assert info["targets"] == BOTH and info["target"] == "x86-64-v3"
    assert info["needs"] == ["popcnt", "sse4.1", "avx2", "fma", "f16c", "bmi", "bmi2", "lzcnt", "movbe"]
    assert on("x86-64-v3", program, "info").stdout.endswith(
        "\ntarget x86-64-v3, f32\nalso compiled for x86-64-v4, which FOVEA_TARGET chooses\n")
    default = json.loads(run(program, "info", "--json").stdout)
    assert default["target"] == BOTH[0 if has_v4 else 1]


@needs_v4
def test_targets_agree(program, digits, tmp_path):
    """From the same start the targets train to nearly the same parameters, and each reads what the other wrote."""
    for target in BOTH:
        on(target, program, "train", "--data", digits, "--out", tmp_path / target, "--iterations", 3)
    low, high = (read_safetensors(tmp_path / target) for target in BOTH)
    assert low.keys() == high.keys()
    differ = max(np.abs(low[name] - high[name]).max() / np.abs(high[name]).max() for name in low)
    assert 0 < differ < 1e-4
    images = np.random.default_rng(3).random((5, 1, 28, 28)).astype(np.float32)
    np.save(tmp_path / "x.npy", images)
    outputs = []
    for target in BOTH:
        on(target, program, "predict", "--weights", tmp_path / BOTH[1], "--input", tmp_path / "x.npy", "--output",
           tmp_path / "y.npy")
        outputs.append(np.load(tmp_path / "y.npy"))
    assert np.abs(outputs[0] - outputs[1]).max() < 1e-5 * np.abs(outputs[0]).max()


@needs_v4
def test_a_run_goes_on_on_another_target(program, digits, tmp_path):
    common = ["--data", digits, "--out", tmp_path / "w"]
    on("x86-64-v4", program, "train", *common, "--iterations", 4)
    whole = read_safetensors(tmp_path / "w")
    on("x86-64-v4", program, "train", *common, "--iterations", 2, "--checkpoint", tmp_path / "c")
    on("x86-64-v3", program, "train", *common, "--iterations", 4, "--resume", tmp_path / "c")
    parts = read_safetensors(tmp_path / "w")
    for name, value in whole.items():
        assert np.abs(parts[name] - value).max() < 1e-4 * np.abs(value).max(), name


def test_the_runtime_is_linked_once(fovea, lenet, program):
    assert program.stat().st_size < lenet.stat().st_size + (1 << 20)


def test_a_library_keeps_one_symbol(fovea, tmp_path):
    run(fovea, "compile", ROOT / "models" / "lenet.net", "--target", ",".join(BOTH), "--inference", "--emit=lib", "-o",
        tmp_path / "net")
    symbols = set(re.findall(r"\b[A-Z] ((?!_Z)\S*_program)$", run("nm", "--defined-only", tmp_path / "net.a").stdout, re.M))
    assert symbols == {"net_program"}
    (tmp_path / "main.c").write_text('#include "net.h"\n#include <stdio.h>\nint main(void) { fovea_network *n;\n'
                                     "if (fovea_create(&net_program, &n)) { puts(fovea_error_message(0)); return 1; }\n"
                                     "printf(\"%zu\\n\", fovea_input_size(n)); fovea_free(n); return 0; }\n")
    run("cc", tmp_path / "main.c", tmp_path / "net.a", "-lstdc++", "-lm", "-pthread", "-o", tmp_path / "main")
    assert on("x86-64-v3", tmp_path / "main").stdout == "784\n"
    failed = on("x86-64-v9", tmp_path / "main", check=False)
    assert failed.returncode == 1 and failed.stdout == (
        "FOVEA_TARGET: this program was compiled for x86-64-v4 and x86-64-v3, not for `x86-64-v9`\n")


def test_mistakes(program):
    assert refusal(on("v3", program, "info", check=False)) == (
        "lenet: error: FOVEA_TARGET: this program was compiled for x86-64-v4 and x86-64-v3, not for `v3`\n")


def test_a_cpu_that_lacks_something_is_told(fovea, program, tmp_path):
    """As on a CPU without AVX2: the programs are made to need avx9."""
    run(fovea, "compile", ROOT / "models" / "lenet.net", "--target=x86-64-v3", "--inference", "-o", tmp_path / "one")
    for source, name in ((program, "both"), (tmp_path / "one", "lenet")):
        (tmp_path / name).write_bytes(source.read_bytes().replace(b" avx2 fma ", b" avx9 fma "))
        (tmp_path / name).chmod(0o755)
    assert refusal(run(tmp_path / "lenet", "bench", check=False)) == (
        "lenet: error: this CPU lacks what this program needs: avx9 for x86-64-v3\n")
    told = refusal(run(tmp_path / "both", "bench", check=False))
    assert told.startswith("both: error: this CPU lacks what this program needs: avx9")
    assert told.endswith(" for x86-64-v4; avx9 for x86-64-v3\n")


def test_bf16_products_are_needed_only_where_they_are_used(fovea, tmp_path):
    """A host that has them is asked for, and only with `--precision bf16`."""
    needs = {}
    for precision in ("f32", "bf16"):
        run(fovea, "compile", ROOT / "models" / "alexnet.net", "--inference", "--batch=64", "--precision", precision, "-o",
            tmp_path / precision)
        needs[precision] = json.loads(run(tmp_path / precision, "info", "--json").stdout)["needs"]
    assert "avx512bf16" not in needs["f32"]
    cpu = open("/proc/cpuinfo").read()
    assert ("avx512bf16" in needs["bf16"]) == ("avx512_bf16" in cpu)
    # Linux gives tiles to those who ask: arch_prctl(ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA).
    tiles = "amx_bf16" in cpu and ctypes.CDLL(None).syscall(158, 0x1023, 18) == 0
    assert ("amx-bf16" in needs["bf16"]) == tiles
    assert "amx-bf16" not in needs["f32"]
