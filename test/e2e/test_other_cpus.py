"""The compiler and its programs on CPUs that this machine is not, emulated by QEMU: an AVX2-only one, and one too old."""
import json
import shutil

import pytest
from conftest import ROOT, run
from test_targets import BOTH, on, refusal

qemu = shutil.which("qemu-x86_64")
pytestmark = pytest.mark.skipif(not qemu, reason="QEMU's user emulation is not installed")


def on_cpu(cpu, *command, **options):
    return run(qemu, "-cpu", cpu, *command, **options)


@pytest.fixture(scope="module")
def program(fovea, tmp_path_factory):
    program = tmp_path_factory.mktemp("cpus") / "lenet"
    run(fovea, "compile", ROOT / "models" / "lenet.net", "--target", ",".join(BOTH), "--batch", "1,8", "-o", program)
    return program


def test_an_avx2_cpu_runs_the_program_of_both(program, digits, tmp_path):
    """And trains to the bits that the same target has here: nothing hangs on a CPU's own approximations."""
    arguments = ["train", "--data", digits, "--iterations", 2, "--out"]
    on_cpu("Haswell", program, *arguments, tmp_path / "emulated")
    assert json.loads(on_cpu("Haswell", program, "info", "--json").stdout)["target"] == "x86-64-v3"
    on("x86-64-v3", program, *arguments, tmp_path / "here")
    assert (tmp_path / "emulated").read_bytes() == (tmp_path / "here").read_bytes()


def test_an_avx2_cpu_compiles_for_itself(fovea, tmp_path, monkeypatch):
    monkeypatch.setenv("FOVEA_CACHE_DIR", str(tmp_path / "cache"))
    on_cpu("Haswell", fovea, "compile", ROOT / "models" / "lenet.net", "--inference", "-o", tmp_path / "lenet")
    assert json.loads(run(tmp_path / "lenet", "info", "--json").stdout)["target"] == "x86-64-v3"


def test_a_cpu_too_old_is_told_what_it_lacks(program):
    refused = refusal(on_cpu("Nehalem", program, "info", check=False))
    assert refused.splitlines()[-1] == (
        "lenet: error: this CPU lacks what this program needs: avx2, fma, f16c, bmi, bmi2, lzcnt, movbe, avx512f, avx512cd, "
        "avx512bw, avx512dq and avx512vl for x86-64-v4; avx2, fma, f16c, bmi, bmi2, lzcnt and movbe for x86-64-v3")
