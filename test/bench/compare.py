"""Two runs of the benchmark, beside each other: what became slower or faster by more than noise."""
import json
import statistics
from dataclasses import dataclass

SCHEMA = 1
LEAST_NOISE = 0.02  # Repetitions of one run agree better than two runs do.
PEAK_DRIFT = 0.02   # A measured peak that differs less is the same machine at the same clock.


class Unusable(Exception):
    """A file that holds no run, or a run that cannot be compared: one line for the user."""


def load(path):
    """A run as bench.py writes it, checked as far as comparing and showing need it."""
    try:
        with open(path, encoding="utf-8") as file:
            run = json.load(file)
    except OSError as error:
        raise Unusable(f"{path}: cannot be read: {error.strerror}") from None
    except ValueError:
        raise Unusable(f"{path}: holds no JSON; a bench.json that ./dev bench wrote is expected") from None
    if not isinstance(run, dict) or "schema" not in run:
        raise Unusable(f"{path}: is no bench.json that ./dev bench wrote")
    if run["schema"] != SCHEMA:
        raise Unusable(f"{path}: has schema {run['schema']}, but this ./dev bench reads {SCHEMA}; measure it again")
    if not is_whole(run):
        raise Unusable(f"{path}: is damaged: a field is missing or of another type")
    return run


def is_whole(run):
    """Whether a run has what comparing needs of it."""
    try:
        limits = run["machine"]
        known = isinstance(limits["cpu"], str) and isinstance(limits["threads"], int) and limits["peak_gflops"] >= 0
        rows = run["kernels"] + run["networks"]
        timed = [times_of(row) for row in rows if key_of(row) and "failed" not in row]
        return known and all(times and all(time > 0 for time in times) for times in timed)
    except (KeyError, TypeError):
        return False


def key_of(row):
    if "mode" in row:
        return f"{row['network']}, {'training step' if row['mode'] == 'train' else 'inference'}, batch {row['batch']}"
    return f"{row['network']}/{row['function']}/{row['name']}"


def times_of(row):
    """Milliseconds of a network's rounds, microseconds of a kernel's repetitions."""
    return row["ms"] if "mode" in row else row["us"]


@dataclass
class Change:
    name: str
    unit: str
    old: float
    new: float    # As measured.
    ratio: float  # Scaled new time over old, of the medians.
    least: float  # The same of the least times: other work on the machine moves medians, and seldom these.
    noise: float  # What a ratio may be off from 1 without meaning anything.

    @property
    def verdict(self):
        if min(self.ratio, self.least) > 1 + self.noise:
            return "slower"
        return "faster" if max(self.ratio, self.least) < 1 / (1 + self.noise) else "same"


def deviation(times):
    """The median distance from the median, as a share of it: one odd repetition does not count."""
    middle = statistics.median(times)
    return statistics.median(abs(time - middle) for time in times) / middle


def scale_between(old, new):
    """What the new times are multiplied by, and what there is to say about the machines."""
    a, b = old["machine"], new["machine"]
    if a["threads"] != b["threads"]:
        raise Unusable(f"the runs used {a['threads']} and {b['threads']} threads; measure with --threads {a['threads']}")
    notes = []
    if a["cpu"] != b["cpu"]:
        notes.append(f"warning: other CPUs: {a['cpu']}, then {b['cpu']}; the ratios say little of the code")
    if old.get("quick") or new.get("quick"):
        notes.append("warning: a --quick run has too few repetitions to tell noise")
    scale = 1.0
    if a["peak_gflops"] > 0 and b["peak_gflops"] > 0:
        drift = b["peak_gflops"] / a["peak_gflops"]
        if abs(drift - 1) > PEAK_DRIFT:
            scale = drift
            notes.append(f"the measured multiply-add peak went from {a['peak_gflops']:.1f} to {b['peak_gflops']:.1f} GFLOP/s; "
                         f"the new times are multiplied by {scale:.3f} for the ratios")
    return scale, notes


def compare(old, new):
    """(changes, names only in the new run, names only in the old, notes). A row that failed is not there."""
    scale, notes = scale_between(old, new)

    def rows(run):
        return {key_of(row): row for row in run["kernels"] + run["networks"] if "failed" not in row}
    before, after = rows(old), rows(new)
    changes = []
    for name in (name for name in after if name in before):
        a, b = times_of(before[name]), times_of(after[name])
        changes.append(Change(name, "ms" if "mode" in after[name] else "us", statistics.median(a), statistics.median(b),
                              statistics.median(b) * scale / statistics.median(a), min(b) * scale / min(a),
                              max(LEAST_NOISE, 2 * (deviation(a) + deviation(b)))))
    return changes, [n for n in after if n not in before], [n for n in before if n not in after], notes


def report(old, new, threshold, out):
    """Prints the comparison; 1 when something is slower by more than noise and `threshold` percent, otherwise 0."""
    changes, added, gone, notes = compare(old, new)
    for note in notes:
        print(note, file=out)
    failed = 0
    for verdict in ("slower", "faster"):
        chosen = sorted((c for c in changes if c.verdict == verdict), key=lambda c: c.ratio, reverse=verdict == "slower")
        if chosen:
            print(f"{verdict} by more than noise:", file=out)
        for change in chosen:
            beyond = verdict == "slower" and min(change.ratio, change.least) > 1 + threshold / 100
            failed += beyond
            print(f"  {change.name}: {change.old:.4g} -> {change.new:.4g} {change.unit}, x {change.ratio:.2f} "
                  f"(noise {100 * change.noise:.0f} %){', beyond the threshold' if beyond else ''}", file=out)
    for names, title in ((added, "only in the new run:"), (gone, "only in the old run:")):
        if names:
            print(title, *names, sep="\n  ", file=out)
    count = {verdict: sum(c.verdict == verdict for c in changes) for verdict in ("slower", "faster", "same")}
    print(f"{count['slower']} slower ({failed} by more than {threshold:g} %), {count['faster']} faster, {count['same']} the "
          f"same, {len(added)} new, {len(gone)} gone", file=out)
    return 1 if failed else 0
