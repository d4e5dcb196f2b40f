"""Plots as SVG text: bars with their spread, ratios and latencies on a logarithmic axis. Colours come from the page's style."""
import math
from html import escape

WIDTH = 720
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


def _label(names):
    """The px kept for names at the left."""
    return max(150, 20 + 7.4 * max(len(name) for name in names))


def _name(engine):
    return "firn" if engine == "firn" else "other"


def bars(title, samples, unit):
    """samples: [(engine, [figure, ...])]. A bar is the median; the line over it goes from the smallest to the largest figure."""
    label = _label(engine for engine, _ in samples)
    room = WIDTH - label - 130
    largest = max(max(sample) for _, sample in samples) or 1
    lines = []
    for i, (engine, sample) in enumerate(samples):
        y = i * LINE + 4
        ordered = sorted(sample)
        middle = len(ordered) // 2
        median = ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
        length, low, high = (room * value / largest for value in (median, ordered[0], ordered[-1]))
        lines.append(_text(label - 8, y + 13, engine, "end"))
        lines.append(f'<rect x="{label}" y="{y}" width="{max(length, 1):.1f}" height="{LINE - 6}" class="{_name(engine)}"/>')
        lines.append(f'<line x1="{label + low:.1f}" x2="{label + high:.1f}" y1="{y + 8}" y2="{y + 8}" class="spread"/>')
        lines.append(_text(label + max(length, high) + 6, y + 13, f"{figure(median)} {unit}"))
    return _svg(lines, len(samples) * LINE + 6, title)


def _power(power, unit):
    if unit == "us":
        power, unit = (power - 6, "s") if power >= 6 else (power - 3, "ms") if power >= 3 else (power, "us")
        return f"{10.0**power:g} {unit}"
    return f"{10.0**power:g}{unit}"


class _LogAxis:
    def __init__(self, values, names):
        self.label = _label(names)
        self.low = math.floor(math.log10(min(values)))
        self.high = max(math.ceil(math.log10(max(values))), self.low + 1)

    def x(self, value):
        return self.label + (WIDTH - self.label - 60) * (math.log10(value) - self.low) / (self.high - self.low)

    def grid(self, height, unit):
        lines = []
        for power in range(self.low, self.high + 1):
            at = self.x(10.0**power)
            lines.append(f'<line x1="{at:.1f}" x2="{at:.1f}" y1="0" y2="{height - 18}" class="grid"/>')
            lines.append(_text(at, height - 4, _power(power, unit), "middle", "axis"))
        return lines


def ratios(title, pairs):
    """pairs: [(row, ratio)]. A dot right of the line at 1 is a row that Firn wins."""
    height = len(pairs) * LINE + 24
    axis = _LogAxis([ratio for _, ratio in pairs] + [1.0], [row for row, _ in pairs])
    lines = axis.grid(height, "x")
    lines.append(f'<line x1="{axis.x(1):.1f}" x2="{axis.x(1):.1f}" y1="0" y2="{height - 18}" class="one"/>')
    for i, (row, ratio) in enumerate(pairs):
        y = i * LINE + 12
        lines.append(_text(axis.label - 8, y + 4, row, "end"))
        lines.append(f'<circle cx="{axis.x(ratio):.1f}" cy="{y}" r="5" class="{"firn" if ratio >= 1 else "behind"}"/>')
        lines.append(_text(axis.x(ratio) + 9, y + 4, f"{ratio:.2f}x"))
    return _svg(lines, height, title)


def latencies(title, engines):
    """engines: [(engine, [(name, us), ...])], each from the median to the longest pause."""
    height = len(engines) * LINE + 24
    axis = _LogAxis([us for _, marks in engines for _, us in marks], [engine for engine, _ in engines])
    lines = axis.grid(height, "us")
    for i, (engine, marks) in enumerate(engines):
        y = i * LINE + 12
        lines.append(_text(axis.label - 8, y + 4, engine, "end"))
        lines.append(f'<line x1="{axis.x(marks[0][1]):.1f}" x2="{axis.x(marks[-1][1]):.1f}" y1="{y}" y2="{y}" class="spread"/>')
        for name, us in marks:
            lines.append(f'<circle cx="{axis.x(us):.1f}" cy="{y}" r="4" class="{_name(engine)}"><title>{escape(name)}: {figure(us)} us</title></circle>')
    return _svg(lines, height, title)


def seconds(title, series, unit):
    """series: [(name, [figure of each second, ...])]: one line each, from zero, all on one scale. The first is drawn over the others."""
    height, top, right = 150, 16, 120
    count = max(len(figures) for _, figures in series)
    largest = max(max(figures) for _, figures in series) or 1
    x = lambda i: 60 + (WIDTH - 60 - right) * i / max(count - 1, 1)
    y = lambda value: top + (height - top - 22) * (1 - value / largest)
    lines = [_text(54, y(value) + 4, figure(value), "end", "axis") for value in (0, largest / 2, largest)]
    lines += [f'<line x1="60" x2="{WIDTH - right}" y1="{y(value):.1f}" y2="{y(value):.1f}" class="grid"/>' for value in (0, largest / 2, largest)]
    lines += [_text(x(i), height - 6, f"{i + 1} s", "middle", "axis") for i in (0, count // 2, count - 1)]
    lines.append(_text(60, 10, unit, "start", "axis"))
    for place, (name, figures) in reversed(list(enumerate(series))):
        points = " ".join(f"{x(i):.1f},{y(value):.1f}" for i, value in enumerate(figures))
        style = "firn" if place == 0 else "other"
        lines.append(f'<polyline points="{points}" class="trace {style}"/>')
        lines.append(_text(WIDTH - right + 8, top + 14 + 18 * place, name, "start", style))
    return _svg(lines, height, title)
