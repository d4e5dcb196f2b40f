"""Plots as SVG text: bars with their spread, ratios and latencies on a logarithmic axis. Colours come from the page's style."""
import math
from html import escape

WIDTH = 720
LABEL = 150  # px kept for names at the left
LINE = 22  # px a line


def figure(value):
    if value is None:
        return "-"
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def _svg(lines, height, title):
    body = "\n".join(lines)
    return f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title)}">\n{body}\n</svg>'


def _text(x, y, text, anchor="start", style=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{style}">{escape(text)}</text>'


def _name(engine):
    return "firn" if engine == "firn" else "other"


def bars(title, samples, unit):
    """samples: [(engine, [figure, ...])]. A bar is the median; the line over it goes from the smallest to the largest figure."""
    room = WIDTH - LABEL - 90
    largest = max(max(sample) for _, sample in samples) or 1
    lines = []
    for i, (engine, sample) in enumerate(samples):
        y = i * LINE + 4
        ordered = sorted(sample)
        middle = len(ordered) // 2
        median = ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
        length, low, high = (room * value / largest for value in (median, ordered[0], ordered[-1]))
        lines.append(_text(LABEL - 8, y + 13, engine, "end"))
        lines.append(f'<rect x="{LABEL}" y="{y}" width="{max(length, 1):.1f}" height="{LINE - 6}" class="{_name(engine)}"/>')
        lines.append(f'<line x1="{LABEL + low:.1f}" x2="{LABEL + high:.1f}" y1="{y + 8}" y2="{y + 8}" class="spread"/>')
        lines.append(_text(LABEL + max(length, high) + 6, y + 13, f"{figure(median)} {unit}"))
    return _svg(lines, len(samples) * LINE + 6, title)


class _LogAxis:
    def __init__(self, values):
        self.low = math.floor(math.log10(min(values)))
        self.high = max(math.ceil(math.log10(max(values))), self.low + 1)

    def x(self, value):
        return LABEL + (WIDTH - LABEL - 40) * (math.log10(value) - self.low) / (self.high - self.low)

    def grid(self, height, unit):
        lines = []
        for power in range(self.low, self.high + 1):
            at = self.x(10.0**power)
            lines.append(f'<line x1="{at:.1f}" x2="{at:.1f}" y1="0" y2="{height - 18}" class="grid"/>')
            lines.append(_text(at, height - 4, f"{10.0**power:g}{unit}", "middle", "axis"))
        return lines


def ratios(title, pairs):
    """pairs: [(row, ratio)]. A dot right of the line at 1 is a row that Firn wins."""
    height = len(pairs) * LINE + 24
    axis = _LogAxis([ratio for _, ratio in pairs] + [1.0])
    lines = axis.grid(height, "x")
    lines.append(f'<line x1="{axis.x(1):.1f}" x2="{axis.x(1):.1f}" y1="0" y2="{height - 18}" class="one"/>')
    for i, (row, ratio) in enumerate(pairs):
        y = i * LINE + 12
        lines.append(_text(LABEL - 8, y + 4, row, "end"))
        lines.append(f'<circle cx="{axis.x(ratio):.1f}" cy="{y}" r="5" class="{"firn" if ratio >= 1 else "behind"}"/>')
        lines.append(_text(axis.x(ratio) + 9, y + 4, f"{ratio:.2f}x"))
    return _svg(lines, height, title)


def latencies(title, engines):
    """engines: [(engine, [(name, us), ...])], each from the median to the longest pause."""
    height = len(engines) * LINE + 24
    axis = _LogAxis([us for _, marks in engines for _, us in marks])
    lines = axis.grid(height, " us")
    for i, (engine, marks) in enumerate(engines):
        y = i * LINE + 12
        lines.append(_text(LABEL - 8, y + 4, engine, "end"))
        lines.append(f'<line x1="{axis.x(marks[0][1]):.1f}" x2="{axis.x(marks[-1][1]):.1f}" y1="{y}" y2="{y}" class="spread"/>')
        for name, us in marks:
            lines.append(f'<circle cx="{axis.x(us):.1f}" cy="{y}" r="4" class="{_name(engine)}"><title>{escape(name)}: {figure(us)} us</title></circle>')
    return _svg(lines, height, title)
