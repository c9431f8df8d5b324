"""Writes Caffe's binary files: just enough of protobuf's wire format, independent of the importer's own library."""
import struct

import numpy as np


def varint(value):
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def field(number, payload):
    """A length-delimited field: a message, a string or packed numbers."""
    if isinstance(payload, str):
        payload = payload.encode()
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def blob(values, legacy=False):
    values = np.ascontiguousarray(values, np.float32)
    data = field(5, values.tobytes())
    if legacy:  # num, channels, height, width
        shape = [1] * (4 - values.ndim) + list(values.shape)
        return b"".join(varint(index + 1 << 3) + varint(extent) for index, extent in enumerate(shape)) + data
    return field(7, field(1, b"".join(varint(extent) for extent in values.shape))) + data


def caffemodel(layers, legacy=False):
    """`layers`: {name: (type, [arrays])}; legacy: V1 layers, whose type is a number."""
    out = field(1, "net")
    for name, (kind, arrays) in layers.items():
        if legacy:
            layer = field(4, name) + varint(5 << 3) + varint(kind)
            layer += b"".join(field(6, blob(array, legacy=True)) for array in arrays)
            out += field(2, layer)
        else:
            layer = field(1, name) + field(2, kind) + b"".join(field(7, blob(array)) for array in arrays)
            out += field(100, layer)
    return out
