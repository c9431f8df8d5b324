"""Parts of a recipe, seen in what a training run does."""
import numpy as np
from conftest import run
from files import read_safetensors

NETWORK = """
network Small {{
  input image: f32[1, 28, 28]
  c = image -> conv(4, kernel: 5, stride: 2) -> relu
  output y = c -> dense(10)
}}
train {{
  data: mnist(scale: 0.004)
  optimizer: sgd(lr: {lr}, momentum: 0.9)
  batch: {batch}
  {rest}
}}
"""


def train(fovea, folder, digits, name, *options, lr=0.01, batch=64, rest="epochs: 1"):
    model, program, weights = (folder / f"{name}{suffix}" for suffix in (".net", "", ".safetensors"))
    model.write_text(NETWORK.format(lr=lr, batch=batch, rest=rest))
    run(fovea, "compile", model, "-o", program)
    return run(program, "train", "--data", digits, "--out", weights, *options), read_safetensors(weights)


def test_accumulated_batches_train_as_one_large_batch(fovea, tmp_path, digits):
    _, parts = train(fovea, tmp_path, digits, "parts", batch=32, rest="accumulate: 4 iterations: 15")
    _, whole = train(fovea, tmp_path, digits, "whole", batch=128, rest="iterations: 15")
    _, other = train(fovea, tmp_path, digits, "other", batch=32, rest="iterations: 15")
    for name, value in whole.items():
        scale = np.abs(value).max()
        assert np.abs(parts[name] - value).max() < 1e-4 * scale, name
    assert any(np.abs(other[name] - value).max() > 1e-2 * np.abs(value).max() for name, value in whole.items())


def test_on_plateau_lowers_the_rate_and_resumes(fovea, tmp_path, digits):
    rest = "lr: on_plateau(factor: 0.25, patience: 0, min: 0.004) epochs: 8"
    result, whole = train(fovea, tmp_path, digits, "whole", lr=0.03, rest=rest)
    accuracy, expected = [], []
    best, rate = 0.0, 0.03
    for line in result.stdout.splitlines():
        if "test top1" in line:
            accuracy.append(float(line.split("test top1")[1].split()[0]))
            if accuracy[-1] <= best:
                rate = max(rate / 4, 0.004)
                expected.append(f"the learning rate becomes {rate:g}")
            best = max(best, accuracy[-1])
    told = [line.split("falling: ")[1] for line in result.stdout.splitlines() if "falling" in line]
    assert told == expected and len(told) >= 2, result.stdout

    state = tmp_path / "state"
    train(fovea, tmp_path, digits, "part", "--iterations", "120", "--checkpoint", state, lr=0.03, rest=rest)
    _, resumed = train(fovea, tmp_path, digits, "rest", "--resume", state, "--epochs", "8", lr=0.03, rest=rest)
    assert all(np.array_equal(resumed[name], whole[name]) for name in whole)
