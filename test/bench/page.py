"""bench.html: one page that needs nothing else, with tables, rooflines and where time goes."""
import statistics
from html import escape

import chart
from chart import number, tag
from compare import key_of

STYLE = """
:root { color-scheme: light; }
body { font: 14px/1.45 system-ui, sans-serif; color: #1b1b1b; background: #fff; max-width: 1180px; margin: 2em auto;
  padding: 0 1em; }
h1 { font-size: 1.5em; margin-bottom: .2em; } h2 { font-size: 1.2em; margin: 2em 0 .4em; border-bottom: 1px solid #ccc; }
h3 { font-size: 1em; margin: 1.2em 0 .3em; }
p.note, figcaption { color: #555; font-size: .92em; max-width: 75em; } figure { margin: 1em 0; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .92em; }
th, td { padding: .2em .55em; text-align: right; white-space: nowrap; border-bottom: 1px solid #e4e4e4; }
th:nth-child(-n+2), td:nth-child(-n+2) { text-align: left; } td:first-child { white-space: normal; }
th { border-bottom: 1px solid #888; vertical-align: bottom; white-space: normal; } th[data-sort] { cursor: pointer; }
th[data-sort]:hover { text-decoration: underline; } td.failed { color: #8a5a00; white-space: normal; text-align: left; font-size: .9em; max-width: 9em; }
td.failed[colspan] { max-width: none; }
svg { width: 100%; height: auto; display: block; } svg text { font: 11px system-ui, sans-serif; fill: #444; }
svg text.axis { font-size: 12px; } svg text.limit { font-weight: 600; }
svg text.limit, svg text.name { fill: #1b1b1b; stroke: #fff; stroke-width: 3px; stroke-linejoin: round; paint-order: stroke; }
.grid { stroke: #e6e6e6; } .roof { fill: none; stroke: #1b1b1b; stroke-width: 1.6; } .tie { stroke: #999; stroke-dasharray: 2 3; }
.mark { stroke: #fff; stroke-width: .8; } .forward { fill: #1f6f8b; } .backward { fill: #c8553d; } .update, .prepare { fill: #6b6b6b; }
.mark.hollow { fill: #fff; stroke: #1f6f8b; stroke-width: 1.4; } .backward.hollow { stroke: #c8553d; }
.slice { stroke: #fff; stroke-width: 1; } svg text.slice-name { fill: #fff; text-anchor: middle; }
.key { display: inline-block; width: .9em; height: .9em; vertical-align: -.1em; margin: 0 .3em 0 1em; }
svg.glyph { display: inline-block; width: 14px; height: 14px; vertical-align: -2px; margin: 0 .3em 0 1em; }
@page { size: A4; margin: 12mm; }
@media print { body { max-width: none; margin: 0; font-size: 10px; } h2 { break-after: avoid; } figure, tr { break-inside: avoid; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
"""

# A click on a column's head sorts by it, largest first, and the other way with the next click.
SCRIPT = """
for (const head of document.querySelectorAll('th[data-sort]'))
  head.addEventListener('click', () => {
    const body = head.closest('table').tBodies[0], column = head.cellIndex;
    const sign = head.dataset.sort = head.dataset.sort === '-1' ? 1 : -1;
    const value = row => { const text = row.cells[column] ? row.cells[column].dataset.value : '';
      return text === undefined || text === '' ? NaN : isNaN(text) ? text : Number(text); };
    const order = (a, b) => { const x = value(a), y = value(b);
      if (x !== x || y !== y) return (x !== x) - (y !== y);
      return sign * (x < y ? -1 : x > y ? 1 : 0); };
    body.append(...[...body.rows].sort(order));
  });
"""


def cell(value, text=None):
    if value is None:
        return "<td></td>"
    return tag("td", escape(number(value) if text is None else text), data_value=value)


def table(heads, rows):
    head = "".join(tag("th", escape(text), data_sort="", title="sort") for text in heads)
    return tag("table", tag("thead", tag("tr", head)) + tag("tbody", "\n".join(tag("tr", row) for row in rows)))


def kernel_table(rows):
    schedulers = list(dict.fromkeys(name for row in rows for name in row.get("autoschedulers", {})))
    heads = ["kernel", "part", "us", "± %", "GFLOP/s", "% of peak", "as direct sums", "GB/s", "FLOP/byte", "kB",
             *(f"{name} takes, times ours" for name in schedulers)]
    lines = []
    for row in rows:
        name = f"{row['function']} {row['name']}"
        if "failed" in row:
            lines.append(cell(name, name) + cell(row["part"], row["part"]) +
                         tag("td", escape(f"failed: {row['failed']}"), colspan=len(heads) - 2, class_="failed"))
            continue
        us = statistics.median(row["us"])
        line = cell(name, name) + cell(row["part"], row["part"]) + cell(us)
        spread = 50 * (max(row["us"]) - min(row["us"])) / us
        line += cell(spread, f"{spread:.1f}")
        line += cell(row["gflops"], f"{row['gflops']:.1f}") + cell(row["peak_percent"], f"{row['peak_percent']:.1f}")
        counted = row["direct_flops"] not in (0, row["flops"])
        line += cell(row["direct_gflops"] if counted else None, f"{row['direct_gflops']:.1f}")
        line += cell(row["gbytes_per_second"], f"{row['gbytes_per_second']:.1f}") + cell(row["flop_per_byte"])
        line += cell(row["bytes"] / 1e3)
        for scheduler in schedulers:
            other = row.get("autoschedulers", {}).get(scheduler, {"failed": "not run"})
            if "failed" in other:
                line += tag("td", escape(f"failed: {other['failed']}"), class_="failed")
            else:
                line += cell(other["ratio"], f"{other['ratio']:.1f}")
        lines.append(line)
    return table(heads, lines)


def network_table(rows):
    heads = ["network", "who", "ms", "least", "images/s", "% of peak", "Fovea takes, of this"]
    lines = []
    for row in rows:
        name = key_of(row)
        who = cell(name, name)
        if "failed" in row:
            lines.append(who + cell("Fovea", "Fovea") + tag("td", escape(f"failed: {row['failed']}"), colspan=5, class_="failed"))
            continue
        lines.append(who + cell("Fovea", "Fovea") + cell(row["ms_median"]) + cell(row["ms_least"]) +
                     cell(row["images_per_second"]) + cell(row["peak_percent"], f"{row['peak_percent']:.1f}") + cell(None))
        for peer in row["peers"]:
            if "failed" in peer:
                lines.append(who + cell(peer["name"], peer["name"]) +
                             tag("td", escape(f"failed: {peer['failed']}"), colspan=5, class_="failed"))
                continue
            title = f"{peer['name']} {peer['version']}"
            lines.append(who + cell(title, title) + cell(peer["ms_median"]) + cell(peer["ms_least"]) +
                         cell(row["batch"] / peer["ms_median"] * 1000) + cell(None) +
                         cell(peer["ratio"], f"{peer['ratio']:.2f}"))
    return table(heads, lines)


def glyph(part, hollow, text):
    return tag("svg", chart.mark(part, 7, 7, hollow, text), viewBox="0 0 14 14", class_="glyph") + escape(text)


def limits(machine):
    """What the machine reaches; memory is measured with the kernels, and may be missing."""
    reads = machine["read_gbytes_per_second"]
    return f"multiply-adds reach {machine['peak_gflops']:.1f} GFLOP/s" + (f", memory reads {reads:.1f} GB/s" if reads else "")


def render(run):
    machine, versions = run["machine"], run["versions"]
    head = (f"{machine['cpu']} ({', '.join(machine['features'])}), {machine['threads']} of {machine['cores']} cores; "
            f"{limits(machine)}, measured with as many threads. Fovea {versions['fovea']}, commit "
            f"{versions['commit'][:12] or 'unknown'}{', with changes' if versions['changed'] else ''}, {versions['date']}"
            f"{'. A quick run: too few repetitions to rely on' if run['quick'] else ''}.")
    parts = [tag("h1", "Fovea's benchmark"), tag("p", escape(head), class_="note")]
    if run["networks"]:
        parts += [tag("h2", "Networks"),
                  tag("p", "Programs and peers in turn, a round each, with the same threads. A ratio is the median over the "
                      "rounds of Fovea's least time over the peer's, below 1 where Fovea is faster.", class_="note"),
                  network_table(run["networks"]), tag("h3", "Where time goes"),
                  tag("p", "".join(tag("span", "", class_="key", style=f"background: {color}") + escape(kind)
                                   for kind, color in chart.KINDS.items()))]
    for row in run["networks"]:
        if "failed" not in row:
            caption = f"{key_of(row)}: {number(row['ms_median'])} ms, {row['peak_percent']:.0f} % of the peak"
            parts.append(tag("figure", tag("figcaption", escape(caption)) + chart.time_bar(row)))
    for network in dict.fromkeys(row["network"] for row in run["kernels"]):
        rows = [row for row in run["kernels"] if row["network"] == network]
        picture = chart.roofline(rows, machine)
        parts.append(tag("h2", escape(f"Kernels of {network}")))
        if picture:
            caption = tag("p", glyph("forward", False, "forward") + glyph("backward", False, "backward") +
                          glyph("prepare", False, "update, prepare") + glyph("forward", True, "Winograd's counted as direct sums"))
            caption += tag("figcaption", "Each kernel in a loop of its own: what fits stays in the caches, and a point can lie "
                           "above the line of memory reads. Winograd's kernels compute less than the direct sums they stand "
                           "for; counted as those they can pass the peak.")
            parts.append(tag("figure", caption + picture))
        parts.append(kernel_table(rows))
    body = "\n".join(parts)
    return (f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8"/>\n<title>Fovea\'s benchmark</title>\n'
            f"<style>{STYLE}</style>\n</head>\n<body>\n{body}\n<script>//<![CDATA[{SCRIPT}//]]></script>\n</body>\n</html>\n")
