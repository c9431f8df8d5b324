"""Files that lie: changes to protobuf's wire format, and what an importer may do with them."""
import resource
import subprocess

MEMORY, SECONDS = 3 << 30, 20


def varint_at(data, at):
    """(value, end), or None."""
    value = shift = 0
    while at < len(data) and shift < 70:
        value |= (data[at] & 127) << shift
        shift, at = shift + 7, at + 1
        if data[at - 1] < 128:
            return value, at
    return None


def numbers(data, begin=0, end=None, depth=0):
    """Where each varint after a tag begins and ends, lengths and values, as deep as the bytes look like messages."""
    end, at, found = len(data) if end is None else end, begin, []
    while at < end:
        tag = varint_at(data, at)
        if not tag or tag[0] >> 3 == 0 or tag[0] & 7 not in (0, 1, 2, 5):
            return None
        at, kind = tag[1], tag[0] & 7
        if kind in (1, 5):
            at += 8 if kind == 1 else 4
            continue
        number = varint_at(data, at)
        if not number:
            return None
        found.append((at, number[1]))
        at = number[1]
        if kind == 2:
            if number[0] > end - at:
                return None
            if number[0] < 1 << 16 and depth < 8:
                found += numbers(data, at, at + number[0], depth + 1) or []
            at += number[0]
    return found if at == end else None


def varint(value):
    out = b""
    while value >= 128:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def mutated(whole, random, places):
    """One to three changes. `places`: numbers(whole), from which lengths and values are taken."""
    data, pick = bytearray(whole), lambda most: int(random.integers(0, max(1, most)))
    kind = random.choice(["number", "number", "number", "flip", "cut", "remove", "repeat", "swap"])
    if kind == "number" and places:
        for begin, end in sorted((places[pick(len(places))] for _ in range(1 + pick(3))), reverse=True):
            data[begin:end] = varint(int(random.choice([0, 1, 2, 3, 127, 255, 65535, 2**31 - 1, 2**31, 2**32 - 1, 2**40,
                                                        2**63 - 1, pick(1000), data[begin] ^ 1], )) if random.random() < 0.9
                                     else 2**64 - 1 - pick(4))
    elif kind == "flip":
        for _ in range(1 + pick(4)):  # The head more often: weights are most of a file.
            data[int(len(data) * random.random() ** 4)] ^= 1 << pick(8)
    elif kind == "cut":
        del data[pick(len(data)):]
    elif kind == "remove":
        at = pick(len(data))
        del data[at:at + 1 + pick(64)]
    elif kind == "repeat":
        at = pick(len(data))
        data[at:at] = data[at:at + 1 + pick(64)]
    else:
        a, b, length = pick(len(data)), pick(len(data)), 1 + pick(16)
        data[a:a + length], data[b:b + length] = data[b:b + length], data[a:a + length]
    return bytes(data)


def limits():
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def survives(fovea, folder, *files):
    """Imports in bounded time and memory: both files, or one line, exit code 1 and no file. The exit code and the line."""
    model, parameters = folder / "out.net", folder / "out.safetensors"
    for path in (model, parameters):
        path.unlink(missing_ok=True)
    before = set(folder.iterdir())
    result = subprocess.run([str(part) for part in (fovea, "import", *files, "-o", model)], capture_output=True,
                            text=True, errors="replace", timeout=SECONDS, preexec_fn=limits)
    assert result.returncode in (0, 1), (result.returncode, result.stderr)
    assert result.stdout == ""
    if result.returncode == 1:
        assert result.stderr.startswith("fovea: error: ") and result.stderr.count("\n") == 1, result.stderr
        assert result.stderr.endswith("\n") and len(result.stderr) < 1000, result.stderr
        assert "out of memory" not in result.stderr and "std::" not in result.stderr and "_M_" not in result.stderr
        assert set(folder.iterdir()) == before, "a file is left over"
    else:
        assert result.stderr == "" and model.exists()
    return result.returncode, result.stderr
