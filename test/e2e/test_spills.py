"""No sum of a hot loop leaves its register: the shipped models' assembly, read. LLVM marks what it spills and reloads, which
tells it from the arrays that kernels keep on the stack."""
import re

import pytest
from conftest import ROOT, run

FMA = re.compile(r"\s(?:vfn?m(?:add|sub)\d+ps|vdpbf16ps)\s")
SPILL = re.compile(r"#.*\b(?:16|32|64)-byte (?:Folded )?(?:Spill|Reload)")
DESTINATION = re.compile(r"\sv\w+\s.*%[xyz]mm(\d+)(?: \{[^}]*\})*\s*(?:#|$)")


def innermost_loops(text):
    """What lies between a label and the last branch back to it, where that holds no other loop."""
    lines, labels, loops = text.splitlines(), {}, {}
    for number, line in enumerate(lines):
        if label := re.match(r"(\.LBB\w+):", line):
            labels[label[1]] = number
        if (branch := re.match(r"\s+j\w+\s+(\.LBB\w+)", line)) and branch[1] in labels:
            loops[labels[branch[1]]] = number
    for start, end in loops.items():
        if not any((start, end) != (other, last) and start <= other and last <= end for other, last in loops.items()):
            yield lines[start:end + 1]


def sums(loop):
    """Registers that take a sum from one iteration to the next: only multiply-adds write them. Winograd's transforms, which
    are straight code with more numbers than there are registers, have none."""
    written, others = set(), set()
    for line in loop:
        if register := DESTINATION.match(line):
            (written if FMA.search(line) else others).add(register[1])
    return written - others


def hot_loops(text):
    return [loop for loop in innermost_loops(text) if len(sums(loop)) >= 4]


def spills(loop):
    return [line.strip() for line in loop if SPILL.search(line)]


def assembly(fovea, model, target, folder, *options):
    run(fovea, "compile", model, "--target", target, "--emit=asm", "-o", folder, *options)
    return {file.stem: file.read_text() for file in folder.iterdir()}


@pytest.mark.parametrize("target", ["x86-64-v3", "x86-64-v4"])
@pytest.mark.parametrize("model", ["lenet", "alexnet"])
def test_sums_stay_in_registers(fovea, tmp_path, model, target):
    kernels = assembly(fovea, ROOT / "models" / f"{model}.net", target, tmp_path, "--batch", "1,64")
    hot = {name: hot_loops(text) for name, text in kernels.items()}
    # LeNet's ip2 has ten outputs: one vector, no loop over them.
    layers = r"-(conv\d|fc\d|ip1)(\+\w+)?-(winograd_)?(conv2d|dense)(_input_gradient|_weight_gradient)?(\+|$)"
    for name in kernels:
        if re.match(r"(infer|step|train)_b64" + layers, name):
            assert hot[name], f"{name} has no loop of sums"
    found = {name: lines for name, loops in hot.items() if (lines := [s for loop in loops for s in spills(loop)])}
    assert not found


@pytest.mark.parametrize("target, fits, spilling", [("x86-64-v3", 6, 8), ("x86-64-v4", 12, 16)])
def test_a_tile_too_large_is_found(fovea, tmp_path, target, fits, spilling):
    """Two vectors of weights with `fits` pixels fill the registers."""
    scheduled = run(fovea, "compile", ROOT / "models" / "alexnet.net", "--target", target, "--emit=schedule", "--batch=1",
                    "--inference", "--no-winograd").stdout
    for pixels, spilled in ((fits, False), (spilling, True)):
        tiled = re.sub(r'"?pixels"? = \d+', f"pixels = {pixels}", re.sub(r'"?vectors"? = \d+', "vectors = 2", scheduled))
        assert f"pixels = {pixels}" in tiled
        (tmp_path / "tiled.mlir").write_text(tiled)
        kernels = assembly(fovea, tmp_path / "tiled.mlir", target, tmp_path / str(pixels), "--from=schedule")
        loops = hot_loops(kernels["infer_b1-conv3-conv2d+relu"])
        assert loops
        assert any(spills(loop) for loop in loops) == spilled
