"""Pictures as they come: cut short, with sizes that lie, not pictures at all, folders without classes: one line and exit code
1, or left out of training and evaluation by name. And grey, CMYK and turned pictures, which are good ones."""
import struct
import zlib

import numpy as np
import pytest
from conftest import run
from files import write_safetensors
from PIL import Image, ImageOps

NET = """network Tiny {
  input image: f32[3, 8, 8]
  output y = image -> dense(2)
}
train {
  data: image_folder(resize: 10, crop: 8, scale: 0.01)
  optimizer: sgd(lr: 0.01)
  batch: 4
  epochs: 2
}
"""


@pytest.fixture(scope="module")
def tiny(fovea, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tiny")
    (folder / "tiny.net").write_text(NET)
    run(fovea, "compile", folder / "tiny.net", "--batch", "4", "-o", folder / "tiny")
    random = np.random.default_rng(1)
    write_safetensors(folder / "w", {"y.weight": random.standard_normal((2, 192)).astype(np.float32) / 20,
                                     "y.bias": np.zeros(2, np.float32)})
    return folder / "tiny"


def weights(tiny):
    return tiny.with_name("w")


def picture(seed, height=24, width=40):
    """Smooth, so that compression changes little."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width] / max(height, width)
    planes = [128 + 100 * np.sin(random.uniform(1, 6) * x + random.uniform(1, 6) * y + random.uniform(0, 6)) for _ in range(3)]
    return Image.fromarray(np.stack(planes, 2).astype(np.uint8))


def claimed_png(width, height):
    """The header of a picture of that size, and next to nothing of it."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b""))


def claimed_jpeg(path, width, height):
    picture(0).save(path)
    contents = bytearray(path.read_bytes())
    at = contents.index(b"\xff\xc0") + 5
    contents[at:at + 4] = struct.pack(">HH", height, width)
    path.write_bytes(contents)


def make_bad(path, kind):
    if kind in ("cut.png", "cut.jpg"):
        picture(1).save(path)
        path.write_bytes(path.read_bytes()[:path.stat().st_size // 2])
    elif kind == "header.jpg":
        picture(1).save(path)
        path.write_bytes(path.read_bytes()[:30])
    elif kind == "huge.png":
        path.write_bytes(claimed_png(100_000, 100_000))
    elif kind == "lying.png":
        path.write_bytes(claimed_png(7_000, 7_000))
    elif kind == "lying.jpg":
        claimed_jpeg(path, 7_000, 7_000)
    elif kind == "text.jpg":
        path.write_text("This is no picture.\n")
    elif kind == "empty.png":
        path.write_bytes(b"")


BAD = {"cut.png": "truncated", "cut.jpg": "cannot be decoded", "header.jpg": "cannot be decoded",
       "huge.png": "it is 100000 x 100000 pixels; at most 64 million in all are allowed",
       "lying.png": "its header says 7000 x 7000 pixels, which", "lying.jpg": "its header says 7000 x 7000 pixels, which",
       "text.jpg": "neither", "empty.png": "neither"}


def one_line(result):
    assert result.returncode == 1, result
    assert result.stderr.startswith("tiny: error: ") and result.stderr.count("\n") == 1, result.stderr
    return result.stderr


@pytest.mark.parametrize("kind, told", BAD.items())
def test_predict(tiny, tmp_path, kind, told):
    path = tmp_path / kind
    make_bad(path, kind)
    result = run(tiny, "predict", "--weights", weights(tiny), path, check=False)
    assert str(path) in one_line(result) and told in result.stderr and not result.stdout


def test_predict_of_what_is_no_file(tiny, tmp_path):
    for path, told in ((tmp_path / "missing.png", "cannot be opened"), (tmp_path, "is a directory")):
        result = run(tiny, "predict", "--weights", weights(tiny), path, check=False)
        assert str(path) in one_line(result) and told in result.stderr


def folders(folder, classes=("cat", "dog"), count=4):
    for split in ("train", "val"):
        for number, name in enumerate(classes):
            (folder / split / name).mkdir(parents=True)
            for index in range(count):
                picture(10 * number + index).save(folder / split / name / f"{index}.{'png' if index % 2 else 'jpg'}")
    return folder


def train(tiny, folder, *options):
    return run(tiny, "train", "--data", folder, "--out", folder.parent / "out", *options, check=False)


def evaluate(tiny, folder, *options):
    return run(tiny, "eval", "--data", folder, "--weights", weights(tiny), *options, check=False)


def test_broken_files_are_left_out_by_name(tiny, tmp_path):
    folder = folders(tmp_path / "data")
    for split in ("train", "val"):
        for kind in BAD:
            make_bad(folder / split / "dog" / kind, kind)
    result = evaluate(tiny, folder)
    assert result.returncode == 0
    for kind in BAD:
        path = folder / "val" / "dog" / kind
        assert result.stderr.count(f"warning: {path}: ") == 1 and "the picture is left out (--strict stops here)" in result.stderr
    assert result.stdout.endswith(" images 8\n")
    result = train(tiny, folder)
    assert result.returncode == 0 and (tmp_path / "out").exists()
    for kind in BAD:
        assert result.stderr.count(f"warning: {folder / 'train' / 'dog' / kind}: ") == 1


@pytest.mark.parametrize("kind", BAD)
def test_strict_stops(tiny, tmp_path, kind):
    folder = folders(tmp_path / "data")
    for split in ("train", "val"):
        make_bad(folder / split / "dog" / kind, kind)
    result = train(tiny, folder, "--strict")
    assert str(folder / "train" / "dog" / kind) in one_line(result)
    assert not (tmp_path / "out").exists()
    assert str(folder / "val" / "dog" / kind) in one_line(evaluate(tiny, folder, "--strict"))


def test_only_broken_files(tiny, tmp_path):
    folder = tmp_path / "data"
    for split in ("train", "val"):
        for name in ("cat", "dog"):
            (folder / split / name).mkdir(parents=True)
            make_bad(folder / split / name / "text.jpg", "text.jpg")
    for result in (train(tiny, folder), evaluate(tiny, folder)):
        assert result.returncode == 1
        assert result.stderr.splitlines()[-1].startswith("tiny: error: ") and not result.stdout
    assert not (tmp_path / "out").exists()


def test_folders_that_hold_no_classes(tiny, tmp_path):
    def told(folder):
        text = one_line(train(tiny, folder))
        assert not (folder.parent / "out").exists()
        one_line(evaluate(tiny, folder))
        return text

    assert "cannot be" in told(tmp_path / "missing") or "has no folder train" in told(tmp_path / "missing")
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "has no folder train; expected train/CLASS/ with each class's pictures in it" in told(empty)
    flat = tmp_path / "flat"
    for split in ("train", "val"):
        (flat / split).mkdir(parents=True)
        picture(1).save(flat / split / "1.png")
    assert "holds no folders; expected one for each class, with its pictures in it" in told(flat)
    hollow = folders(tmp_path / "hollow", ("cat", "dog"))
    for split in ("train", "val"):
        for path in (hollow / split / "dog").iterdir():
            path.unlink()
    assert "dog: holds no .jpg, .jpeg or .png file; remove the folder, or fill it" in told(hollow)
    assert "has 3 classes, but the network tells 2 apart" in told(folders(tmp_path / "three", ("a", "b", "c"), 1))


def probabilities(tiny, folder, pictures):
    """Of each picture, by `eval --save`."""
    (folder / "val" / "cat").mkdir(parents=True)
    (folder / "val" / "dog").mkdir()
    picture(99).save(folder / "val" / "dog" / "0.png")
    for name, save in pictures.items():
        save(folder / "val" / "cat" / name)
    result = evaluate(tiny, folder, "--save", folder / "p.npy", "--strict")
    assert result.returncode == 0, result.stderr
    return np.load(folder / "p.npy")[:len(pictures)]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_turns(tiny, tmp_path, orientation):
    source = picture(5)
    exif = Image.Exif()
    exif[0x0112] = orientation
    source.save(tmp_path / "as-stored.jpg", quality=95, exif=exif)
    with Image.open(tmp_path / "as-stored.jpg") as stored:
        upright, plain = ImageOps.exif_transpose(stored).convert("RGB"), stored.convert("RGB")
    turned, expected, raw = probabilities(tiny, tmp_path / "data", {
        "1.jpg": lambda path: path.write_bytes((tmp_path / "as-stored.jpg").read_bytes()), "2.png": upright.save,
        "3.png": plain.save})
    assert np.abs(turned - expected).max() < 0.003
    assert orientation == 1 or np.abs(turned - raw).max() > 0.01


@pytest.mark.parametrize("mode", ["L", "CMYK", "1", "LA", "P", "RGBA", "I;16"])
def test_modes(tiny, tmp_path, mode):
    """JPEG where it can hold the mode, PNG else; the judge is Pillow's conversion to RGB."""
    source = picture(6).convert("L" if mode in ("1", "LA", "I;16") else "RGB")
    if mode == "I;16":
        source = Image.fromarray(np.asarray(source).astype(np.uint16) * 257)
        expected = Image.fromarray((np.asarray(source) // 257).astype(np.uint8)).convert("RGB")
    else:
        source = source.convert(mode)
        expected = source.convert("RGB")
    ending = "jpg" if mode in ("L", "CMYK") else "png"
    options = {"quality": 95} if ending == "jpg" else {}
    actual, judge = probabilities(tiny, tmp_path / "data", {
        f"1.{ending}": lambda path: source.save(path, **options), "2.png": expected.save})
    assert np.abs(actual - judge).max() < 0.01
