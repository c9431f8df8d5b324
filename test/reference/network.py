"""A slow float64 network: the independent judge of compiled programs.

A Network is built in Python; the same description gives the text of its model file and, by loops over windows and numpy
sums, its output, its loss and every gradient. Nothing here reads what the compiler writes.
"""
import numpy as np


class Value:
    """A tensor [N, ...] with the function that sends its gradient to its inputs."""

    def __init__(self, name, data, inputs=(), backward=None):
        self.name, self.data, self.inputs, self.backward = name, data, inputs, backward
        self.gradient = np.zeros_like(data)


def output_size(size, kernel, stride, before, after, ceil):
    count = (size + before + after - kernel) // stride + 1
    if ceil and (size + before + after - kernel) % stride and count * stride < size + before:
        count += 1
    return count


class Network:
    """Builds and evaluates. Each method adds one line to the model file and returns its Value; call `output` last."""

    def __init__(self, image, seed, train="", training=True):
        self.random = np.random.default_rng(seed)
        self.lines = [f"  input image: f32[{', '.join(map(str, image.shape[1:]))}]"]
        self.train = train
        self.training = training  # Of batch normalization: by the batch's statistics, or by the running ones.
        self.criterion = None  # j of the loss rbf_map; None: softmax cross-entropy.
        self.parameters, self.parameter_gradients, self.values = {}, {}, []
        self.given = None  # The parameters' values, where they are not random.
        self.image = self._value("image", image.astype(np.float64))

    def text(self):
        train = self.train
        if self.criterion is not None:
            train = ("train {\n  data: mnist\n  loss: rbf_map(j: %r)\n  optimizer: sgd(lr: 0.1)\n  epochs: 1\n}\n"
                     % self.criterion)
        return "network Test {\n" + "\n".join(self.lines) + "\n}\n" + train

    def _value(self, name, data, inputs=(), backward=None):
        self.values.append(Value(name, data, inputs, backward))
        return self.values[-1]

    def _line(self, source, operation):
        name = f"v{len(self.values)}"
        self.lines.append(f"  {name} = {source} -> {operation}")
        return name

    def _running(self, name, value):
        """A parameter that is not trained."""
        self.parameters[name] = self.given[name] if self.given else value.astype(np.float32)
        return self.parameters[name].astype(np.float64)

    def _parameter(self, name, shape, scale):
        value = (self.random.standard_normal(shape) * scale).astype(np.float32)
        if self.given:
            value = self.given[name]
        self.parameters[name] = value
        self.parameter_gradients[name] = np.zeros(shape)
        return value.astype(np.float64)

    def conv(self, x, filters, kernel, stride=(1, 1), pad=(0, 0, 0, 0), bias=True, connections=None, dilation=(1, 1),
             groups=1):
        n, c, h, w = x.data.shape
        arguments = f"{filters}, kernel: {list(kernel)}, stride: {list(stride)}, pad: {list(pad)}"
        if groups > 1 or tuple(dilation) != (1, 1):
            arguments += f", dilation: {list(dilation)}, groups: {groups}"
        if not bias:
            arguments += ", bias: none"
        if connections:
            arguments += f", connections: {connections}"
        name = self._line(x.name, f"conv({arguments})")
        seen, made = c // groups, filters // groups
        small = self._parameter(name + ".weight", (filters, seen, *kernel), (seen * kernel[0] * kernel[1]) ** -0.5)
        weight, mask = np.zeros((2, filters, c, *kernel))  # Groups as a full convolution with zeros between them.
        for group in range(groups):
            block = np.s_[group * made:(group + 1) * made, group * seen:(group + 1) * seen]
            weight[block], mask[block] = small[group * made:(group + 1) * made], 1
        if connections:
            mask[:] = 0
            for row, channels in enumerate(connections):
                mask[row, channels] = 1
            self.parameters[name + ".weight"] *= mask.astype(np.float32)
            weight = weight * mask
        offset = self._parameter(name + ".bias", (filters,), 0.3) if bias else np.zeros(filters)
        padded = np.pad(x.data, ((0, 0), (0, 0), (pad[0], pad[2]), (pad[1], pad[3])))
        rows = output_size(h, (kernel[0] - 1) * dilation[0] + 1, stride[0], pad[0], pad[2], False)
        columns = output_size(w, (kernel[1] - 1) * dilation[1] + 1, stride[1], pad[1], pad[3], False)

        def window(i, j):
            i, j = i * dilation[0], j * dilation[1]
            return np.s_[:, :, i:i + (rows - 1) * stride[0] + 1:stride[0], j:j + (columns - 1) * stride[1] + 1:stride[1]]

        data = np.zeros((n, filters, rows, columns)) + offset[:, None, None]
        for i in range(kernel[0]):
            for j in range(kernel[1]):
                data += np.einsum("nchw,oc->nohw", padded[window(i, j)], weight[:, :, i, j])

        def backward(gradient):
            result, weight_gradient = np.zeros_like(padded), np.zeros_like(weight)
            for i in range(kernel[0]):
                for j in range(kernel[1]):
                    weight_gradient[:, :, i, j] = np.einsum("nohw,nchw->oc", gradient, padded[window(i, j)])
                    result[window(i, j)] += np.einsum("nohw,oc->nchw", gradient, weight[:, :, i, j])
            weight_gradient *= mask
            for group in range(groups):
                filter_range = np.s_[group * made:(group + 1) * made]
                self.parameter_gradients[name + ".weight"][filter_range] += \
                    weight_gradient[filter_range, group * seen:(group + 1) * seen]
            if bias:
                self.parameter_gradients[name + ".bias"] += gradient.sum((0, 2, 3))
            return [result[:, :, pad[0]:pad[0] + h, pad[1]:pad[1] + w]]

        return self._value(name, data, [x], backward)

    def local(self, x, filters, kernel, stride=(1, 1), pad=(0, 0, 0, 0), bias=True):
        """A convolution whose pixels have filters and biases of their own: weight [O, OH, OW, I, KH, KW]."""
        n, c, h, w = x.data.shape
        name = self._line(x.name, f"local({filters}, kernel: {list(kernel)}, stride: {list(stride)}, pad: {list(pad)}"
                          + ("" if bias else ", bias: none") + ")")
        rows = output_size(h, kernel[0], stride[0], pad[0], pad[2], False)
        columns = output_size(w, kernel[1], stride[1], pad[1], pad[3], False)
        weight = self._parameter(name + ".weight", (filters, rows, columns, c, *kernel), (c * kernel[0] * kernel[1]) ** -0.5)
        data = np.zeros((n, filters, rows, columns))
        if bias:
            data += self._parameter(name + ".bias", (filters, rows, columns), 0.3)
        padded = np.pad(x.data, ((0, 0), (0, 0), (pad[0], pad[2]), (pad[1], pad[3])))
        regions = {(p, q): np.s_[:, :, p * stride[0]:p * stride[0] + kernel[0], q * stride[1]:q * stride[1] + kernel[1]]
                   for p in range(rows) for q in range(columns)}
        for (p, q), region in regions.items():
            data[:, :, p, q] += np.einsum("nchw,ochw->no", padded[region], weight[:, p, q])

        def backward(gradient):
            result = np.zeros_like(padded)
            for (p, q), region in regions.items():
                own = gradient[:, :, p, q]
                self.parameter_gradients[name + ".weight"][:, p, q] += np.einsum("no,nchw->ochw", own, padded[region])
                result[region] += np.einsum("no,ochw->nchw", own, weight[:, p, q])
            if bias:
                self.parameter_gradients[name + ".bias"] += gradient.sum(0)
            return [result[:, :, pad[0]:pad[0] + h, pad[1]:pad[1] + w]]

        return self._value(name, data, [x], backward)

    def dense(self, x, outputs, bias=True):
        name = self._line(x.name, f"dense({outputs}{'' if bias else ', bias: none'})")
        flat = x.data.reshape(len(x.data), -1)
        weight = self._parameter(name + ".weight", (outputs, flat.shape[1]), flat.shape[1] ** -0.5)
        offset = self._parameter(name + ".bias", (outputs,), 0.3) if bias else np.zeros(outputs)

        def backward(gradient):
            self.parameter_gradients[name + ".weight"] += gradient.T @ flat
            if bias:
                self.parameter_gradients[name + ".bias"] += gradient.sum(0)
            return [(gradient @ weight).reshape(x.data.shape)]

        return self._value(name, flat @ weight.T + offset, [x], backward)

    def pool(self, kind, x, kernel, stride, pad=(0, 0, 0, 0), ceil=False, divisor="padded"):
        n, c, h, w = x.data.shape
        arguments = f"{list(kernel)}, stride: {list(stride)}, pad: {list(pad)}, ceil: {str(ceil).lower()}"
        name = self._line(x.name, f"{kind}({arguments}" + (f", divisor: {divisor})" if kind == "avg_pool" else ")"))
        rows = output_size(h, kernel[0], stride[0], pad[0], pad[2], ceil)
        columns = output_size(w, kernel[1], stride[1], pad[1], pad[3], ceil)
        data = np.zeros((n, c, rows, columns))
        shares = np.zeros((rows, columns, n, c, h, w))  # How much of the input each output takes.
        for p in range(rows):
            for q in range(columns):
                top, left = p * stride[0] - pad[0], q * stride[1] - pad[1]
                bottom, right = top + kernel[0], left + kernel[1]
                region = np.s_[:, :, max(top, 0):min(bottom, h), max(left, 0):min(right, w)]
                part = x.data[region]
                if kind == "max_pool":
                    flat = part.reshape(n, c, -1)
                    first = flat.argmax(2)
                    chosen = (np.arange(flat.shape[2]) == first[:, :, None]).reshape(part.shape)
                    shares[p, q][region] = chosen
                else:
                    count = {"one": 1, "valid": part.shape[2] * part.shape[3],
                             "padded": (min(bottom, h + pad[2]) - top) * (min(right, w + pad[3]) - left)}[divisor]
                    shares[p, q][region] = 1 / count
                data[:, :, p, q] = (shares[p, q] * x.data).sum((2, 3))
        return self._value(name, data, [x], lambda g: [np.einsum("pqnchw,ncpq->nchw", shares, g)])

    def global_avg_pool(self, x):
        area = x.data.shape[2] * x.data.shape[3]
        return self._value(self._line(x.name, "global_avg_pool"), x.data.mean((2, 3), keepdims=True), [x],
                           lambda g: [np.broadcast_to(g / area, x.data.shape)])

    def lrn(self, x, size, alpha, beta, k, within=False):
        """x / (k + alpha * sum of squares)^beta over `size` channels, or a size x size window of the same channel."""
        name = self._line(x.name, f"lrn(size: {size}, alpha: {alpha}, beta: {beta}, k: {k}"
                          + (", region: within)" if within else ")"))
        before, after = (size - 1) // 2, size - 1 - (size - 1) // 2
        axes = (2, 3) if within else (1,)

        def neighbours(values, before, after):
            for axis in axes:
                widths = [(before, after) if a == axis else (0, 0) for a in range(4)]
                padded = np.pad(values, widths)
                length = values.shape[axis]
                values = sum(np.take(padded, np.arange(start, start + length), axis) for start in range(before + after + 1))
            return values

        u = k + alpha * neighbours(x.data ** 2, before, after)

        def backward(gradient):
            share = gradient * x.data * u ** (-beta - 1)
            return [gradient * u ** -beta - 2 * alpha * beta * x.data * neighbours(share, after, before)]

        return self._value(name, x.data * u ** -beta, [x], backward)

    def batch_norm(self, x, epsilon=1e-5, momentum=0.1):
        """By the batch's biased statistics in training, else by running averages, which are random here."""
        name = self._line(x.name, f"batch_norm(epsilon: {epsilon}, momentum: {momentum})")
        channels, axes = x.data.shape[1], (0,) + tuple(range(2, x.data.ndim))
        spread = lambda values: values.reshape((1, -1) + (1,) * (x.data.ndim - 2))
        weight = self._parameter(name + ".weight", (channels,), 1.0)
        bias = self._parameter(name + ".bias", (channels,), 0.3)
        mean = self._running(name + ".running_mean", self.random.standard_normal(channels) * 0.3)
        variance = self._running(name + ".running_var", self.random.uniform(0.3, 2, channels))
        if self.training:
            mean, variance = x.data.mean(axes), x.data.var(axes)
        deviation = np.sqrt(variance + epsilon)
        z = (x.data - spread(mean)) / spread(deviation)

        def backward(gradient):
            products, total = (gradient * z).sum(axes), gradient.sum(axes)
            self.parameter_gradients[name + ".weight"] += products
            self.parameter_gradients[name + ".bias"] += total
            count = x.data.size // channels
            return [spread(weight / deviation) * (gradient - spread(total / count) - z * spread(products / count))]

        return self._value(name, z * spread(weight) + spread(bias), [x], backward)

    def dropout(self, x, p):
        """The identity: `predict` and `step` drop nothing."""
        return self._value(self._line(x.name, f"dropout({p})"), x.data, [x], lambda g: [g])

    def relu(self, x):
        return self._value(self._line(x.name, "relu"), np.maximum(x.data, 0), [x], lambda g: [g * (x.data > 0)])

    def relu_to(self, x, most):
        return self._value(self._line(x.name, f"relu(max: {most})"), x.data.clip(0, most), [x],
                           lambda g: [g * ((x.data > 0) & (x.data < most))])

    def leaky_relu(self, x, slope):
        return self._value(self._line(x.name, f"leaky_relu(slope: {slope})"), np.where(x.data > 0, 1, slope) * x.data, [x],
                           lambda g: [g * np.where(x.data > 0, 1, slope)])

    def tanh(self, x, amplitude=1.0, slope=1.0):
        name = self._line(x.name, "tanh" if (amplitude, slope) == (1, 1) else
                          f"tanh(amplitude: {amplitude}, slope: {slope})")
        t = np.tanh(slope * x.data)
        return self._value(name, amplitude * t, [x], lambda g: [g * amplitude * slope * (1 - t * t)])

    def sigmoid(self, x):
        s = 1 / (1 + np.exp(-x.data))
        return self._value(self._line(x.name, "sigmoid"), s, [x], lambda g: [g * s * (1 - s)])

    def softmax(self, x):
        e = np.exp(x.data - x.data.max(1, keepdims=True))
        s = e / e.sum(1, keepdims=True)
        return self._value(self._line(x.name, "softmax"), s, [x], lambda g: [s * (g - (s * g).sum(1, keepdims=True))])

    def channel_shuffle(self, x, groups):
        n, c = x.data.shape[:2]

        def turned(values, groups):
            return values.reshape(n, groups, c // groups, -1).swapaxes(1, 2).reshape(values.shape)

        return self._value(self._line(x.name, f"channel_shuffle({groups})"), turned(x.data, groups), [x],
                           lambda g: [turned(g, c // groups)])

    def flatten(self, x):
        return self._value(self._line(x.name, "flatten"), x.data.reshape(len(x.data), -1), [x],
                           lambda g: [g.reshape(x.data.shape)])

    def subsample(self, x, size):
        """The sum of a window, times a trainable coefficient, plus a trainable bias (LeCun et al. 1998)."""
        n, c, h, w = x.data.shape
        name = self._line(x.name, f"subsample({size})")
        coefficient = self._parameter(name + ".weight", (c,), 1.0)
        offset = self._parameter(name + ".bias", (c,), 0.3)
        rows, columns = h // size, w // size
        inside = x.data[:, :, :rows * size, :columns * size]
        sums = inside.reshape(n, c, rows, size, columns, size).sum((3, 5))

        def backward(gradient):
            self.parameter_gradients[name + ".weight"] += (gradient * sums).sum((0, 2, 3))
            self.parameter_gradients[name + ".bias"] += gradient.sum((0, 2, 3))
            result = np.zeros_like(x.data)
            spread = (gradient * coefficient[:, None, None]).repeat(size, 2).repeat(size, 3)
            result[:, :, :rows * size, :columns * size] = spread
            return [result]

        data = sums * coefficient[:, None, None] + offset[:, None, None]
        return self._value(name, data, [x], backward)

    def add(self, *inputs):
        name = f"v{len(self.values)}"
        self.lines.append(f"  {name} = add({', '.join(x.name for x in inputs)})")
        return self._value(name, sum(x.data for x in inputs), inputs, lambda g: [g] * len(inputs))

    def concat(self, *inputs):
        name = f"v{len(self.values)}"
        self.lines.append(f"  {name} = concat({', '.join(x.name for x in inputs)})")
        ends = np.cumsum([x.data.shape[1] for x in inputs])
        return self._value(name, np.concatenate([x.data for x in inputs], 1), inputs,
                           lambda g: np.split(g, ends[:-1], axis=1))

    def rbf(self, x, centers):
        """Squared distances to the compiler's bitmaps of the digits, which the caller knows."""
        apart = x.data[:, None, :] - centers
        return self._value(self._line(x.name, "rbf(digits)"), (apart ** 2).sum(2), [x],
                           lambda g: [2 * (g[:, :, None] * apart).sum(1)])

    def output(self, x):
        self.lines.append(f"  output {x.name}")
        return x

    def loss(self, output, labels):
        """The mean over the batch; fills parameter_gradients. The output is taken as it is."""
        scores = output.data.reshape(len(labels), -1)
        count = np.arange(len(labels))
        if self.criterion is not None:  # y_c + log(e^-j + sum e^-y): a softmax over -y and the rest class -j, less y_c.
            exponents = np.concatenate([-scores, np.full((len(labels), 1), -self.criterion)], 1)
            top = exponents.max(1, keepdims=True)
            total = top[:, 0] + np.log(np.exp(exponents - top).sum(1))
            gradient = -np.exp(exponents[:, :-1] - total[:, None])
            gradient[count, labels] += 1
            self.propagate(output, gradient / len(labels))
            return (scores[count, labels] + total).mean()
        shifted = scores - scores.max(1, keepdims=True)
        log_softmax = shifted - np.log(np.exp(shifted).sum(1, keepdims=True))
        gradient = np.exp(log_softmax)
        gradient[count, labels] -= 1
        self.propagate(output, (gradient / len(labels)).reshape(output.data.shape))
        return -log_softmax[count, labels].mean()

    def propagate(self, output, gradient):
        for value in self.values:
            value.gradient = np.zeros_like(value.data)
        for name in self.parameter_gradients:
            self.parameter_gradients[name][...] = 0
        output.gradient = gradient
        for value in reversed(self.values):
            if value.backward:
                for source, share in zip(value.inputs, value.backward(value.gradient)):
                    source.gradient = source.gradient + share


def random_network(seed, batch=None, training=True):
    """A small network of random layers with branches: (network, output, labels)."""
    random = np.random.default_rng(seed)
    pick = lambda low, high: int(random.integers(low, high + 1))
    batch = batch or pick(1, 5)
    image = random.standard_normal((batch, pick(1, 5), pick(6, 20), pick(6, 20))).astype(np.float32)
    net = Network(image, seed, training=training)
    x, spare = net.image, []
    for _ in range(pick(2, 8)):
        h, w = x.data.shape[2:]
        kind = random.choice(["conv", "conv", "conv", "max", "avg", "act", "add", "concat", "residual", "sub", "group", "lrn",
                              "lrn", "norm", "norm", "local", "bound"])
        if kind in ("conv", "residual"):
            kernel = (pick(1, min(5, h)), pick(1, min(5, w)))
            if kind == "residual":
                kernel = (min(3, h) | 1, min(3, w) | 1)
                pad = (kernel[0] // 2, kernel[1] // 2) * 2
                y = net.conv(x, x.data.shape[1], kernel, (1, 1), pad)
                x = net.add(x, net.tanh(y))
            else:
                stride = (pick(1, 3), pick(1, 3)) if random.random() < 0.4 else (1, 1)
                pad = tuple(pick(0, 2) for _ in range(4)) if random.random() < 0.5 else (0, 0, 0, 0)
                x = net.conv(x, pick(1, 24), kernel, stride, pad, bias=random.random() < 0.8)
        elif kind == "group":
            c, groups = x.data.shape[1], int(random.choice([g for g in range(1, 9) if x.data.shape[1] % g == 0]))
            kernel, dilation = (min(h, pick(1, 3)), min(w, pick(1, 3))), (pick(1, 3), pick(1, 2))
            reach = [(kernel[axis] - 1) * dilation[axis] + 1 for axis in (0, 1)]
            pad = tuple(max(0, reach[side % 2] - (h, w)[side % 2]) + pick(0, 1) for side in range(4))
            stride = (pick(1, 2), pick(1, 2)) if random.random() < 0.3 else (1, 1)
            x = net.conv(x, groups * pick(1, 16), kernel, stride, pad, dilation=dilation, groups=groups)
            if seed % 3 == 0:
                x = net.channel_shuffle(x, groups)
        elif kind == "norm" and batch * h * w >= 8:
            if random.random() < 0.6:
                x = net.conv(x, pick(1, 24), (min(3, h), min(3, w)), pad=(1, 1, 1, 1), bias=random.random() < 0.3)
            x = net.batch_norm(x, float(random.choice([1e-5, 1e-3])))
            x = net.relu(x) if random.random() < 0.6 else x
        elif kind == "local":
            kernel = (pick(1, min(4, h)), pick(1, min(4, w)))
            stride = (pick(1, 3), pick(1, 3)) if random.random() < 0.4 else (1, 1)
            pad = tuple(pick(0, 2) for _ in range(4)) if random.random() < 0.5 else (0, 0, 0, 0)
            x = net.local(x, pick(1, 24), kernel, stride, pad, bias=random.random() < 0.8)
        elif kind == "bound":
            x = net.relu_to(x, 0.5) if random.random() < 0.5 else net.leaky_relu(x, 0.1)
        elif kind == "lrn":
            x = net.relu(x) if random.random() < 0.7 else x
            x = net.lrn(x, pick(1, 5), *[float(round(v, 3)) for v in random.uniform([0, 0.2, 0.5], [0.8, 1.2, 2])],
                        within=bool(random.random() < 0.3))
            if random.random() < 0.5 and min(h, w) >= 3:
                x = net.pool("max_pool", x, (3, 3), (2, 2))
            if random.random() < 0.3:
                x = net.dropout(x, 0.5)
        elif kind in ("max", "avg"):
            kernel = (pick(1, min(4, h)), pick(1, min(4, w)))
            stride = (pick(1, 3), pick(1, 3))
            pad = (0,) * 4 if random.random() < 0.6 else tuple(pick(0, kernel[side % 2] - 1) for side in range(4))
            x = net.pool(kind + "_pool", x, kernel, stride, pad, bool(random.random() < 0.4),
                         str(random.choice(["padded", "valid", "one"])))
        elif kind == "act":
            x = getattr(net, str(random.choice(["relu", "tanh", "sigmoid", "softmax"])))(x)
        elif kind == "sub" and min(h, w) >= 2:
            x = net.subsample(x, 2)
        elif kind in ("add", "concat"):
            left, right = net.conv(x, pick(1, 12), (1, 1)), net.relu(x)
            x = net.concat(left, right, x) if kind == "concat" else net.add(left, net.conv(x, left.data.shape[1], (1, 1)))
        spare.append(x)
    if random.random() < 0.3:
        x = net.softmax(x)
    if random.random() < 0.2:
        x = net.global_avg_pool(x)
    if random.random() < 0.5:
        x = net.flatten(x)
        if random.random() < 0.5:
            x = net.relu(x)
        if random.random() < 0.3:
            x = net.concat(x, net.flatten(spare[pick(0, len(spare) - 1)]))
    if random.random() < 0.6:
        x = net.tanh(net.dense(x, pick(1, 40)), *([1.7159, 0.6667] if random.random() < 0.5 else []))
    x = net.dense(x, pick(2, 12))
    if random.random() < 0.2:
        x = net.softmax(x)
    net.output(x)
    return net, x, random.integers(0, x.data.shape[1], batch)
