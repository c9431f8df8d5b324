"""Reads the text that fovea-opt prints: just enough of it to execute functions and to check memory plans."""
import re
from dataclasses import dataclass, field

TENSOR = r"tensor<[^<>]*(?:<[^<>]*>)?[^<>]*>"


@dataclass
class Tensor:
    shape: tuple
    element: str
    layout: str = "plain"
    block: int = 0
    view: tuple = ()

    @property
    def bytes(self):
        """Bytes in memory, padding lanes included."""
        size = {"f32": 4, "i32": 4, "i8": 1}[self.element]
        if self.layout == "plain":
            for extent in self.shape:
                size *= extent
        elif self.layout == "vector":
            size *= self.block
        elif self.layout == "channels_last":
            size *= self.shape[0] * self.block
            for extent in self.shape[2:]:
                size *= extent
        else:
            outputs, inputs, height, width = (self.shape[:1] + (self.view or self.shape[1:]))
            blocked, other = (outputs, inputs) if self.layout == "weight" else (inputs, outputs)
            size *= -(-blocked // self.block) * self.block * other * height * width
        return size


@dataclass
class Op:
    name: str  # Without the dialect: "conv2d", "kernel", "load", "return", ...
    operands: list
    results: list
    attributes: dict = field(default_factory=dict)
    operand_types: list = field(default_factory=list)
    result_types: list = field(default_factory=list)
    body: list = field(default_factory=list)  # A kernel's operations, the yield included.
    arguments: list = field(default_factory=list)  # A kernel's names for its operands.
    symbol: str = ""  # A load's or store's parameter; a kernel's name.


@dataclass
class Function:
    name: str
    arguments: list
    types: list
    attributes: dict
    body: list


def tensor(text):
    match = re.fullmatch(r"tensor<([0-9x]+)x(f32|i32|i8)(?:, #cnn.layout<(\w+), ([0-9, ]+)>)?>", text)
    shape = tuple(int(extent) for extent in match[1].split("x"))
    if not match[3]:
        return Tensor(shape, match[2])
    numbers = [int(number) for number in match[4].split(",")]
    return Tensor(shape, match[2], match[3], numbers[0], tuple(numbers[1:]))


def tensors(text):
    return [tensor(found) for found in re.findall(TENSOR, text)]


def attributes(text):
    found = {}
    for name, value in re.findall(r"(\w+) = array<i64: ([-0-9, ]+)>", text):
        found[name] = [int(number) for number in value.split(",")]
    for name, value in re.findall(r"(\w+) = ([-0-9.e+]+) : (?:f32|i64)", text):
        found[name] = float(value) if "." in value else int(value)
    for name, value in re.findall(r'([\w.]+) = "([^"]*)"', text):
        found[name] = value
    found["ceil"] = "ceil = true" in text
    found["places"] = [(slot, int(offset)) for slot, offset in re.findall(r"#cnn.place<(\w+), (\d+)>", text)]
    return found


def values(text):
    return re.findall(r"%[\w#]+", text)


def parse_op(line):
    if match := re.fullmatch(r"(%\w+) = cnn.load @(\S+) (\{.*\}) : (.*)", line):
        return Op("load", [], [match[1]], attributes(match[3]), [], tensors(match[4]), symbol=match[2])
    if match := re.fullmatch(r"cnn.store @(\S+), (\S+) (\{.*\}) : (.*)", line):
        return Op("store", [match[2]], [], attributes(match[3]), tensors(match[4]), symbol=match[1])
    if match := re.fullmatch(r"(return|cnn.yield)(?: (.*?) : (.*))?", line):
        return Op(match[1].removeprefix("cnn."), values(match[2] or ""), [], {}, tensors(match[3] or ""))
    kernel = r'(%\w+)(?::(\d+))? = cnn.kernel "(.*?)" \((.*?)\)( \{.*\})? : \((.*)\) -> (.*) \{'
    if match := re.fullmatch(kernel, line):
        pairs = re.findall(r"(%\w+) = (%[\w#]+)", match[4])
        results = [f"{match[1]}#{i}" for i in range(int(match[2]))] if match[2] else [match[1]]
        return Op("kernel", [outer for _, outer in pairs], results, attributes(match[5] or ""), tensors(match[6]),
                  tensors(match[7]), arguments=[inner for inner, _ in pairs], symbol=match[3])
    if match := re.fullmatch(r"(%[\w, %]+) = cnn.(\w+) ([%\w, #]+?)( \{.*\})? : \((.*)\) -> (.*)", line):
        return Op(match[2], values(match[3]), values(match[1]), attributes(match[4] or ""), tensors(match[5]),
                  tensors(match[6]))
    raise ValueError("cannot read: " + line)


def parse(text):
    """The module's parameters {name: (Tensor, attributes)} and functions {name: Function}."""
    parameters, functions, function, kernel = {}, {}, None, None
    for line in map(str.strip, text.splitlines()):
        if match := re.match(rf"cnn.parameter @(\S+) : ({TENSOR})(.*)", line):
            parameters[match[1]] = tensor(match[2]), attributes(match[3])
        elif match := re.fullmatch(r"func.func @(\w+)\((.*?)\)(?: -> .*?)? attributes (\{.*\}) \{", line):
            function = Function(match[1], values(match[2]), tensors(match[2]), attributes(match[3]), [])
            functions[match[1]] = function
        elif function and line not in ("", "}"):
            op = parse_op(line)
            (kernel.body if kernel else function.body).append(op)
            kernel = op if op.name == "kernel" else None if op.name == "yield" else kernel
    return parameters, functions
