"""What can be held of compile time and size without a clock: AlexNet's program for training without parameters, and that
nothing is compiled twice."""
import re

from conftest import ROOT, run

MEGABYTE = 1 << 20


def test_alexnet_is_small_and_compiled_once(fovea, tmp_path):
    def compile_it(name):
        messages = run(fovea, "compile", ROOT / "models" / "alexnet.net", "--time", "-o", tmp_path / name,
                       env={"PATH": "/usr/bin:/bin", "FOVEA_CACHE_DIR": str(tmp_path / "cache")}).stderr
        kernels, cached = map(int, re.search(r"kernels \((\d+), (\d+) from the cache\)", messages).groups())
        return kernels, cached

    kernels, cached = compile_it("first")
    assert kernels > 50 and cached == 0
    assert compile_it("second") == (kernels, kernels)
    assert (tmp_path / "first").stat().st_size < 5 * MEGABYTE
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()
