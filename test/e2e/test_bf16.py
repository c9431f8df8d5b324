"""`--precision bf16`: inferences round what layers read, steps do not."""
import numpy as np
import pytest
from conftest import run
from files import read_safetensors, write_safetensors
from test_switches import small_alexnet


@pytest.fixture(scope="module", params=["host", "x86-64-v3"])
def programs(request, fovea, tmp_path_factory):
    """(folder, network's output, program by precision), for batches of 1 and 4."""
    folder = tmp_path_factory.mktemp("bf16")
    net, output = small_alexnet(5)
    net.loss(output, np.arange(5) % 10)
    (folder / "n.net").write_text(net.text())
    write_safetensors(folder / "w", net.parameters)
    np.save(folder / "x.npy", net.image.data.astype(np.float32))
    np.save(folder / "l.npy", np.arange(5) % 10)
    for precision in ("f32", "bf16"):
        run(fovea, "compile", folder / "n.net", "-o", folder / precision, "--batch", "1,4", "--precision", precision,
            "--target", request.param)
    return folder, output.data


def test_outputs_are_near(programs):
    folder, expected = programs
    errors = {}
    for precision in ("f32", "bf16"):
        run(folder / precision, "predict", "--weights", folder / "w", "--input", folder / "x.npy", "--output",
            folder / "y.npy")
        errors[precision] = np.abs(np.load(folder / "y.npy") - expected).max() / np.abs(expected).max()
    # bf16 has 8 bits: 0.4 % at most for each number, of which the sums average much away.
    assert errors["f32"] < 1e-5
    assert 1e-4 < errors["bf16"] < 0.02


def test_steps_compute_the_same_bits(programs):
    folder, _ = programs
    gradients = []
    for precision in ("f32", "bf16"):
        run(folder / precision, "step", "--weights", folder / "w", "--input", folder / "x.npy", "--labels",
            folder / "l.npy", "--gradients", folder / "g")
        gradients.append(read_safetensors(folder / "g"))
    assert gradients[0].keys() == gradients[1].keys()
    for name in gradients[0]:
        np.testing.assert_array_equal(gradients[0][name], gradients[1][name], name)


def test_info_tells_the_precision(programs):
    folder, _ = programs
    for precision in ("f32", "bf16"):
        assert run(folder / precision, "info").stdout.splitlines()[-1].endswith(", " + precision)
