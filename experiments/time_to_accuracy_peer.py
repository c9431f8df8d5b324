"""models/lenet.net in PyTorch, trained as time_to_accuracy.py says; needs torch and numpy. Prints one JSON value: seconds
and iterations to the mark, or null."""
import argparse
import gzip
import json
import math
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional


def idx(path, offset):
    path = path if path.exists() else path.with_name(path.name + ".gz")
    data = gzip.open(path).read() if path.suffix == ".gz" else path.read_bytes()
    return np.frombuffer(data, np.uint8, offset=offset)


def split(folder, name):
    images = idx(folder / f"{name}-images-idx3-ubyte", 16).reshape(-1, 1, 28, 28).astype(np.float32) * 0.00390625
    return torch.from_numpy(images), torch.from_numpy(idx(folder / f"{name}-labels-idx1-ubyte", 8).astype(np.int64))


def lenet():
    network = nn.Sequential(nn.Conv2d(1, 20, 5), nn.MaxPool2d(2), nn.Conv2d(20, 50, 5), nn.MaxPool2d(2), nn.Flatten(),
                            nn.Linear(800, 500), nn.ReLU(), nn.Linear(500, 10))
    for module in network:
        if hasattr(module, "weight"):  # Caffe's xavier
            bound = math.sqrt(3 / module.weight[0].numel())
            nn.init.uniform_(module.weight, -bound, bound)
            nn.init.zeros_(module.bias)
    return network


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path)
    parser.add_argument("--variant", choices=["default", "channels-last"])
    for name, kind in (("seed", int), ("mark", float), ("threads", int), ("rate", float), ("iterations", int),
                       ("test-every", int)):
        parser.add_argument("--" + name, type=kind)
    o = parser.parse_args()
    torch.set_num_threads(o.threads)
    torch.set_flush_denormal(True)
    torch.manual_seed(o.seed)
    images, labels = split(o.data, "train")
    test_images, test_labels = split(o.data, "t10k")
    layout = torch.channels_last if o.variant == "channels-last" else torch.contiguous_format

    begun = time.perf_counter()
    network = lenet().to(memory_format=layout)
    biases = [value for name, value in network.named_parameters() if name.endswith("bias")]
    weights = [value for name, value in network.named_parameters() if not name.endswith("bias")]
    optimizer = torch.optim.SGD([{"params": weights}, {"params": biases, "factor": 2}], lr=o.rate, momentum=0.9,
                                weight_decay=5e-4)
    per_epoch = math.ceil(len(images) / 64)
    result = None
    for iteration in range(o.iterations):
        if iteration % per_epoch == 0:
            order = torch.randperm(len(images))
        chosen = order[iteration % per_epoch * 64:][:64]
        for group in optimizer.param_groups:
            group["lr"] = group.get("factor", 1) * o.rate * (1 + math.cos(math.pi * iteration / o.iterations)) / 2
        optimizer.zero_grad(set_to_none=True)
        loss = functional.cross_entropy(network(images[chosen].to(memory_format=layout)), labels[chosen])
        loss.backward()
        optimizer.step()
        done = iteration + 1
        if done % o.test_every == 0 or done % per_epoch == 0 or done == o.iterations:
            with torch.inference_mode():
                right = sum(int((network(part.to(memory_format=layout)).argmax(1) == wanted).sum())
                            for part, wanted in zip(test_images.split(1000), test_labels.split(1000)))
            if right >= o.mark * len(test_labels):
                result = {"seconds": time.perf_counter() - begun, "iterations": done}
                break
    print(json.dumps(result))


main()
