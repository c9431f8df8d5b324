"""Plays a memory plan through: who wrote the bytes that each kernel reads?"""

FLOAT = 4
BLOCK_SLOTS = {"value": "parameters", "gradient": "gradients", "momentum": "momentum"}
ARGUMENT_SLOTS = {"infer": ["input"], "step": ["input", "labels", "scalars"], "update": ["scalars"], "prepare": []}
RESULT_SLOTS = {"infer": ["output"], "step": ["loss", "output"], "update": [], "prepare": []}
ARGUMENT_SLOTS["train"], RESULT_SLOTS["train"] = ARGUMENT_SLOTS["step"], RESULT_SLOTS["step"]


class Memory:
    def __init__(self):
        self.slots = {}

    def write(self, slot, offset, size, value):
        kept = [entry for entry in self.slots.get(slot, []) if entry[1] <= offset or entry[0] >= offset + size]
        self.slots[slot] = kept + [(offset, offset + size, value)]

    def expect(self, slot, offset, size, value, reader):
        if (offset, offset + size, value) not in self.slots.get(slot, []):
            raise AssertionError(f"{reader} does not find {value} at {slot}+{offset}")


def place(entry):
    """Slot and offset in bytes: the arena counts bytes, parameters and their gradients count floats."""
    slot, offset = entry
    return slot, offset if slot == "arena" else offset * FLOAT


def check_parameters(parameters):
    intervals = sorted((attributes["offset"] * FLOAT, attributes["offset"] * FLOAT + tensor.bytes, name)
                       for name, (tensor, attributes) in parameters.items())
    for (_, end, first), (begin, _, second) in zip(intervals, intervals[1:]):
        assert end <= begin, f"parameters {first} and {second} overlap"
    assert all(begin % 64 == 0 for begin, _, _ in intervals), "a parameter is not aligned"


def check_function(function, parameters):
    memory, stores = Memory(), []
    kind = function.attributes["cnn.kind"] if "cnn.kind" in function.attributes else "infer"
    for argument, tensor, slot in zip(function.arguments, function.types, ARGUMENT_SLOTS[kind]):
        memory.write(slot, 0, tensor.bytes, argument)
    for op in function.body:
        if op.name in ("load", "store"):
            slot, offset = BLOCK_SLOTS[op.attributes["block"]], parameters[op.symbol][1]["offset"] * FLOAT
            if op.name == "load":
                memory.write(slot, offset, op.result_types[0].bytes, op.results[0])
            else:
                stores.append((slot, offset, op.operand_types[0].bytes, op.operands[0]))
        elif op.name == "kernel":
            check_kernel(op, function, memory)
        else:
            assert op.name == "return", f"{op.name} is outside of a kernel"
            for store in stores:
                memory.expect(*store, "store")
            for value, tensor, slot in zip(op.operands, op.operand_types, RESULT_SLOTS[kind]):
                memory.expect(slot, 0, tensor.bytes, value, "return")


def check_kernel(op, function, memory):
    places = [place(entry) for entry in op.attributes["places"]]
    assert len(places) == len(op.operands) + len(op.results), f"{op.symbol} lacks places"
    operands = list(zip(places, op.operand_types, op.operands))
    for (slot, offset), tensor, value in operands:
        memory.expect(slot, offset, tensor.bytes, value, op.symbol)
    for (slot, offset), tensor, value in zip(places[len(op.operands):], op.result_types, op.results):
        end = offset + tensor.bytes
        in_place = op.symbol.endswith(("sgd_update", "average_update"))
        for (other, begin), read, _ in operands:
            apart = other != slot or end <= begin or begin + read.bytes <= offset
            same = slot in ("parameters", "momentum") and (begin, read.bytes) == (offset, tensor.bytes)
            assert apart or in_place and same, f"{op.symbol} overwrites an operand"
        if slot == "arena":
            assert offset % 64 == 0 and end <= function.attributes["arena_bytes"], f"{op.symbol} leaves the arena"
        memory.write(slot, offset, tensor.bytes, value)


def check(parameters, functions):
    """Raises AssertionError where a value is overwritten before its last reader or a result is not where it belongs."""
    check_parameters(parameters)
    for function in functions.values():
        check_function(function, parameters)
