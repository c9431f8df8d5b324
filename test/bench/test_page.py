"""bench.html: well-formed, whole, and everything in it."""
import xml.etree.ElementTree as ElementTree

import chart
import made
import page
import pytest

SVG = "{http://www.w3.org/2000/svg}"
KERNELS = [
    made.kernel("conv1: conv2d+relu", [10.0, 11.0]),
    made.kernel("conv2: winograd_conv2d", [20.0, 21.0], direct_flops=4000000, direct_gflops=195.0),
    made.kernel("a<b>&\"c\": dense", [5.0, 5.0]),
    made.kernel("conv2: conv2d_weight_gradient", [30.0, 30.0], function="train_b64", part="backward"),
    made.kernel("conv2: winograd_weight", [3.0, 3.0], function="prepare", part="prepare", direct_flops=0, direct_gflops=0.0),
    made.kernel("relayout", [1.0, 1.0], flops=0, direct_flops=0, flop_per_byte=0.0, gflops=0.0, direct_gflops=0.0),
]


def parsed(run):
    return ElementTree.fromstring(page.render(run))


def text_of(element):
    return "".join(element.itertext())


def table_of(root, index):
    return [[text_of(cell) for cell in row] for row in list(root.iter("table"))[index].iter("tr")]


def test_every_kernel_is_in_the_table():
    rows = table_of(parsed(made.run(KERNELS)), 0)
    assert [row[0] for row in rows[1:]] == [f"{kernel['function']} {kernel['name']}" for kernel in KERNELS]
    assert all(len(row) == len(rows[0]) for row in rows)


def test_every_kernel_that_computes_is_in_the_roofline():
    marks = [text_of(mark) for mark in parsed(made.run(KERNELS)).iter(f"{SVG}path") if "mark" in mark.get("class")]
    for kernel in KERNELS[:-1]:
        title = f"{kernel['function']} {kernel['name']} ({kernel['part']}): "
        own = [mark for mark in marks if mark.startswith(title)]
        assert len(own) == (2 if "winograd_conv2d" in title else 1), title  # Winograd's counted as direct sums, too.
    assert not [mark for mark in marks if "relayout" in mark]


def test_points_lie_inside_and_the_roof_is_straight():
    root = parsed(made.run(KERNELS))
    picture = next(svg for svg in root.iter(f"{SVG}svg") if svg.get("class") == "roofline")
    width, height = map(float, picture.get("viewBox").split()[2:])
    for path in picture.iter(f"{SVG}path"):
        x, y = path.get("d")[1:].replace("l", " ").replace("a", " ").replace("L", " ").split()[:2]
        assert 0 <= float(x) <= width and 0 <= float(y) <= height


def test_an_axis_holds_its_values_in_whole_decades():
    axis = chart.LogAxis([0.03, 700], 0, 500)
    assert axis.decades() == pytest.approx([0.01, 0.1, 1, 10, 100, 1000])
    assert [axis.at(value) for value in axis.decades()] == pytest.approx([0, 100, 200, 300, 400, 500])


def test_a_page_needs_nothing_else():
    text = page.render(made.run(KERNELS, [made.network([1.0, 1.1])]))
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")
    assert "src=" not in text and "@import" not in text and "url(" not in text


def test_a_bar_holds_all_kernels_of_a_network():
    root = parsed(made.run([], [made.network([1.0, 1.1])]))
    bar = next(svg for svg in root.iter(f"{SVG}svg") if svg.get("class") == "bar")
    slices = list(bar.iter(f"{SVG}rect"))
    assert [float(slice.get("width")) for slice in slices] == [0.75 * chart.WIDTH, 0.25 * chart.WIDTH]
    assert text_of(slices[0]).startswith("conv1: conv2d+relu: 0.3 ms, 75.0 %")
    assert [slice.get("fill") for slice in slices] == [chart.KINDS["direct convolution"], chart.KINDS["dense"]]


def test_peers_and_failures_are_told():
    peers = [{"name": "Peer", "version": "3.2", "ms": [2.0], "ms_least": 2.0, "ms_median": 2.0, "ratio": 0.5, "ratios": [0.5]},
             {"name": "Other", "failed": "not installed: other"}]
    failed = {"network": "Net", "mode": "train", "batch": 64, "failed": "has no train section"}
    rows = table_of(parsed(made.run([], [made.network([1.0], peers=peers), failed])), 0)
    assert rows[2][:2] == ["Net, inference, batch 1", "Peer 3.2"] and rows[2][-1] == "0.50"
    assert rows[3][1:] == ["Other", "failed: not installed: other"]
    assert rows[4] == ["Net, training step, batch 64", "Fovea", "failed: has no train section"]


def test_autoschedulers_stand_beside_ours():
    kernel = made.kernel("fc: dense", [10.0, 10.0], autoschedulers={
        "Adams2019": {"us": [30.0, 30.0], "our_us": [12.0, 12.0], "ratio": 2.5, "compile_ms": 9.0}, "Li2018": {"failed": "took more than 30 s"}})
    rows = table_of(parsed(made.run([kernel, made.kernel("fc2: dense", [10.0])])), 0)
    assert rows[0][-2:] == ["Adams2019 takes, times ours", "Li2018 takes, times ours"]
    assert rows[1][-2:] == ["2.5", "failed: took more than 30 s"]
    assert rows[2][-2:] == ["failed: not run", "failed: not run"]


def test_a_run_without_limits_has_no_picture():
    root = parsed(made.run(KERNELS, peak_gflops=0.0))
    assert not [svg for svg in root.iter(f"{SVG}svg") if svg.get("class") == "roofline"]
    assert len(table_of(root, 0)) == len(KERNELS) + 1
