"""Pictures as SVG: the roofline of a network's kernels, and the bars of where its time goes."""
import math
import statistics
from html import escape

KINDS = {"direct convolution": "#1f6f8b", "Winograd": "#5aa9c4", "dense": "#d98e04", "pooling, normalization": "#8f2d56",
         "other": "#8a8a8a"}
PARTS = ("forward", "backward", "update", "prepare")
WIDTH = 960


def kind_of(name):
    """Which of KINDS a kernel's time is counted as: its largest operation decides."""
    ops = name.split(": ", 1)[-1]
    if "winograd" in ops:
        return "Winograd"
    if "conv2d" in ops or "local" in ops:
        return "direct convolution"
    if "dense" in ops:
        return "dense"
    if any(word in ops for word in ("pool", "lrn", "batch_", "softmax_gradient")):
        return "pooling, normalization"
    return "other"


def tag(name, text="", **attributes):
    values = "".join(f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"' for key, value in attributes.items())
    return f"<{name}{values}>{text}</{name}>"


def number(value):
    """Four digits at most, no exponent: 0.25, 12, 1,600."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def mark(part, x, y, hollow, title):
    """Circles forwards, triangles backwards, diamonds for the rest: to be told apart without colour."""
    r = 5
    shape = {"forward": f"M{x - r:.1f} {y:.1f}a{r} {r} 0 1 0 {2 * r} 0a{r} {r} 0 1 0 {-2 * r} 0Z",
             "backward": f"M{x:.1f} {y - r:.1f}l{r + 1} {2 * r - 1}h{-2 * r - 2}Z"}.get(
                 part, f"M{x:.1f} {y - r - 1:.1f}l{r + 1} {r + 1}l{-r - 1} {r + 1}l{-r - 1} {-r - 1}Z")
    return tag("path", tag("title", escape(title)), d=shape, class_=f"mark {part}{' hollow' if hollow else ''}")


class LogAxis:
    """A logarithmic scale over whole decades."""

    def __init__(self, values, start, end):
        self.least = 10.0**math.floor(math.log10(min(values)))
        self.most = 10.0**math.ceil(math.log10(max(values) * 1.01))
        self.start, self.end = start, end

    def at(self, value):
        share = math.log(value / self.least) / math.log(self.most / self.least)
        return self.start + share * (self.end - self.start)

    def decades(self):
        return [self.least * 10**i for i in range(round(math.log10(self.most / self.least)) + 1)]


def short_name(row):
    """"conv2 b64" of an inference, "conv2 winograd_weight_gradient" of a step."""
    layer, _, ops = row["name"].partition(": ")
    if row["function"].startswith("infer_"):
        return f"{layer} {row['function'].removeprefix('infer_')}"
    return f"{layer} {ops.split('+')[0].split(' ')[0]}"


def labels(points, taken):
    """Names for the kernels that take longest, each where no earlier label or mark is; some find no place."""
    taken = taken + [(x - 5, y - 5, x + 5, y + 5) for x, y, *_ in points]
    placed = []
    for x, y, us, name in sorted(points, key=lambda point: -point[2])[:24]:
        width = 6.2 * len(name)
        for left, top in ((x + 8, y - 6), (x - 8 - width, y - 6), (x - width / 2, y - 20), (x - width / 2, y + 8)):
            box = (left, top, left + width, top + 12)
            inside = left > 70 and left + width < WIDTH - 10
            if inside and not any(box[0] < t[2] and t[0] < box[2] and box[1] < t[3] and t[1] < box[3] for t in taken):
                taken.append(box)
                placed.append(tag("text", escape(name), x=f"{left:.1f}", y=f"{top + 10:.1f}", class_="name"))
                break
    return placed


def roofline(rows, machine):
    """Kernels that compute something, by FLOPs for each byte and FLOPs a second, under what the machine reaches."""
    rows = [row for row in rows if "failed" not in row and row["flops"] > 0]
    peak, read = machine["peak_gflops"], machine["read_gbytes_per_second"]
    if not rows or peak <= 0 or read <= 0:
        return ""
    height, left, right, top, bottom = 600, 64, WIDTH - 16, 16, 550
    intensity = [row["flop_per_byte"] for row in rows] + [row["direct_flops"] / row["bytes"] for row in rows]
    x = LogAxis([value for value in intensity if value > 0] + [peak / read], left, right)
    rates = [row["gflops"] for row in rows] + [row["direct_gflops"] for row in rows if row["direct_gflops"] > 0]
    y = LogAxis([*rates, peak], bottom, top)
    parts = []
    for value in x.decades():
        parts.append(tag("line", x1=f"{x.at(value):.1f}", x2=f"{x.at(value):.1f}", y1=top, y2=bottom, class_="grid"))
        parts.append(tag("text", f"{value:g}", x=f"{x.at(value):.1f}", y=bottom + 18, text_anchor="middle"))
    for value in y.decades():
        parts.append(tag("line", x1=left, x2=right, y1=f"{y.at(value):.1f}", y2=f"{y.at(value):.1f}", class_="grid"))
        parts.append(tag("text", f"{value:g}", x=left - 8, y=f"{y.at(value) + 4:.1f}", text_anchor="end"))
    parts.append(tag("text", "FLOPs for each byte read and written", x=(left + right) / 2, y=height - 12,
                     text_anchor="middle", class_="axis"))
    parts.append(tag("text", "GFLOP/s", transform=f"translate(16 {(top + bottom) / 2}) rotate(-90)", text_anchor="middle",
                     class_="axis"))
    # The roof: from where reads at full rate feed the least rate shown, to the ridge, and along the peak.
    ridge, foot = peak / read, max(x.least, y.least / read)
    parts.append(tag("path", class_="roof", d=f"M{x.at(foot):.1f} {y.at(foot * read):.1f}L{x.at(ridge):.1f} "
                     f"{y.at(peak):.1f}H{right}"))
    parts.append(tag("text", f"multiply-add peak {number(peak)} GFLOP/s", x=right - 6, y=f"{y.at(peak) - 7:.1f}",
                     text_anchor="end", class_="limit"))
    slope = math.degrees(math.atan2(y.at(foot * read) - y.at(peak), x.at(ridge) - x.at(foot)))
    middle = math.sqrt(foot * ridge)
    parts.append(tag("text", f"memory reads {number(read)} GB/s", class_="limit", text_anchor="middle", dy=-7,
                     transform=f"translate({x.at(middle):.1f} {y.at(middle * read):.1f}) rotate({-slope:.1f})"))
    limits = [(right - 190, y.at(peak) - 18, right, y.at(peak))]
    limits += [(x.at(middle) + dx - 9, y.at(middle * read) - 20 - dx * math.tan(math.radians(slope)),
                x.at(middle) + dx + 9, y.at(middle * read) - dx * math.tan(math.radians(slope))) for dx in range(-60, 61, 12)]
    marks, points = [], []
    for row in rows:
        px, py = x.at(row["flop_per_byte"]), y.at(row["gflops"])
        us = statistics.median(row["us"])
        title = (f"{row['function']} {row['name']} ({row['part']}): {number(us)} us, {row['gflops']:.1f} GFLOP/s "
                 f"({row['peak_percent']:.0f} % of the peak), {row['gbytes_per_second']:.1f} GB/s")
        if row["direct_flops"] not in (0, row["flops"]):
            dx, dy = x.at(row["direct_flops"] / row["bytes"]), y.at(row["direct_gflops"])
            parts.append(tag("line", x1=f"{px:.1f}", y1=f"{py:.1f}", x2=f"{dx:.1f}", y2=f"{dy:.1f}", class_="tie"))
            marks.append(mark(row["part"], dx, dy, True, f"{title}; as direct sums {row['direct_gflops']:.1f} GFLOP/s"))
        marks.append(mark(row["part"], px, py, False, title))
        points.append((px, py, us, short_name(row)))
    return tag("svg", "".join(parts + marks + labels(points, limits)), viewBox=f"0 0 {WIDTH} {height}", role="img",
               xmlns="http://www.w3.org/2000/svg", aria_label="roofline", class_="roofline")


def time_bar(row):
    """The kernels of a network as parts of its time, in the order in which they run."""
    whole = sum(kernel["ms"] for kernel in row["kernels"])
    if whole <= 0:
        return ""
    parts, at = [], 0.0
    for kernel in row["kernels"]:
        share = kernel["ms"] / whole
        width, kind = share * WIDTH, kind_of(kernel["name"])
        title = (f"{kernel['name']}: {kernel['ms']:.4g} ms, {100 * share:.1f} %, {kernel['gflops']:.1f} GFLOP/s "
                 f"({kernel['peak_percent']:.0f} % of the peak)")
        parts.append(tag("rect", tag("title", escape(title)), x=f"{at:.2f}", y=0, width=f"{width:.2f}", height=34,
                         fill=KINDS[kind], class_="slice"))
        label = kernel["name"].split(":")[0]
        if width > 6.2 * len(label) + 6:
            parts.append(tag("text", escape(label), x=f"{at + width / 2:.1f}", y=21, class_="slice-name"))
        at += width
    return tag("svg", "".join(parts), viewBox=f"0 0 {WIDTH} 34", role="img", xmlns="http://www.w3.org/2000/svg",
               aria_label="where time goes", class_="bar")
