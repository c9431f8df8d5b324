"""The machine and the build that figures were measured with."""
import os
import re
import subprocess
from datetime import datetime, timezone
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("FOVEA_BUILD", ROOT / "build"))
FEATURES = ("avx2", "fma", "avx512f", "avx512bw", "avx512vl", "avx512_bf16", "amx_tile", "amx_bf16")


def output(*command):
    """What the command prints, or "" where it cannot be run."""
    try:
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def describe(threads):
    cpuinfo = Path("/proc/cpuinfo").read_text()
    model = re.search(r"^model name\s*: (.*)$", cpuinfo, re.M)
    flags = set((re.search(r"^flags\s*: (.*)$", cpuinfo, re.M) or [""] * 2)[1].split())
    return {"cpu": model[1] if model else "unknown", "features": [name for name in FEATURES if name in flags],
            "cores": len(os.sched_getaffinity(0)), "threads": threads}


def versions():
    return {"fovea": output(str(BUILD / "bin" / "fovea"), "--version").removeprefix("fovea "),
            "commit": output("git", "rev-parse", "HEAD"),
            "changed": bool(output("git", "status", "--porcelain", "--untracked-files=no")),
            "date": datetime.now(timezone.utc).isoformat(timespec="seconds")}


def failure(result):
    """In a few words, why a finished process has no result."""
    import signal
    if result.returncode < 0:
        return f"crashed ({signal.Signals(-result.returncode).name})"
    lines = [line for line in result.stderr.strip().splitlines() if line.strip()]
    told = next((line for line in lines if "error:" in line), lines[-1] if lines else f"ended with status {result.returncode}")
    return told.removeprefix("fovea-kernel-bench: error: ").removeprefix("fovea: error: ")[:200]
