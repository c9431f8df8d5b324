"""The papers' experiments on CIFAR-10, as commands that write a page with a table and pictures.

    experiments.py relu-tanh --data DIR       epochs to 25 % training error: Krizhevsky et al. 2012, figure 1
    experiments.py normalization --data DIR   with and without local response normalization (section 3.3)
    experiments.py pooling --data DIR         overlapping and plain pooling (section 3.4)
    experiments.py dropout --data DIR         with and without dropout (section 4.2)
    experiments.py filters --weights FILE     the first layer's filters, as in figure 3

Each compiles its variants of `network.net`, trains them one after the other and reads the figures of each epoch.
"""
import argparse
import html
import json
import math
import re
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
EPOCH = re.compile(r"^epoch (\d+)/\d+ .*?top1 ([\d.]+)  test loss \S+  test top1 ([\d.]+)")


class Mistake(Exception):
    """What the user is told in one line."""


@dataclass
class Variant:
    """A network to be trained, and how."""
    name: str
    replace: dict = field(default_factory=dict)  # of network.net's text
    rates: list = field(default_factory=lambda: [0.001])  # of which the best is kept


@dataclass
class Experiment:
    title: str
    source: str
    variants: list
    epochs: int
    stop_at: float = 0.0  # training error in percent at which a run ends; 0: never


NO_DECAY = {"weight_decay: 0.004": "weight_decay: 0", "decay: 250, bias_decay: 0": "decay: 1"}
NORMALIZATION = "lrn(size: 3, alpha: 5.5555556e-6, beta: 0.75, region: within)"


def hidden(last):
    """A hidden layer of 512 units before the output."""
    return {"  output scores = conv3 -> flatten -> dense(10":
            f"  hidden = conv3 -> flatten -> dense(512, init: gaussian(0.03)) -> {last}\n  output scores = hidden -> dense(10"}


EXPERIMENTS = {
    "relu-tanh": Experiment(
        "ReLU against tanh: epochs to 25 % training error", "Krizhevsky, Sutskever, Hinton 2012, section 3.1, figure 1",
        # No regularization; the rate is chosen for each network by itself, as in the paper.
        [Variant("ReLU", NO_DECAY, [0.001, 0.002, 0.004]),
         Variant("tanh", NO_DECAY | {"-> relu": "-> tanh"}, [0.001, 0.002, 0.004])], epochs=60, stop_at=25.0),
    "normalization": Experiment(
        "With and without local response normalization", "Krizhevsky, Sutskever, Hinton 2012, section 3.3",
        [Variant("within channels", {"-> avg": f"-> {NORMALIZATION} -> avg"}),
         Variant("across channels", {"-> avg": "-> lrn(size: 9, alpha: 1.1111e-4, beta: 0.75) -> avg"}),
         Variant("none")], epochs=20),
    "pooling": Experiment(
        "Overlapping and plain pooling", "Krizhevsky, Sutskever, Hinton 2012, section 3.4",
        [Variant("3 x 3, stride 2"), Variant("2 x 2, stride 2", {"pool(3, ": "pool(2, "})], epochs=20),
    "dropout": Experiment(
        "With and without dropout", "Krizhevsky, Sutskever, Hinton 2012, section 4.2",
        [Variant("dropout", hidden("relu -> dropout(0.5)")), Variant("none", hidden("relu"))], epochs=40),
}


@dataclass
class Run:
    variant: str
    rate: float
    seed: int
    train_error: list = field(default_factory=list)  # percent after each epoch
    test_error: list = field(default_factory=list)
    reached: float = math.nan  # epochs to `stop_at`, interpolated

    def finish(self, stop_at):
        """Between the epoch that is above the mark and the one that is below it, the error is taken to fall evenly."""
        for epoch, (before, after) in enumerate(zip([90.0] + self.train_error, self.train_error)):
            if stop_at and after <= stop_at:
                self.reached = epoch + (before - stop_at) / (before - after)
                return


def variant_text(variant, base, rate):
    """The model file of a variant; every replacement must have something to replace."""
    text = base.replace("lr: 0.001", f"lr: {rate:g}")
    for old, new in variant.replace.items():
        if old not in text:
            raise Mistake(f"network.net does not hold `{old}`, which the variant {variant.name} replaces")
        text = text.replace(old, new)
    return text


def train(program, data, folder, seed, epochs, stop_at, say):
    """The training and test errors of each epoch, until the training error is at most `stop_at`."""
    command = [str(program), "train", "--data", str(data), "--out", str(folder / "w.safetensors"), "--seed", str(seed),
               "--epochs", str(epochs)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    errors, stopped = [], False
    for line in process.stdout:
        match = EPOCH.match(line)
        if not match or stopped:
            continue
        errors.append((100 - float(match[2]), 100 - float(match[3])))
        say(f"  epoch {match[1]}: training error {errors[-1][0]:.2f} %, test error {errors[-1][1]:.2f} %")
        if errors[-1][0] <= stop_at:
            stopped = True
            process.send_signal(signal.SIGINT)
    told = process.stderr.read().strip()
    code = process.wait()
    diverged = "not a finite number" in told
    if code and not stopped and not diverged:
        raise Mistake(told or f"{' '.join(command)} ended with code {code}")
    if diverged:
        say("  the training diverged")
    return errors


def perform(experiment, options, say):
    base = (HERE / "network.net").read_text()
    runs = []
    for variant in experiment.variants:
        for rate in variant.rates:
            name = f"{variant.name}-{rate:g}".replace(" ", "").replace(",", "-")
            model, program = options.out / f"{name}.net", options.out / name
            model.write_text(variant_text(variant, base, rate))
            made = subprocess.run([options.fovea, "compile", model, "-o", program], capture_output=True, text=True)
            if made.returncode:
                raise Mistake(made.stderr.strip().splitlines()[0])
            for seed in range(1, options.seeds + 1):
                say(f"{variant.name}, rate {rate:g}, seed {seed}")
                errors = train(program, options.data, options.out, seed, options.epochs or experiment.epochs,
                               experiment.stop_at, say)
                run = Run(variant.name, rate, seed, [e[0] for e in errors], [e[1] for e in errors])
                run.finish(experiment.stop_at)
                runs.append(run)
    return runs


def best_rates(experiment, runs):
    """Of each variant, the rate that reached the mark first, or whose last test error was least."""
    chosen = {}
    for variant in experiment.variants:
        def merit(rate):
            own = [run for run in runs if run.variant == variant.name and run.rate == rate]
            values = [(run.reached if experiment.stop_at else (run.test_error or [100.0])[-1]) for run in own]
            return math.inf if any(math.isnan(value) for value in values) else float(np.mean(values))
        chosen[variant.name] = min(variant.rates, key=merit)
    return chosen


def rows(experiment, runs):
    """The table: a row for each variant at its best rate."""
    table = []
    for name, rate in best_rates(experiment, runs).items():
        own = [run for run in runs if run.variant == name and run.rate == rate and run.train_error]
        row = {"variant": name, "learning rate": f"{rate:g}", "runs": str(len(own))}
        if experiment.stop_at:
            times = [run.reached for run in own]
            never = not times or any(math.isnan(time) for time in times)
            row[f"epochs to {experiment.stop_at:g} % training error"] = "not reached" if never else f"{np.mean(times):.1f}"
        else:
            row["training error, %"] = f"{np.mean([run.train_error[-1] for run in own]):.2f}" if own else "diverged"
            row["test error, %"] = f"{np.mean([run.test_error[-1] for run in own]):.2f}" if own else "diverged"
        table.append(row)
    return table


def draw(experiment, runs, path):
    """The errors over the epochs, as an SVG picture."""
    import matplotlib
    matplotlib.use("svg")
    from matplotlib import pyplot
    figure, axes = pyplot.subplots(figsize=(8, 4.5))
    for color, (name, rate) in zip(("C0", "C3", "C2", "C1"), best_rates(experiment, runs).items()):
        for run in (run for run in runs if run.variant == name and run.rate == rate):
            epochs, first = range(1, len(run.train_error) + 1), run.seed == 1
            axes.plot(epochs, run.train_error, color=color, label=f"{name}, training" if first else None)
            if not experiment.stop_at:
                axes.plot(epochs, run.test_error, color=color, linestyle="--", label=f"{name}, test" if first else None)
    if experiment.stop_at:
        axes.axhline(experiment.stop_at, color="grey", linewidth=0.8)
    axes.set(xlabel="epochs", ylabel="error, %", title=experiment.title)
    axes.legend()
    figure.tight_layout()
    figure.savefig(path)
    pyplot.close(figure)


def data_note(data):
    """What must be said of the images beside every figure."""
    if any((data / "train").glob("*/*.jp*g")):
        return "The images went through JPEG, which loses some detail: errors are larger than on the original CIFAR-10."
    return ""


def cpu():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return "unknown CPU"


def page(experiment, table, note, picture):
    head = "".join(f"<th>{html.escape(key)}</th>" for key in table[0])
    body = "".join("<tr>" + "".join(f"<td>{html.escape(value)}</td>" for value in row.values()) + "</tr>" for row in table)
    return f"""<!doctype html>
<meta charset="utf-8"><title>{html.escape(experiment.title)}</title>
<style>body{{font-family:sans-serif;max-width:50em;margin:2em auto}}td,th{{padding:.3em 1em;text-align:left}}</style>
<h1>{html.escape(experiment.title)}</h1>
<p>{html.escape(experiment.source)}. CIFAR-10, {html.escape(cpu())}. {html.escape(note)}</p>
<table>{"<tr>" + head + "</tr>" + body}</table>
{picture}
"""


def read_tensor(path, name):
    try:
        raw = path.read_bytes()
        size = int.from_bytes(raw[:8], "little")
        header = json.loads(raw[8:8 + size])
        first = next((key for key, value in header.items() if key != "__metadata__" and not key.startswith("momentum/")
                      and len(value["shape"]) == 4), None)
        entry = header.get(name or first)
        if entry is None:
            raise Mistake(f"{path}: holds no tensor `{name}`" if name else f"{path}: holds no convolution's weight")
        begin, end = entry["data_offsets"]
        return np.frombuffer(raw[8 + size + begin:8 + size + end], "<f4").reshape(entry["shape"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as problem:
        raise Mistake(f"{path}: is not a file of parameters ({problem})") from problem


def draw_filters(weight, path):
    """A grid of the filters [filters, 1 or 3, kh, kw], each from its least value (black) to its largest."""
    if weight.ndim != 4 or weight.shape[1] not in (1, 3):
        raise Mistake(f"filters of the shape {list(weight.shape)} are no pictures; the first layer's have 1 or 3 channels")
    import matplotlib
    matplotlib.use("svg")
    from matplotlib import image
    count, _, height, width = weight.shape
    columns = math.ceil(math.sqrt(2 * count))
    grid = np.ones((math.ceil(count / columns) * (height + 1) + 1, columns * (width + 1) + 1, 3))
    for index, one in enumerate(weight):
        low, high = float(one.min()), float(one.max())
        tile = ((one - low) / max(high - low, 1e-12)).transpose(1, 2, 0)
        top, left = 1 + index // columns * (height + 1), 1 + index % columns * (width + 1)
        grid[top:top + height, left:left + width] = tile
    image.imsave(path, np.kron(grid, np.ones((8, 8, 1))))


def main():
    parser = argparse.ArgumentParser(prog="experiments.py", description=__doc__.split("\n")[0])
    parser.add_argument("name", choices=[*EXPERIMENTS, "filters"])
    parser.add_argument("--data", type=Path, help="folder of CIFAR-10")
    parser.add_argument("--out", type=Path, help="folder of the results (default: build/experiments/NAME)")
    parser.add_argument("--epochs", type=int, help="at most so many (default: the experiment's)")
    parser.add_argument("--seeds", type=int, default=1, help="runs of each variant that are averaged (default: 1)")
    parser.add_argument("--weights", type=Path, help="filters: a file of parameters")
    parser.add_argument("--tensor", help="filters: the tensor's name (default: the first convolution's weight)")
    parser.add_argument("--fovea", type=Path, default=ROOT / "build" / "bin" / "fovea", help="the compiler")
    options = parser.parse_args()
    options.out = options.out or ROOT / "build" / "experiments" / options.name
    options.out.mkdir(parents=True, exist_ok=True)
    if options.name == "filters":
        if not options.weights:
            parser.error("filters needs --weights")
        draw_filters(read_tensor(options.weights, options.tensor), options.out / "filters.png")
        print(options.out / "filters.png")
        return
    if not options.data:
        parser.error(f"{options.name} needs --data")
    experiment = EXPERIMENTS[options.name]
    runs = perform(experiment, options, lambda line: print(line, flush=True))
    table = rows(experiment, runs)
    draw(experiment, runs, options.out / "errors.svg")
    result = {"experiment": options.name, "cpu": cpu(), "note": data_note(options.data), "table": table,
              "runs": [vars(run) | {"reached": None if math.isnan(run.reached) else run.reached} for run in runs]}
    (options.out / "result.json").write_text(json.dumps(result, indent=1))
    (options.out / "index.html").write_text(
        page(experiment, table, result["note"], '<p><img src="errors.svg" alt="errors over the epochs"></p>'))
    for row in table:
        print("  ".join(f"{key}: {value}" for key, value in row.items()))
    print(options.out / "index.html")


if __name__ == "__main__":
    try:
        main()
    except Mistake as problem:
        sys.exit(f"experiments.py: error: {problem}")
    except OSError as problem:
        sys.exit(f"experiments.py: error: {problem}")
