"""Makes random networks as the text of the dialect: an inference and a training step over the same graph."""


def type_text(shape, element="f32"):
    return f"tensor<{'x'.join(map(str, shape))}x{element}>"


class Network:
    def __init__(self, rng):
        self.rng, self.parameters, self.body = rng, [], []
        batch, channels, size = rng.choice([1, 2, 3]), rng.choice([1, 1, 2, 3, 8, 16]), rng.choice([1, 5, 8, 9])
        self.image = (batch, channels, size, size)
        self.values = [("%x", self.image)]
        for _ in range(rng.randint(0, 9)):
            # The latest values mostly, sometimes the image: chains with values that are used twice.
            value, shape = rng.choice(self.values[-3:] + self.values[:1])
            getattr(self, rng.choice(["conv", "conv", "pool", "pool", "activation", "activation", "dense", "combine",
                                      "concat", "flatten", "softmax", "scale", "shuffle"]))(value, shape)
        self.output = self.values[-1] if rng.random() < 0.8 else rng.choice(self.values)

    def load(self, shape, extra=""):
        name = f"p{len(self.parameters)}"
        self.parameters.append(f'cnn.parameter @{name} : {type_text(shape)} {{init = {{kind = "xavier"}}{extra}}}')
        self.body.append(f'%{name} = cnn.load @{name} {{block = "value"}} : {type_text(shape)}')
        return f"%{name}", shape

    def op(self, name, operands, shape, attributes=""):
        result = f"%v{len(self.body)}"
        names = ", ".join(value for value, _ in operands)
        types = ", ".join(type_text(operand) for _, operand in operands)
        self.body.append(f"{result} = cnn.{name} {names} {attributes} : ({types}) -> {type_text(shape)}")
        self.values.append((result, shape))

    def conv(self, value, shape):
        kernel, stride, pad = self.rng.choice([1, 2, 3]), self.rng.choice([1, 2]), self.rng.choice([0, 1])
        if len(shape) != 4 or shape[2] + 2 * pad < kernel:
            return
        outputs, size = self.rng.choice([1, 3, 8, 10, 16, 20]), (shape[2] + 2 * pad - kernel) // stride + 1
        weight = (outputs, shape[1], kernel, kernel)
        mask = f", mask = dense<1> : {type_text(weight, 'i8')}" if self.rng.random() < 0.2 else ""
        operands = [(value, shape), self.load(weight, mask)]
        if self.rng.random() < 0.2:  # What inference computes of parameters alone is done beforehand.
            operands[1] = self.product(operands[1], self.load(weight))
        if self.rng.random() < 0.7:
            operands.append(self.load((outputs,)))
        self.op("conv2d", operands, (shape[0], outputs, size, size),
                f"{{stride = array<i64: {stride}, {stride}>, pad = array<i64: {pad}, {pad}, {pad}, {pad}>}}")
        if self.rng.random() < 0.2:  # Inference folds it into the weights.
            self.scale(*self.values[-1])

    def product(self, first, second):
        name, kind = f"%w{len(self.body)}", type_text(first[1])
        self.body.append(f"{name} = cnn.mul {first[0]}, {second[0]} : ({kind}, {kind}) -> {kind}")
        return name, first[1]

    def pool(self, value, shape):
        kernel, stride = self.rng.choice([1, 2, 3]), self.rng.choice([1, 2])
        if len(shape) != 4 or shape[2] < kernel:
            return
        size = (shape[2] - kernel) // stride + 1
        self.op(self.rng.choice(["max_pool", "avg_pool"]), [(value, shape)], (shape[0], shape[1], size, size),
                f"{{kernel = array<i64: {kernel}, {kernel}>, stride = array<i64: {stride}, {stride}>}}")

    def activation(self, value, shape):
        self.op(self.rng.choice(["relu", "tanh", "sigmoid"]), [(value, shape)], shape)

    def dense(self, value, shape):
        outputs, inputs = self.rng.choice([1, 4, 10, 16]), elements(shape)
        if inputs > 3000:
            return
        operands = [(value, shape), self.load((outputs, inputs))]
        if self.rng.random() < 0.7:
            operands.append(self.load((outputs,)))
        self.op("dense", operands, (shape[0], outputs))

    def combine(self, value, shape):
        other = self.rng.choice([known for known in self.values if known[1] == shape])
        self.op(self.rng.choice(["add", "mul"]), [(value, shape), other], shape)

    def concat(self, value, shape):
        other = self.rng.choice([known for known in self.values
                                 if len(known[1]) == len(shape) and known[1][2:] == shape[2:]])
        self.op("concat", [(value, shape), other], (shape[0], shape[1] + other[1][1]) + shape[2:])

    def flatten(self, value, shape):
        if len(shape) == 4:
            self.op("flatten", [(value, shape)], (shape[0], elements(shape)))

    def shuffle(self, value, shape):
        groups = self.rng.choice([groups for groups in range(1, shape[1] + 1) if shape[1] % groups == 0])
        self.op("channel_shuffle", [(value, shape)], shape, f"{{groups = {groups} : i64}}")

    def softmax(self, value, shape):
        self.op("softmax", [(value, shape)], shape)

    def scale(self, value, shape):
        self.op("scale", [(value, shape), self.load((shape[1],)), self.load((shape[1],))], shape)

    def text(self):
        batch, (value, shape) = self.image[0], self.output
        infer = self.body + [f"return {value} : {type_text(shape)}"]
        step = list(self.body)
        if len(shape) == 4:
            flat = (batch, elements(shape))
            step.append(f"%flat = cnn.flatten {value} : ({type_text(shape)}) -> {type_text(flat)}")
            value, shape = "%flat", flat
        loss, labels = type_text((batch,)), type_text((batch,), "i32")
        step += [f"%loss = cnn.softmax_cross_entropy {value}, %labels : ({type_text(shape)}, {labels}) -> {loss}",
                 f"return %loss, {value} : {loss}, {type_text(shape)}"]
        image = type_text(self.image)
        return "\n".join(
            ["module {"] + self.parameters
            + [f'func.func @infer(%x: {image}) -> {type_text(self.output[1])} '
               f'attributes {{cnn.kind = "infer", cnn.batch = {batch}}} {{'] + infer
            + ["}", f"func.func @step(%x: {image}, %labels: {labels}, %scalars: tensor<8xf32>) -> "
                    f'({loss}, {type_text(shape)}) attributes {{cnn.kind = "step", cnn.batch = {batch}}} {{'] + step
            + ["}", "}"])


def elements(shape):
    """Of one image."""
    count = 1
    for extent in shape[1:]:
        count *= extent
    return count
