"""The kernels of shipped models as NVIDIA's assembler translates them: registers, shared memory, spills. A table of each
model is left in build/ptxas/; FOVEA_PTXAS_MODELS names others (or `all`)."""
import os
import re
import shutil
import subprocess
import sysconfig
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from conftest import BUILD, ROOT, run

PLACES = [Path("/usr/local/cuda/bin/ptxas"), Path(sysconfig.get_path("purelib")) / "nvidia/cuda_nvcc/bin/ptxas"]
PTXAS = shutil.which("ptxas") or next((place for place in PLACES if place.exists()), None)
NAMED = os.environ.get("FOVEA_PTXAS_MODELS", "lenet,cifar-quick,alexnet")
MODELS = sorted(file.stem for file in (ROOT / "models").glob("*.net")) if NAMED == "all" else NAMED.split(",")

pytestmark = pytest.mark.skipif(PTXAS is None, reason="no ptxas: not on PATH, in /usr/local/cuda/bin or in .venv")

FUNCTION = re.compile(
    r"Compiling entry function '(\w+)'.*?(\d+) bytes spill stores, (\d+) bytes spill loads.*?Used (\d+) registers"
    r"(?:[^\n]*?(\d+) bytes smem)?", re.S)
# What sums over a layer's inputs, outputs or images.
HOT = re.compile(r"conv2d|dense|local|winograd_product")
# Bytes stored and loaded that ptxas may spill with 255 registers: twelve instructions, where the loop of such a sum has 550. It
# spills so few around the loops over a kernel's rows or behind all loops, not in the innermost one.
FEW = 48


def assemble(file, architecture):
    """Rows: file's stem, function, registers, static shared bytes, bytes spilled."""
    result = subprocess.run([PTXAS, f"-arch={architecture}", "-v", file, "-o", os.devnull], capture_output=True, text=True)
    assert result.returncode == 0, f"{file.name}: {result.stderr}"
    rows = [(file.stem, name, int(registers), int(shared or 0), int(stores) + int(loads))
            for name, stores, loads, registers, shared in FUNCTION.findall(result.stderr)]
    assert len(rows) == file.read_text().count(".visible .entry"), f"{file.name}: {result.stderr}"
    return rows


def table(rows):
    width = max(len(kernel) for kernel, *_ in rows)
    lines = [f"{'kernel':{width}}  registers  static shared  spilled  function"]
    lines += [f"{kernel:{width}}  {registers:9}  {shared:13}  {spilled:7}  {name}"
              for kernel, name, registers, shared, spilled in rows]
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def kernels(fovea, tmp_path_factory):
    made = {}

    def of(model):
        if model not in made:
            made[model] = tmp_path_factory.mktemp("ptx") / model
            run(fovea, "compile", ROOT / "models" / f"{model}.net", "--target=cuda", "--emit=ptx", "-o", made[model])
        return sorted(made[model].iterdir())

    return of


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("architecture", ["sm_80", "sm_90"])
def test_no_sum_spills(kernels, model, architecture):
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        rows = [row for rows in pool.map(lambda file: assemble(file, architecture), kernels(model)) for row in rows]
    folder = BUILD / "ptxas"
    folder.mkdir(exist_ok=True)
    text = table(rows)
    (folder / f"{model}-{architecture}.txt").write_text(text)
    print(text)
    assert any(HOT.search(kernel) for kernel, *_ in rows)
    assert [row for row in rows if HOT.search(row[0]) and row[-1] > FEW] == []
    assert all(registers <= 255 for _, _, registers, _, _ in rows)


def test_spills_are_found(tmp_path):
    """A loop with 400 sums."""
    sums = range(400)
    body = ["\tld.param.u64 \t%a, [p];", "\tmov.u32 \t%n, %tid.x;", "\tmul.wide.u32 \t%b, %n, 1600;",
            "\tadd.u64 \t%a, %a, %b;"]
    body += [f"\tld.global.f32 \t%s{i}, [%a+{4 * i}];" for i in sums] + ["loop:"]
    body += [f"\tfma.rn.f32 \t%s{i}, %s{i}, %s{(i + 7) % 400}, %s{i};" for i in sums]
    body += ["\tsub.u32 \t%n, %n, 1;", "\tsetp.ne.u32 \t%q, %n, 0;", "\t@%q bra \tloop;"]
    body += [f"\tst.global.f32 \t[%a+{4 * i}], %s{i};" for i in sums]
    file = tmp_path / "conv2d.ptx"
    file.write_text(".version 7.0\n.target sm_80\n.address_size 64\n\n.visible .entry sums(.param .u64 p)\n{\n"
                    "\t.reg .pred %q;\n\t.reg .b32 %n;\n\t.reg .b64 %a, %b;\n\t.reg .f32 %s<400>;\n" + "\n".join(body)
                    + "\n\tret;\n}\n")
    (row,) = assemble(file, "sm_80")
    assert row[:3] == ("conv2d", "sums", 255) and row[-1] > FEW
