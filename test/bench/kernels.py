"""Rows for kernels: `fovea-kernel-bench` on each model, and on each kernel with Halide's autoschedulers."""
import json
import os
import resource
import statistics
import subprocess

from machine import BUILD, failure

AUTOSCHEDULERS = ("Mullapudi2016", "Adams2019", "Li2018")
BENCH = BUILD / "bin" / "fovea-kernel-bench"


def command(model, options):
    return [str(BENCH), str(model), f"--threads={options.threads}",
            f"--batch={','.join(str(batch) for batch in options.batches)}", f"--train-batch={options.train_batch}",
            "--benchmark_format=json", f"--benchmark_min_time={0.01 if options.quick else 0.1}"]


def repetitions(text):
    """Google Benchmark's JSON as {name: runs of that name}."""
    found = {}
    for run in json.loads(text)["benchmarks"]:
        if run["run_type"] == "iteration":
            found.setdefault(run["run_name"].split("/threads:")[0], []).append(run)
    return found


def row(name, runs):
    """One kernel: its times in microseconds, one for each repetition, and what it had to do."""
    network, function, kernel = name.split("/", 2)
    result = {"network": network, "function": function, "name": kernel, "part": runs[0].get("label", "")}
    if problems := [run["error_message"] for run in runs if run.get("error_occurred")]:
        return result | {"failed": problems[0]}
    first = runs[0]

    def median(counter):
        return statistics.median(run[counter] for run in runs)
    us = median("real_time")
    flops, direct, size = int(first["flops"]), int(first["direct_flops"]), int(first["bytes"])
    return result | {
        "us": [run["real_time"] for run in runs], "flops": flops, "direct_flops": direct, "bytes": size,
        "flop_per_byte": flops / size, "gflops": flops / us * 1e-3, "direct_gflops": direct / us * 1e-3,
        "peak_gflops": median("peak_GFLOP/s"), "peak_percent": median("%peak"), "gbytes_per_second": size / us * 1e-3,
        "read_gbytes_per_second": first["read_GB/s"], "compile_ms": first["compile_ms"]}


def measure(model, options):
    """All kernels of the model; their repetitions are shuffled, so that drift of the machine shows as spread."""
    result = subprocess.run(
        command(model, options) + [f"--benchmark_repetitions={2 if options.quick else options.repetitions}",
                                   "--benchmark_enable_random_interleaving=true"],
        capture_output=True, text=True)
    if result.returncode:
        raise RuntimeError(f"{model}: {failure(result)}")
    found = repetitions(result.stdout).items()
    return [row(name, runs) for name, runs in sorted(found, key=lambda item: item[1][0]["family_index"])]


def limited():
    """In a child: an autoscheduler that takes all memory is to fail alone."""
    most = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") * 3 // 4
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def autoscheduled(model, name, autoscheduler, options):
    """A kernel's times by one of Halide's schedulers, in turn with ours, or why it has none. In a process of its own: some
    stall or crash."""
    escaped = "".join("\\" + c if c in "\\^$.|?*+()[]{}" else c for c in name)
    try:
        result = subprocess.run(
            command(model, options) + [f"--autoscheduler={autoscheduler}", f"--benchmark_filter=^{escaped}/threads",
                                       "--benchmark_repetitions=3"],
            capture_output=True, text=True, timeout=options.autoscheduler_seconds, preexec_fn=limited)
    except subprocess.TimeoutExpired:
        return {"failed": f"took more than {options.autoscheduler_seconds:g} s"}
    if result.returncode:
        return {"failed": failure(result)}
    runs = repetitions(result.stdout).get(name, [])
    if not runs or any(run.get("error_occurred") for run in runs):
        return {"failed": runs[0]["error_message"] if runs else "no result"}
    return {"us": [run["real_time"] for run in runs], "our_us": [run["our_us"] for run in runs],
            "ratio": statistics.median(run["real_time"] / run["our_us"] for run in runs), "compile_ms": runs[0]["compile_ms"]}
