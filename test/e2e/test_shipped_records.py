"""The tuning records beside the models are used: an upgrade must not quietly lose them."""
import json
import os
import re

import pytest
from conftest import ROOT, run

FILES = sorted((ROOT / "models").glob("*.tuning.json"))


def this_cpu():
    text = open("/proc/cpuinfo").read()
    family, model = (re.search(rf"^{name}\s*: (\d+)", text, re.M)[1] for name in ("cpu family", "model"))
    return f"family {family} model {model}"


def sections():
    for file in FILES:
        for machine in json.loads(file.read_text())["machines"]:
            yield pytest.param(file.name.removesuffix(".tuning.json"), machine, id=f"{file.name}-{machine['target']}")


@pytest.mark.parametrize("model, machine", sections())
def test_records_schedule_their_kernels(fovea, model, machine):
    if machine["cores"] != os.cpu_count():
        pytest.skip(f"for {machine['cores']} cores")
    if machine["target"] != "x86-64-v3" and not machine["cpu"].endswith(this_cpu()):
        pytest.skip(f"for {machine['cpu']}")
    target = "x86-64-v3" if machine["target"] == "x86-64-v3" else "host"
    labels = " ".join(record["label"] for record in machine["kernels"])
    batches = sorted(set(re.findall(r"_b(\d+)", labels)), key=int)
    options = [] if "step_" in labels else ["--inference"]
    result = run(fovea, "explain", ROOT / "models" / f"{model}.net", "--target", target, "--batch", ",".join(batches), *options)
    assert "refused" not in result.stderr
    # A kernel that other passes make today needs no record, but most of them should have one.
    assert result.stdout.count("measured: ") >= 0.9 * len(machine["kernels"])


def test_the_networks_have_records_for_both_levels():
    for file in FILES:
        assert {machine["target"] for machine in json.loads(file.read_text())["machines"]} == {"x86-64-v3", "x86-64-v4"}, file
    models = {path.stem for path in (ROOT / "models").glob("*.net")}
    assert models == {file.name.removesuffix(".tuning.json") for file in FILES}
