"""Seconds until LeNet knows 99 % of MNIST's test set, and the same recipe in PyTorch beside it.

    time_to_accuracy.py --data DIR [--peer PYTHON] [--seeds 5] [--threads N]

models/lenet.net is compiled with another rate: 0.05, falling as half a cosine over 1876 iterations of 64 images, two passes, momentum
0.9, decay 5e-4. It is tested every 100 iterations and ends at the first test that reaches the mark. PyTorch, in an
interpreter that has it, draws its parameters from the same distribution and takes the same batches' size, rates, decay and
tests; in each variant (default, channels-last) it has all images in memory as tensors. The seeds go in turn. Seconds are
those of training and tests; starting the process, reading the data and compiling are not among them.
"""
import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
RATE, ITERATIONS, TEST_EVERY = 0.05, 1876, 100
REACHED = re.compile(r"reached after iteration (\d+), in ([\d.]+) s")


class Mistake(Exception):
    """What the user is told in one line."""


def succeed(command, **options):
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True, **options)
    if result.returncode:
        raise Mistake((result.stderr.strip() or f"{command[0]} ended with code {result.returncode}").splitlines()[-1])
    return result.stdout


def recipe(text):
    for old, new in (("lr: 0.01", f"lr: {RATE}"), ("lr: inv(gamma: 1e-4, power: 0.75)", "lr: cosine(min: 0)"),
                     ("iterations: 10000", f"iterations: {ITERATIONS}")):
        if old not in text:
            raise Mistake(f"models/lenet.net does not hold `{old}`")
        text = text.replace(old, new)
    return text


def fovea_run(program, options, seed, folder):
    """Seconds and iterations to the mark, or None."""
    told = succeed([program, "train", "--data", options.data, "--out", folder / "w", "--seed", seed, "--until-top1",
                    options.mark, "--test-every", TEST_EVERY, "--threads", options.threads])
    found = REACHED.search(told)
    return {"seconds": float(found[2]), "iterations": int(found[1])} if found else None


def peer_run(variant, options, seed):
    told = succeed([options.peer, HERE / "time_to_accuracy_peer.py", "--data", options.data, "--seed", seed, "--mark",
                    options.mark, "--threads", options.threads, "--variant", variant, "--rate", RATE, "--iterations",
                    ITERATIONS, "--test-every", TEST_EVERY])
    return json.loads(told)


def line(name, runs):
    reached = sorted(run["seconds"] for run in runs if run)
    if not reached:
        return f"{name}: never reached in {len(runs)} runs"
    missed = len(runs) - len(reached)
    iterations = statistics.median(run["iterations"] for run in runs if run)
    return (f"{name}: median {statistics.median(reached):.2f} s, {reached[0]:.2f} to {reached[-1]:.2f} s, "
            f"{iterations:g} iterations" + (f"; {missed} of {len(runs)} runs never reached it" if missed else ""))


def cpu():
    for text in Path("/proc/cpuinfo").read_text().splitlines():
        if text.startswith("model name"):
            return text.split(": ", 1)[1]
    return "unknown CPU"


def main():
    parser = argparse.ArgumentParser(prog="time_to_accuracy.py", description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with MNIST's four files")
    parser.add_argument("--peer", help="a Python interpreter that has PyTorch")
    parser.add_argument("--seeds", type=int, default=5, help="runs of each (default: 5)")
    parser.add_argument("--mark", type=float, default=0.99, help="part of the test set to be right (default: 0.99)")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--fovea", type=Path, default=ROOT / "build" / "bin" / "fovea", help="the compiler")
    options = parser.parse_args()
    if options.seeds < 1 or options.threads < 1 or not 0 < options.mark <= 1:
        parser.error("expected --seeds and --threads of at least 1, and a --mark greater than 0 and at most 1")
    variants = ["default", "channels-last"] if options.peer else []
    runs = {name: [] for name in ["Fovea"] + [f"PyTorch, {variant}" for variant in variants]}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "lenet.net").write_text(recipe((ROOT / "models" / "lenet.net").read_text()))
        succeed([options.fovea, "compile", folder / "lenet.net", "-o", folder / "lenet"])
        for seed in range(1, options.seeds + 1):
            runs["Fovea"].append(fovea_run(folder / "lenet", options, seed, folder))
            for variant in variants:
                runs[f"PyTorch, {variant}"].append(peer_run(variant, options, seed))
            print(f"seed {seed}: " + ", ".join(f"{name} {all_runs[-1]['seconds']:.2f} s" if all_runs[-1] else
                                               f"{name} never" for name, all_runs in runs.items()), flush=True)
    print(f"LeNet to {100 * options.mark:g} % of MNIST's test set, {options.threads} threads, {cpu()}; training and tests, "
          "without starting, compiling and reading the data:")
    for name, all_runs in runs.items():
        print("  " + line(name, all_runs))


if __name__ == "__main__":
    try:
        main()
    except (Mistake, OSError) as problem:
        sys.exit(f"time_to_accuracy.py: error: {problem}")
