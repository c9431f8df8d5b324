"""The meaning of each operation in float64, slow and plain; layouts do not matter to it."""
import numpy as np


def per_channel(vector, like):
    return vector.reshape((1, -1) + (1,) * (like.ndim - 2))


def all_but_channels(x):
    return (0,) + tuple(range(2, x.ndim))


def flat(x):
    return x.reshape(len(x), -1)


def softmax(x):
    powers = np.exp(x - x.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


def padded(x, pad):
    return np.pad(x, ((0, 0), (0, 0), (pad[0], pad[2]), (pad[1], pad[3])))


def taps(x, kernel, stride, size):
    """For each place in the kernel: the place, and the view of the padded input that it sees."""
    for i in range(kernel[0]):
        for j in range(kernel[1]):
            yield i, j, x[:, :, i:i + stride[0] * (size[0] - 1) + 1:stride[0],
                          j:j + stride[1] * (size[1] - 1) + 1:stride[1]]


def windows(shape, size, attributes):
    """For each pixel of a pooling's result: the pixel, its window's corner, and the window clipped to the input."""
    (kh, kw), (sh, sw) = attributes["kernel"], attributes.get("stride", [1, 1])
    top, left = attributes.get("pad", [0] * 4)[:2]
    for i in range(size[0]):
        for j in range(size[1]):
            y, x = i * sh - top, j * sw - left
            yield i, j, y, x, slice(max(y, 0), min(y + kh, shape[2])), slice(max(x, 0), min(x + kw, shape[3]))


def divisor(attributes, shape, y, x, rows, columns):
    kind, pad = attributes.get("divisor", "padded"), attributes.get("pad", [0] * 4)
    if kind == "one":
        return 1
    if kind == "valid":
        return (rows.stop - rows.start) * (columns.stop - columns.start)
    kh, kw = attributes["kernel"]
    return (min(y + kh, shape[2] + pad[2]) - y) * (min(x + kw, shape[3] + pad[3]) - x)


class Interpreter:
    """One method per operation: operands, the first result's shape and the attributes make the result or results."""

    def conv2d(self, operands, shape, a):
        x, w = operands[:2]
        y = np.zeros(shape)
        for i, j, view in taps(padded(x, a["pad"]), w.shape[2:], a["stride"], shape[2:]):
            y += np.einsum("nihw,oi->nohw", view, w[:, :, i, j])
        return y + per_channel(operands[2], y) if len(operands) > 2 else y

    def conv2d_weight_gradient(self, operands, shape, a):
        x, dy = operands
        dw = np.zeros(shape)
        for i, j, view in taps(padded(x, a["pad"]), shape[2:], a["stride"], dy.shape[2:]):
            dw[:, :, i, j] = np.einsum("nihw,nohw->oi", view, dy)
        return dw

    def conv2d_input_gradient(self, operands, shape, a):
        dy, w = operands
        top, left = a["pad"][:2]
        dx = padded(np.zeros(shape), a["pad"])
        for i, j, view in taps(dx, w.shape[2:], a["stride"], dy.shape[2:]):
            view += np.einsum("nohw,oi->nihw", dy, w[:, :, i, j])
        return dx[:, :, top:top + shape[2], left:left + shape[3]]

    def dense(self, operands, shape, a):
        y = flat(operands[0]) @ operands[1].T
        return y + operands[2] if len(operands) > 2 else y

    def dense_weight_gradient(self, operands, shape, a):
        return operands[1].T @ flat(operands[0])

    def dense_input_gradient(self, operands, shape, a):
        return (operands[0] @ operands[1]).reshape(shape)

    def bias_gradient(self, operands, shape, a):
        return operands[0].sum(all_but_channels(operands[0]))

    def relu(self, operands, shape, a):
        return np.maximum(operands[0], 0)

    def relu_gradient(self, operands, shape, a):
        return operands[1] * (operands[0] > 0)

    def tanh(self, operands, shape, a):
        return a.get("amplitude", 1) * np.tanh(a.get("slope", 1) * operands[0])

    def tanh_gradient(self, operands, shape, a):
        amplitude = a.get("amplitude", 1)
        return operands[1] * a.get("slope", 1) * (amplitude - operands[0] ** 2 / amplitude)

    def sigmoid(self, operands, shape, a):
        return 1 / (1 + np.exp(-operands[0]))

    def sigmoid_gradient(self, operands, shape, a):
        return operands[1] * operands[0] * (1 - operands[0])

    def softmax(self, operands, shape, a):
        return softmax(operands[0])

    def softmax_gradient(self, operands, shape, a):
        y, dy = operands
        return y * (dy - (y * dy).sum(1, keepdims=True))

    def reshape(self, operands, shape, a):
        return operands[0].reshape(shape)

    flatten = unflatten = relayout = transpose_weight = reshape

    def add(self, operands, shape, a):
        return operands[0] + operands[1]

    def mul(self, operands, shape, a):
        return operands[0] * operands[1]

    def concat(self, operands, shape, a):
        return np.concatenate(operands, 1)

    def slice(self, operands, shape, a):
        return operands[0][:, a["offset"]:a["offset"] + a["size"]]

    def channel_shuffle(self, operands, shape, a):
        x, groups = operands[0], a["groups"]
        return x.reshape(shape[0], groups, shape[1] // groups, -1).swapaxes(1, 2).reshape(shape)

    def scale(self, operands, shape, a):
        y = operands[0] * per_channel(operands[1], operands[0])
        return y + per_channel(operands[2], y) if len(operands) > 2 else y

    def scale_filters(self, operands, shape, a):
        return operands[0] * operands[1].reshape((-1,) + (1,) * (len(shape) - 1))

    def scale_bias(self, operands, shape, a):
        return operands[0] * operands[1] + (operands[2] if len(operands) > 2 else 0)

    def scale_coefficient_gradient(self, operands, shape, a):
        return (operands[0] * operands[1]).sum(all_but_channels(operands[0]))

    def max_pool_indices(self, operands, shape, a):
        x, width = operands[0], a["kernel"][1]
        y, indices = np.zeros(shape), np.zeros(shape, int)
        for i, j, top, left, rows, columns in windows(x.shape, shape[2:], a):
            window = x[:, :, rows, columns].reshape(*shape[:2], -1)
            row, column = np.divmod(window.argmax(2), columns.stop - columns.start)
            y[:, :, i, j] = window.max(2)
            indices[:, :, i, j] = (row + rows.start - top) * width + column + columns.start - left
        return y, indices

    def max_pool(self, operands, shape, a):
        return self.max_pool_indices(operands, shape, a)[0]

    def max_pool_gradient(self, operands, shape, a):
        indices, dy = operands
        dx = np.zeros(shape)
        images, channels = np.indices(shape[:2])
        for i, j, top, left, _, _ in windows(shape, dy.shape[2:], a):
            row, column = np.divmod(indices[:, :, i, j], a["kernel"][1])
            np.add.at(dx, (images, channels, top + row, left + column), dy[:, :, i, j])
        return dx

    def avg_pool(self, operands, shape, a):
        x, y = operands[0], np.zeros(shape)
        for i, j, top, left, rows, columns in windows(x.shape, shape[2:], a):
            y[:, :, i, j] = x[:, :, rows, columns].sum((2, 3)) / divisor(a, x.shape, top, left, rows, columns)
        return y

    def avg_pool_gradient(self, operands, shape, a):
        dy, dx = operands[0], np.zeros(shape)
        for i, j, top, left, rows, columns in windows(shape, dy.shape[2:], a):
            share = dy[:, :, i, j] / divisor(a, shape, top, left, rows, columns)
            dx[:, :, rows, columns] += share[:, :, None, None]
        return dx

    def softmax_cross_entropy(self, operands, shape, a):
        logits, labels = flat(operands[0]), operands[1]
        top = logits.max(1)
        loss = np.log(np.exp(logits - top[:, None]).sum(1)) + top - logits[np.arange(len(labels)), labels]
        return a.get("weight", 1) * loss + (operands[2] if len(operands) > 2 else 0)

    def softmax_cross_entropy_gradient(self, operands, shape, a):
        logits, labels, scalars = operands
        gradient = softmax(flat(logits))
        gradient[np.arange(len(labels)), labels] -= 1
        gradient[int(scalars[4]):] = 0
        return (gradient * a.get("weight", 1) * scalars[3]).reshape(shape)

    def sgd_update(self, operands, shape, a):
        w, g, v, scalars = operands
        v = scalars[1] * v + scalars[0] * a.get("lr_mult", 1) * (g + scalars[2] * a.get("decay_mult", 1) * w)
        return w - v, v

    def run(self, function, arguments, blocks):
        """The function's results, and what it stored, by block and parameter like `blocks`."""
        values, stored = dict(zip(function.arguments, arguments)), {"value": {}, "gradient": {}, "momentum": {}}
        returned = self.run_body(function.body, values, blocks, stored)
        return returned, stored

    def run_body(self, body, values, blocks, stored):
        for op in body:
            operands = [values[operand] for operand in op.operands]
            if op.name in ("return", "yield"):
                return operands
            if op.name == "store":
                stored[op.attributes["block"]][op.symbol] = operands[0]
                continue
            if op.name == "load":
                results = [blocks[op.attributes["block"]][op.symbol]]
            elif op.name == "kernel":
                results = self.run_body(op.body, dict(zip(op.arguments, operands)), blocks, stored)
            else:
                attributes = {"stride": [1, 1], "pad": [0, 0, 0, 0]} | op.attributes
                results = getattr(self, op.name)(operands, op.result_types[0].shape, attributes)
                results = results if isinstance(results, tuple) else (results,)
            for name, result, tensor in zip(op.results, results, op.result_types):
                assert result.shape == tensor.shape, f"{op.name} gives {result.shape}, not {tensor.shape}"
                values[name] = result
