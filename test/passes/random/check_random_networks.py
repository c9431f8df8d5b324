#!/usr/bin/env python3
"""Random networks through all passes, with the optimizations on and off:

- forward results stay what an interpreter in float64 makes of the untouched graph, where
  inference reads what @prepare derives of the parameters;
- gradients agree with finite differences of the untouched graph;
- a parameter without a gradient has no influence on the loss;
- the training function gives what the step and then the update by those gradients give;
- the memory plan never overwrites what is still read.
"""
import argparse
import random
import subprocess
import sys

import numpy as np

from interpreter import Interpreter
from ir_text import parse
from networks import Network
from plan_checker import check

SWITCHES = ["", "", "fold=false", "fuse-update=false", "fuse-pool=false", "fuse-elementwise=false",
            "fold=false fuse-pool=false fuse-elementwise=false", "reuse-memory=false", "hoist-constants=false",
            "fold-batch-norm=false"]
STEP = 1e-5


def passes(tool, text, *flags):
    done = subprocess.run([tool, "-", *flags], input=text, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return parse(done.stdout)


def check_network(tool, seed):
    rng = random.Random(seed)
    text = Network(rng).text()
    target, switches = rng.choice(["x86-64-v3", "x86-64-v4"]), rng.choice(SWITCHES)
    parameters, functions = passes(tool, text)
    planned = passes(tool, text, f"--cnn-optimize=target={target} {switches}",
                     f"--cnn-schedule=target={target} {switches}")
    check(*planned)

    numbers = np.random.default_rng(seed)
    values = {name: numbers.normal(size=tensor.shape) / 2 for name, (tensor, _) in parameters.items()}
    # The masks that the differentiation makes connect everything: these networks' masks are all ones.
    masks = {name: np.ones(tensor.shape) for name, (tensor, _) in planned[0].items() if name.endswith(".mask")}
    all_values = values | masks
    image, labels_type = functions["step"].types[:2]
    classes = functions["step"].body[-1].operand_types[1].shape[1]
    batch = image.shape[0]
    x, labels = numbers.normal(size=image.shape), numbers.integers(0, classes, labels_type.shape)
    lr, inertia, decay = 0.1, 0.9, 0.01
    scalars = np.array([lr, inertia, decay, 1 / batch, batch, 0, 0, 0])

    def losses(changed):
        return interpreter.run(functions["step"], [x, labels, scalars], {"value": changed})[0][0]

    interpreter = Interpreter()
    (expected,), _ = interpreter.run(functions["infer"], [x], {"value": values})
    _, derived = (interpreter.run(planned[1]["prepare"], [], {"value": all_values}) if "prepare" in planned[1]
                  else (None, {"value": {}}))
    (actual,), _ = interpreter.run(planned[1]["infer"], [x], {"value": all_values | derived["value"]})
    np.testing.assert_allclose(actual, expected, rtol=1e-9, atol=1e-12, err_msg="inference")
    expected, _ = interpreter.run(functions["step"], [x, labels, scalars], {"value": values})
    actual, stored = interpreter.run(planned[1]["step"], [x, labels, scalars], {"value": all_values})
    gradients = stored["gradient"]
    for ours, theirs, what in zip(actual, expected, ["loss", "output"]):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12, err_msg=what)

    for name, gradient in gradients.items():
        for _ in range(3):
            index = tuple(numbers.integers(0, extent) for extent in gradient.shape)
            change = np.zeros(gradient.shape)
            change[index] = STEP
            slope = (losses(values | {name: values[name] + change})
                     - losses(values | {name: values[name] - change})).mean() / (2 * STEP)
            np.testing.assert_allclose(gradient[index], slope, rtol=1e-4, atol=1e-6, err_msg=f"gradient of {name}")
    for name in values.keys() - gradients.keys():
        np.testing.assert_allclose(losses(values | {name: values[name] + 0.1}), expected[0], rtol=1e-12,
                                   err_msg=f"{name} has no gradient")

    if "train" not in planned[1]:
        assert "fuse-update=false" in switches or not gradients, "no training function"
        return
    momentum = {name: numbers.normal(size=tensor.shape) / 2 for name, (tensor, _) in parameters.items()}
    returned, stored = interpreter.run(planned[1]["train"], [x, labels, scalars],
                                       {"value": all_values, "momentum": momentum})
    for ours, theirs, what in zip(returned, expected, ["loss", "output"]):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12, err_msg=f"{what} in training")
    assert not stored["gradient"] and stored["value"].keys() == stored["momentum"].keys() == gradients.keys()
    for name, gradient in gradients.items():
        velocity = inertia * momentum[name] + lr * (gradient + decay * values[name])
        np.testing.assert_allclose(stored["momentum"][name], velocity, rtol=1e-9, atol=1e-12,
                                   err_msg=f"momentum of {name}")
        np.testing.assert_allclose(stored["value"][name], values[name] - velocity, rtol=1e-9, atol=1e-12,
                                   err_msg=f"value of {name}")


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("tool", help="fovea-opt")
    arguments.add_argument("--count", type=int, default=100, help="networks to try")
    arguments.add_argument("--seed", type=int, default=0, help="the first network's number")
    options = arguments.parse_args()
    failures = 0
    for seed in range(options.seed, options.seed + options.count):
        try:
            check_network(options.tool, seed)
        except AssertionError as error:
            print(f"network {seed} (repeat with --seed {seed} --count 1): {error}")
            failures += 1
    print(f"{options.count - failures} of {options.count} networks are right")
    sys.exit(failures > 0)


if __name__ == "__main__":
    main()
