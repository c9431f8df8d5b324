"""Where the built compiler is, and how to run programs: one place for all end-to-end tests."""
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("FOVEA_BUILD", ROOT / "build"))
sys.path.insert(0, str(ROOT / "test" / "reference"))


def run(*command, check=True, **options):
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=600, **options)
    if check:
        assert result.returncode == 0, f"{command}: {result.stdout}\n{result.stderr}"
    return result


def random_parameters(program, random):
    """Values that keep activations of about one."""
    import numpy as np

    parameters = {}
    for tensor in json.loads(run(program, "info", "--json").stdout)["tensors"]:
        shape, name = tensor["shape"], tensor["name"]
        if tensor["trainable"] or "running" in name:
            fan_in = max(1, np.prod(shape[3:] if len(shape) == 6 else shape[1:]))
            value = random.standard_normal(shape) * (2 / fan_in) ** 0.5 if len(shape) > 1 else random.random(shape) + 0.5
            parameters[name] = value.astype(np.float32)
    return parameters


@pytest.fixture(scope="session", autouse=True)
def kernel_cache(tmp_path_factory):
    os.environ.setdefault("FOVEA_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture(scope="session")
def fovea():
    return BUILD / "bin" / "fovea"


@pytest.fixture(scope="session")
def lenet(fovea, tmp_path_factory):
    program = tmp_path_factory.mktemp("lenet") / "lenet"
    run(fovea, "compile", ROOT / "models" / "lenet.net", "-o", program)
    return program


def write_digits(folder, train, test, seed, brightness, images_end=""):
    """MNIST's files of made digits: a bright bar whose place says the class, and noise."""
    import numpy as np
    from files import write_idx

    random = np.random.default_rng(seed)
    for name, count in (("train", train), ("t10k", test)):
        labels = random.integers(0, 10, count)
        images = random.integers(0, 60, (count, 28, 28))
        for image, label in zip(images, labels):
            row, column = 2 + 5 * (label // 2), 2 + 13 * (label % 2)
            image[row:row + 4, column:column + 11] += brightness
        write_idx(folder / f"{name}-images-idx3-ubyte{images_end}", images)
        write_idx(folder / f"{name}-labels-idx1-ubyte", labels)
    return folder


@pytest.fixture(scope="session")
def digits(tmp_path_factory):
    """Digits that LeNet learns in a few hundred iterations."""
    return write_digits(tmp_path_factory.mktemp("digits"), 1280, 320, 0, 180, ".gz")
