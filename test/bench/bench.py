#!/usr/bin/env python3
"""The benchmark: kernels and networks, beside the machine's limits, Halide's autoschedulers and the peers.

Writes bench.json, all figures, and bench.html, a page with tables, rooflines and where time goes. `./dev bench` runs it.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import compare
import kernels
import machine
import networks
import page


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def positive(text):
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected a number above 0, not `{text}`")
    return number


def arguments():
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__.split("\n")[0])
    parser.add_argument("models", nargs="*", metavar="MODEL", help="model files, or names in models/ "
                        "(default: lenet, alexnet)")
    parser.add_argument("--quick", action="store_true", help="few repetitions and no peers, to see that all works")
    parser.add_argument("--out", type=Path, default=machine.BUILD / "bench", metavar="DIR",
                        help="where bench.json and bench.html go (default: build/bench)")
    parser.add_argument("--threads", type=positive, default=len(os.sched_getaffinity(0)), help="default: all cores")
    parser.add_argument("--batch", default="1,64", help="batches of inference (default: 1,64)")
    parser.add_argument("--train-batch", type=int, default=64, help="of the training step; 0: none (default: 64)")
    parser.add_argument("--repetitions", type=positive, default=5, help="of each kernel and network (default: 5)")
    parser.add_argument("--autoschedulers", action="store_true",
                        help="time each kernel by Halide's autoschedulers, too: minutes to hours")
    parser.add_argument("--autoscheduler-seconds", type=float, default=30, metavar="S",
                        help="for one kernel by one of them (default: 30)")
    parser.add_argument("--peers", metavar="PYTHON", help="an interpreter that has onnx and the peers: onnxruntime, "
                        "openvino, torch (default: the one of ./dev)")
    parser.add_argument("--no-peers", action="store_true", help="Fovea alone")
    parser.add_argument("--only", choices=("kernels", "networks"), help="leave the other out")
    parser.add_argument("--against", metavar="FILE", help="an earlier bench.json: say what became slower or faster; "
                        "status 1 if something is slower beyond noise and threshold")
    parser.add_argument("--compare", nargs=2, metavar=("OLD", "NEW"), help="the same for two files; measures nothing")
    parser.add_argument("--threshold", type=float, default=10, metavar="PERCENT", help="default: 10")
    options = parser.parse_args()
    try:
        options.batches = [positive(batch) for batch in options.batch.split(",")]
    except (ValueError, argparse.ArgumentTypeError):
        parser.error(f"--batch: expected numbers with commas between, not `{options.batch}`")
    return options


def model_file(name):
    for path in (Path(name), machine.ROOT / "models" / f"{name}.net"):
        if path.is_file():
            return path.resolve()
    raise compare.Unusable(f"{name}: is neither a model file nor a name in models/")


def peers_python(options):
    """The interpreter that runs the peers, or None."""
    if options.no_peers or (options.quick and not options.peers):
        return None
    python = options.peers or sys.executable
    try:
        subprocess.run([python, "-c", "import numpy, onnx"], capture_output=True, check=True)
    except OSError as error:
        raise compare.Unusable(f"{python}: cannot be run: {error.strerror}") from None
    except subprocess.CalledProcessError:
        if options.peers:
            raise compare.Unusable(f"{python}: has no numpy and onnx, which the peers' networks are read with") from None
        return None
    return python


def measure(options, models):
    run = {"schema": compare.SCHEMA, "quick": options.quick, "machine": machine.describe(options.threads),
           "versions": machine.versions(), "kernels": [], "networks": []}
    python = peers_python(options)
    for model in models:
        if options.only != "networks":
            say(f"{model.stem}: kernels")
            rows = kernels.measure(model, options)
            for index, row in enumerate(rows if options.autoschedulers else []):
                row["autoschedulers"] = {}
                for name in kernels.AUTOSCHEDULERS:
                    say(f"{model.stem}: {name}, kernel {index + 1} of {len(rows)}")
                    row["autoschedulers"][name] = kernels.autoscheduled(model, compare.key_of(row), name, options)
            run["kernels"] += rows
        if options.only != "kernels":
            with tempfile.TemporaryDirectory() as folder:
                run["networks"] += networks.measure_all(model, options, folder, python, say)
    rows = [row for row in run["kernels"] + run["networks"] if "failed" not in row]
    reads = [row["read_gbytes_per_second"] for row in rows if "read_gbytes_per_second" in row]
    run["machine"]["peak_gflops"] = statistics.median(row["peak_gflops"] for row in rows) if rows else 0.0
    run["machine"]["read_gbytes_per_second"] = statistics.median(reads) if reads else 0.0
    return run


def summary(run):
    """The figures as plain text."""
    lines = [f"{run['machine']['cpu']}, {run['machine']['threads']} threads: {page.limits(run['machine'])}"]
    if run["kernels"]:
        width = max(len(compare.key_of(row)) for row in run["kernels"])
        lines.append(f"{'kernel':<{width}} {'us':>10} {'GFLOP/s':>8} {'peak':>6} {'GB/s':>7} {'autoschedulers take x':>24}")
    for row in run["kernels"]:
        if "failed" in row:
            lines.append(f"{compare.key_of(row):<{width}} failed: {row['failed']}")
            continue
        us = statistics.median(row["us"])
        others = [f"{other['ratio']:.1f}" if "us" in other else "failed" for other in row.get("autoschedulers", {}).values()]
        lines.append(f"{compare.key_of(row):<{width}} {us:>10.2f} {row['gflops']:>8.1f} {row['peak_percent']:>5.1f}% "
                     f"{row['gbytes_per_second']:>7.1f} {' '.join(others):>24}".rstrip())
    for row in run["networks"]:
        if "failed" in row:
            lines.append(f"{compare.key_of(row)}: failed: {row['failed']}")
            continue
        lines.append(f"{compare.key_of(row)}: {row['ms_median']:.4g} ms (least {row['ms_least']:.4g}), "
                     f"{row['peak_percent']:.1f} % of the peak")
        for peer in row["peers"]:
            lines.append(f"  {peer['name']}: " + (f"failed: {peer['failed']}" if "failed" in peer else
                         f"{peer['ms_median']:.4g} ms (least {peer['ms_least']:.4g}); Fovea takes {peer['ratio']:.2f} of it"))
    return "\n".join(lines)


def write(path, text):
    """Whole or not at all."""
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def main():
    options = arguments()
    try:
        if options.compare:
            old, new = map(compare.load, options.compare)
            return compare.report(old, new, options.threshold, sys.stdout)
        old = compare.load(options.against) if options.against else None
        models = [model_file(name) for name in options.models or ("lenet", "alexnet")]
        options.out.mkdir(parents=True, exist_ok=True)
        run = measure(options, models)
        write(options.out / "bench.json", json.dumps(run, indent=1) + "\n")
        write(options.out / "bench.html", page.render(run))
        print(summary(run))
        say(f"wrote {options.out / 'bench.json'} and {options.out / 'bench.html'}")
        return compare.report(old, run, options.threshold, sys.stdout) if old else 0
    except (compare.Unusable, RuntimeError, OSError) as error:
        print(f"bench: error: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
