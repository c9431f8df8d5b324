#!/usr/bin/env python3
"""One of Fovea's peers, run on an ONNX model that `fovea export` made: a process that measures when it is asked to.

  peers.py PEER MODEL.onnx --batch N --threads T [--train]

Runs in whatever Python has the peer; needs numpy, and nothing of Fovea. When the network is loaded and warm it prints a
line of JSON, {"version": ...}, or {"failed": reason} and ends. Each line "RUNS" that it then reads makes it run the
network so often and print {"ms": [...]}, a time for each run. It ends with its input.

Training is one step: forward, cross entropy, backward, SGD with momentum and weight decay. An exported model has no
dropout, so PyTorch's step is a little cheaper than the recipe's.
"""
import argparse
import json
import sys
import time


def onnxruntime(path, x, threads, train):
    import onnxruntime as ort
    if train:
        raise RuntimeError("does not train")
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return ort.__version__, lambda: session.run(None, {name: x})


def openvino(path, x, threads, train):
    import openvino as ov
    if train:
        raise RuntimeError("does not train")
    core = ov.Core()
    model = core.read_model(path)
    model.reshape(list(x.shape))
    compiled = core.compile_model(model, "CPU", {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY",
                                                 "INFERENCE_PRECISION_HINT": "f32"})
    request = compiled.create_infer_request()
    request.set_input_tensor(ov.Tensor(x))
    return ov.__version__.split("-")[0], request.infer


class TorchNetwork:
    """The nodes of an ONNX model, one call of PyTorch each."""

    def __init__(self, path, channels_last):
        import numpy as np
        import onnx
        import onnx.numpy_helper
        import torch
        model = onnx.load(path)
        self.nodes = [(node.op_type, list(node.input), list(node.output),
                       {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}) for node in model.graph.node]
        self.input, self.output = model.graph.input[0].name, model.graph.output[0].name
        self.values = {}
        for tensor in model.graph.initializer:
            value = torch.from_numpy(np.array(onnx.numpy_helper.to_array(tensor)))
            if channels_last and value.dim() == 4:
                value = value.to(memory_format=torch.channels_last)
            self.values[tensor.name] = value
        untranslated = {op for op, *_ in self.nodes} - set(TORCH)
        if untranslated:
            raise RuntimeError("no translation of " + ", ".join(sorted(untranslated)))

    def parameters(self):
        """What training changes: weights and biases, not the running statistics, shapes and constants."""
        kinds = {"Conv": (1, 2), "Gemm": (1, 2), "MatMul": (1,), "BatchNormalization": (1, 2)}
        names = {inputs[i] for op, inputs, *_ in self.nodes for i in kinds.get(op, ()) if i < len(inputs)}
        return [self.values[name] for name in sorted(names & set(self.values))]

    def __call__(self, x, train=False):
        values = dict(self.values)
        values[self.input] = x
        for op, inputs, outputs, attributes in self.nodes:
            values[outputs[0]] = TORCH[op]([values[name] if name else None for name in inputs], attributes, train)
        return values[self.output]


def padded(x, pads, value=0.0):
    """`x` with ONNX's pads [top, left, bottom, right] as far as PyTorch's operations cannot take them, and the rest."""
    import torch.nn.functional as F
    if not pads or pads[:2] == pads[2:]:
        return x, tuple(pads[:2]) if pads else (0, 0)
    return F.pad(x, (pads[1], pads[3], pads[0], pads[2]), value=value), (0, 0)


def conv(v, a, train):
    import torch.nn.functional as F
    x, pad = padded(v[0], a.get("pads"))
    return F.conv2d(x, v[1], v[2] if len(v) > 2 else None, a.get("strides", 1), pad, a.get("dilations", 1),
                    a.get("group", 1))


def max_pool(v, a, train):
    import torch.nn.functional as F
    x, pad = padded(v[0], a.get("pads"), float("-inf"))
    return F.max_pool2d(x, a["kernel_shape"], a.get("strides", 1), pad, ceil_mode=bool(a.get("ceil_mode", 0)))


def average_pool(v, a, train):
    import torch.nn.functional as F
    counted = bool(a.get("count_include_pad", 0))
    x, pad = padded(v[0], a.get("pads"))
    if pad == (0, 0) and any(a.get("pads", [])) and not counted:
        raise RuntimeError("no translation of AveragePool with these pads")
    return F.avg_pool2d(x, a["kernel_shape"], a.get("strides", 1), pad, bool(a.get("ceil_mode", 0)), counted)


def gemm(v, a, train):
    import torch.nn.functional as F
    if a.get("transA", 0) or a.get("alpha", 1.0) != 1 or a.get("beta", 1.0) != 1:
        raise RuntimeError("no translation of Gemm with these attributes")
    return F.linear(v[0], v[1] if a.get("transB", 0) else v[1].t(), v[2] if len(v) > 2 else None)


def normalize(v, a, train):
    import torch.nn.functional as F
    return F.batch_norm(v[0], v[3], v[4], v[1], v[2], train, 1 - a.get("momentum", 0.9), a.get("epsilon", 1e-5))


def call(name, module="torch", **fixed):
    """The function of PyTorch of that name, on a node's inputs."""
    def run(v, a, train):
        import importlib
        return getattr(importlib.import_module(module), name)(*v, **fixed)
    return run


TORCH = {
    "Add": call("add"), "AveragePool": average_pool, "BatchNormalization": normalize,
    "Concat": lambda v, a, train: call("cat", dim=a["axis"])([v], {}, train), "Conv": conv, "Gemm": gemm,
    "Dropout": lambda v, a, train: v[0], "Flatten": lambda v, a, train: v[0].flatten(a.get("axis", 1)),
    "GlobalAveragePool": lambda v, a, train: v[0].mean((2, 3), keepdim=True), "Identity": lambda v, a, train: v[0],
    "LRN": lambda v, a, train: call("local_response_norm", "torch.nn.functional")(
        [v[0], a["size"], a.get("alpha", 1e-4), a.get("beta", 0.75), a.get("bias", 1.0)], {}, train),
    "LeakyRelu": lambda v, a, train: call("leaky_relu", "torch.nn.functional")([v[0], a.get("alpha", 0.01)], {}, train),
    "MaxPool": max_pool, "Mul": call("mul"), "Relu": call("relu"), "Sigmoid": call("sigmoid"), "Tanh": call("tanh"),
    "Reshape": lambda v, a, train: v[0].reshape([n if n else v[0].shape[i] for i, n in enumerate(v[1].tolist())]),
    "Softmax": lambda v, a, train: v[0].softmax(a.get("axis", -1)), "Sub": call("sub"),
}


def torch(path, x, threads, train, channels_last=False):
    import numpy as np
    import torch
    import torch.nn.functional as F
    torch.set_num_threads(threads)
    network = TorchNetwork(path, channels_last)
    image = torch.from_numpy(x)
    with torch.inference_mode():
        check(network(image).numpy(), path, x)
    if channels_last:
        image = image.to(memory_format=torch.channels_last)
    if not train:
        def infer():
            with torch.inference_mode():
                return network(image)
        return torch.__version__, infer
    parameters = [value.requires_grad_() for value in network.parameters()]
    optimizer = torch.optim.SGD(parameters, 1e-6, momentum=0.9, weight_decay=5e-4)
    labels = torch.from_numpy(np.zeros(len(x), dtype=np.int64))

    def step():
        optimizer.zero_grad()
        F.cross_entropy(network(image, True).flatten(1), labels).backward()
        optimizer.step()
    return torch.__version__, step


def check(output, path, x):
    """Whether the translated network is the model: its output beside ONNX Runtime's, where that is installed."""
    import numpy as np
    try:
        import onnxruntime as ort
    except ImportError:
        return
    session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
    expected = session.run(None, {session.get_inputs()[0].name: x})[0]
    if not np.allclose(output, expected, rtol=1e-3, atol=1e-3 * float(np.abs(expected).max())):
        raise RuntimeError("the translated network gives other numbers than ONNX Runtime")


PEERS = {"ONNX Runtime": onnxruntime, "OpenVINO": openvino, "PyTorch": torch,
         "PyTorch channels-last": lambda *a: torch(*a, channels_last=True)}


def loaded(peer, path, batch, threads, train):
    import numpy as np
    import onnx
    shape = [d.dim_value for d in onnx.load(path, load_external_data=False).graph.input[0].type.tensor_type.shape.dim]
    x = np.random.default_rng(1).random([batch, *shape[1:]], dtype=np.float32)
    return PEERS[peer](path, x, threads, train)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("peer", choices=PEERS)
    parser.add_argument("model")
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--train", action="store_true")
    args = parser.parse_args()
    try:
        version, run = loaded(args.peer, args.model, args.batch, args.threads, args.train)
        for _ in range(3):
            run()
    except ImportError as error:
        print(json.dumps({"failed": f"not installed: {error.name or error}"}), flush=True)
        return
    except Exception as error:  # A peer that cannot run the network is a result, too.
        print(json.dumps({"failed": f"{error}".splitlines()[0][:200] if f"{error}" else type(error).__name__}), flush=True)
        return
    print(json.dumps({"version": version}), flush=True)
    for line in sys.stdin:
        times = []
        for _ in range(int(line)):
            start = time.perf_counter()
            run()
            times.append((time.perf_counter() - start) * 1e3)
        print(json.dumps({"ms": times}), flush=True)


if __name__ == "__main__":
    main()
