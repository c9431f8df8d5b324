"""Rows for networks: compiled programs' `bench`, in turn with the peers on the same network."""
import json
import signal
import statistics
import subprocess
import sys
from pathlib import Path

from machine import BUILD, ROOT, failure

FOVEA = BUILD / "bin" / "fovea"
PEERS = ("ONNX Runtime", "OpenVINO", "PyTorch", "PyTorch channels-last")
PEER_SECONDS = 600  # For loading a network, or one round.


def run(*command):
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if result.returncode:
        raise RuntimeError(failure(result))
    return result.stdout


class Program:
    """A model compiled for one purpose."""

    def __init__(self, model, folder, batches, train):
        self.model, self.train = model, train
        self.path = Path(folder) / f"{model.stem}-{'train' if train else 'infer'}"
        run(FOVEA, "compile", model, "-o", self.path, "--batch", ",".join(str(batch) for batch in batches),
            *([] if train else ["--inference"]))

    def bench(self, batch, threads, repeat=None):
        return json.loads(run(self.path, "bench", "--json", "--batch", batch, "--threads", threads,
                              *(["--train"] if self.train else []), *(["--repeat", repeat] if repeat else [])))

    def export(self, folder):
        """The network with some parameters as an ONNX file; None and the reason where ONNX has no words for it."""
        import numpy as np
        sys.path.insert(0, str(ROOT / "test" / "reference"))
        from files import write_safetensors
        random, parameters = np.random.default_rng(1), {}
        for tensor in json.loads(run(self.path, "info", "--json"))["tensors"]:
            shape = tensor["shape"]
            if tensor["trainable"] or "running" in tensor["name"]:
                fan_in = max(1, np.prod(shape[3:] if len(shape) == 6 else shape[1:]))
                value = random.standard_normal(shape) * (2 / fan_in)**0.5 if len(shape) > 1 else random.random(shape) + 0.5
                parameters[tensor["name"]] = value.astype(np.float32)
        weights, path = Path(folder) / "weights.safetensors", Path(folder) / f"{self.model.stem}.onnx"
        write_safetensors(weights, parameters)
        run(FOVEA, "export", self.model, "--weights", weights, "-o", path)
        return path


class Peer:
    """A process of peers.py. Stopped while it is not measured: a thread that spins would be in the others' way."""

    def __init__(self, python, name, model, batch, threads, train):
        self.name = name
        self.process = subprocess.Popen(
            [str(python), str(Path(__file__).with_name("peers.py")), name, str(model), "--batch", str(batch), "--threads",
             str(threads), *(["--train"] if train else [])],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        reply = self.reply()
        self.failed, self.version, self.rounds = reply.get("failed"), reply.get("version"), []
        self.pause()

    def reply(self):
        import select
        if not select.select([self.process.stdout], [], [], PEER_SECONDS)[0]:
            self.process.kill()
            return {"failed": f"took more than {PEER_SECONDS} s"}
        line = self.process.stdout.readline()
        if line:
            return json.loads(line)
        status = self.process.wait()
        return {"failed": f"crashed ({signal.Signals(-status).name})" if status < 0 else f"ended with status {status}"}

    def pause(self):
        if not self.failed:
            self.process.send_signal(signal.SIGSTOP)

    def measure(self, runs):
        self.process.send_signal(signal.SIGCONT)
        self.process.stdin.write(f"{runs}\n")
        self.process.stdin.flush()
        reply = self.reply()
        self.failed = reply.get("failed")
        if not self.failed:
            self.rounds.append(reply["ms"])
        self.pause()

    def close(self):
        self.process.kill()
        self.process.wait()


def spent(rounds):
    """Times of all rounds, summed up; `ms` holds the least of each round."""
    return {"ms": [min(times) for times in rounds], "ms_least": min(map(min, rounds)),
            "ms_median": statistics.median(statistics.median(times) for times in rounds)}


def kernels_of(report):
    return [{key: kernel[key] for key in ("name", "ms", "flops", "bytes", "gflops", "peak_percent", "gbytes_per_second")}
            for kernel in report["kernels"]]


def measure(program, batch, options, python, onnx):
    """One network, batch and mode: rounds of Fovea and each peer in turn."""
    first = program.bench(batch, options.threads, 2 if options.quick else None)
    runs = max(2, min(200, int(1000 / first["ms_median"])))
    if options.quick:
        runs = 2
    peers = []
    try:
        if python and onnx:
            peers = [Peer(python, name, onnx, batch, options.threads, program.train) for name in PEERS
                     if not (program.train and name in ("ONNX Runtime", "OpenVINO"))]
        own, peaks = [], []
        for _ in range(2 if options.quick else options.repetitions):
            report = program.bench(batch, options.threads, runs)
            own.append([report["ms_min"], report["ms_median"]])
            peaks.append(report["peak_gflops"])
            for peer in peers:
                if not peer.failed:
                    peer.measure(runs)
    finally:
        for peer in peers:
            peer.close()
    times = spent(own) | {"ms_median": statistics.median(median for _, median in own)}
    flops, peak = sum(kernel["flops"] for kernel in first["kernels"]), statistics.median(peaks)
    gflops = flops / times["ms_median"] * 1e-6
    row = {"network": first["network"], "mode": first["mode"], "batch": batch, **times, "flops": flops, "gflops": gflops,
           "peak_gflops": peak, "peak_percent": 100 * gflops / peak if peak else 0.0,
           "images_per_second": batch / times["ms_median"] * 1000, "kernels": kernels_of(first), "peers": []}
    for peer in peers:
        if peer.failed or not peer.rounds:
            row["peers"].append({"name": peer.name, "failed": peer.failed or "no result"})
            continue
        theirs = spent(peer.rounds)
        ratios = [ours / other for ours, other in zip(row["ms"], theirs["ms"])]
        row["peers"].append({"name": peer.name, "version": peer.version, **theirs,
                             "ratio": statistics.median(ratios), "ratios": ratios})
    return row


def measure_all(model, options, folder, python, say):
    """Inference for each batch, then a training step; a mode that the model does not have is a row with its reason."""
    rows, onnx = [], None
    for train, batches in ((False, options.batches), (True, [options.train_batch] if options.train_batch else [])):
        if not batches:
            continue
        try:
            program = Program(model, folder, batches, train)
            if python and not onnx:
                try:
                    onnx = program.export(folder)
                except RuntimeError as error:
                    say(f"{model.stem}: no ONNX model for the peers: {error}")
            for batch in batches:
                say(f"{model.stem}: {'training step' if train else 'inference'}, batch {batch}")
                rows.append(measure(program, batch, options, python, onnx))
        except RuntimeError as error:
            rows.append({"network": model.stem, "mode": "train" if train else "infer", "batch": batches[-1],
                         "failed": str(error)})
    return rows
