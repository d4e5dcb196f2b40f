#!/usr/bin/env python3
"""report.py RESULTS.jsonl... > page.html: a page with plots of what `firn_compare --json` measured. It needs nothing from elsewhere, neither scripts nor fonts.

Medians are as measured: no factor for debug packages is applied (firn_compare's table has the column with it).
"""
import sys
from html import escape

import plots
from results import Results

QUIET_SHARE = 0.05  # of the processors that others may take
STEADY_RATIO = 2  # as in machine.cc

SECONDS = [("put_kops", "get_kops", "k/s"), ("put_pause_ms", "get_pause_ms", "ms, the longest of each second")]  # of inserts, of reads
RESOURCES = [("syncs", "syncs", 1), ("MB written", "written_bytes", 1e-6), ("processor ns an operation", "cpu_ns_op", 1), ("anonymous MB", "anonymous_mb", 1), ("mapped MB", "mapped_mb", 1)]

PERCENTILES = [("p50", "p50_us"), ("p95", "p95_us"), ("p99", "p99_us"), ("p99.9", "p999_us"), ("longest pause", "pause_max_us")]

STYLE = """
:root { color-scheme: light dark; --ink: #1b2733; --paper: #fff; --soft: #8899a8; --firn: #0a7bbd; --behind: #c2410c; --rule: #d7dee5; }
@media (prefers-color-scheme: dark) { :root { --ink: #dfe7ee; --paper: #12181e; --soft: #708090; --firn: #46b1ee; --behind: #fb923c; --rule: #2b3640; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 780px; margin: 2rem auto; padding: 0 1rem; }
svg { width: 100%; height: auto; font: 13px system-ui, sans-serif; } text { fill: var(--ink); } .axis { fill: var(--soft); font-size: 11px; }
.firn { fill: var(--firn); } .other { fill: var(--soft); } .behind { fill: var(--behind); }
.trace { stroke-width: 1.4; } .trace.firn { fill: none; stroke: var(--firn); } .trace.other { fill: none; stroke: var(--soft); }
.spread { stroke: var(--ink); stroke-width: 1.2; } .grid { stroke: var(--rule); } .one { stroke: var(--ink); stroke-dasharray: 4 3; }
.warning { border-left: 4px solid var(--behind); padding: .2rem 1rem; } h3 { margin: 1.6rem 0 0; } p.text { margin: 0 0 .4rem; color: var(--soft); }
table { border-collapse: collapse; } td, th { padding: .1rem .6rem; border-bottom: 1px solid var(--rule); text-align: right; } td:first-child { text-align: left; }
"""


def heading(results):
    parts = ["<h1>Firn beside its peers</h1>", "<ul>"]
    parts += [f"<li>{escape(text)}</li>" for text in results.conditions]
    parts.append("</ul>")
    if results.foreign_share is not None and results.foreign_share > QUIET_SHARE:
        parts.append(f'<p class="warning">Other processes used {results.foreign_share:.0%} of the processors meanwhile: figures are worse than on a quiet machine.</p>')
    if results.line_ns and max(results.line_ns) >= STEADY_RATIO * min(results.line_ns):
        parts.append(f'<p class="warning">A line of the cache took {min(results.line_ns):.0f} to {max(results.line_ns):.0f} ns from one processor to the other: they were not always as near. Rows of several threads do not all compare.</p>')
    parts.append("<ul>")
    for name, line in results.engines.items():
        package = " (Debian's package, with assertions)" if line["debug_package"] else ""
        parts.append(f'<li><b>{escape(name)}</b> {escape(line["version"])}{package}: {escape(line["settings"])}</li>')
    parts.append("</ul>")
    return parts


def overview(results):
    pairs = [(row.name, row.advantage()) for row in results.rows.values() if row.higher_is_better]
    pairs = [(name, ratio) for name, ratio in pairs if ratio]
    if not pairs:
        return []
    return ["<h2>Firn against the best peer, row by row</h2>", '<p class="text">Operations a second. Right of the line Firn is ahead.</p>', plots.ratios("Firn / best peer", pairs)]


def figures(row):
    """The row's figures as a table: the mean beside the percentiles, and what it took."""
    columns = [(row.unit, row.metric, 1)] + [("mean us", "ns_op", 1e-3)] * (row.metric != "ns_op")
    columns += [(f"{name} us", metric, 1) for name, metric in PERCENTILES if metric != row.metric] + RESOURCES
    columns = [column for column in columns if any(row.median(engine, column[1]) is not None for engine in row.lines)]
    if len(columns) == 1:
        return []
    parts = ["<details><summary>figures</summary><table><tr><th></th>" + "".join(f"<th>{escape(name)}</th>" for name, _, _ in columns) + "</tr>"]
    for engine in row.lines:
        medians = [(row.median(engine, metric), factor) for _, metric, factor in columns]
        cells = "".join(f"<td>{plots.figure(None if median is None else median * factor)}</td>" for median, factor in medians)
        parts.append(f"<tr><td>{escape(engine)}</td>{cells}</tr>")
    parts.append("</table></details>")
    return parts


def seconds_section(row):
    """One chart an engine of what it did second by second, in its first repetition."""
    parts = []
    for engine, lines in row.lines.items():
        lines = [line for line in lines if line["rep"] == lines[0]["rep"]]
        for puts, gets, unit in SECONDS:
            series = [("inserts", [line[puts] for line in lines]), ("reads", [line[gets] for line in lines])]
            parts.append(f'<p class="text">{escape(engine)}: {escape(unit)}</p>' + plots.seconds(f"{row.name}: {engine}, {unit}", series, unit))
    return parts


def row_section(row):
    samples = [(engine, row.sample(engine)) for engine in row.lines if row.sample(engine)]
    better = "more is better" if row.higher_is_better else "less is better"
    parts = [f'<h3 id="{escape(row.name)}">{escape(row.name)}</h3>', f'<p class="text">{escape(row.text)}; {better}</p>', plots.bars(row.name, samples, row.unit)]
    marks = []
    for engine in row.lines:
        points = [(name, row.median(engine, metric)) for name, metric in PERCENTILES]
        points = [(name, us) for name, us in points if us]
        if points:
            marks.append((engine, points))
    if marks and not row.name.startswith("readseq"):  # a whole scan is one operation: it has no distribution
        parts.append('<p class="text">latency of an operation: p50, p95, p99, p99.9, longest pause</p>')
        parts.append(plots.latencies(row.name + ": latency", marks))
    if all("second" in line for lines in row.lines.values() for line in lines):
        return parts + seconds_section(row)
    return parts + figures(row)


def table(results):
    parts = ["<details><summary>All medians</summary><table><tr><th>row</th><th>unit</th>"]
    parts += [f"<th>{escape(name)}</th>" for name in results.engines]
    parts.append("</tr>")
    for row in results.rows.values():
        cells = "".join(f"<td>{plots.figure(row.median(name))}</td>" for name in results.engines)
        parts.append(f"<tr><td>{escape(row.name)}</td><td>{escape(row.unit)}</td>{cells}</tr>")
    parts.append("</table></details>")
    return parts


def page(results):
    parts = ["<!doctype html>", '<html lang="en"><head><meta charset="utf-8"><title>Firn beside its peers</title>', f"<style>{STYLE}</style></head><body>"]
    parts += heading(results) + overview(results)
    group = None
    for row in results.rows.values():
        if row.group != group:
            group = row.group
            parts.append(f"<h2>{escape(group)}</h2>")
        parts += row_section(row)
    return "\n".join(parts + table(results) + ["</body></html>"]) + "\n"


def main(paths):
    if not paths:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        sys.stdout.write(page(Results(paths)))
    except (OSError, ValueError) as error:
        print(f"report: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
