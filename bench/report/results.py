"""The JSON lines of firn_compare, as rows with a sample of figures for each engine."""
import json
import statistics


class Row:
    """One workload: what it is, and what each engine did in every repetition."""

    def __init__(self, line, name):
        self.name = name
        self.group = line["group"]
        self.text = line["text"]
        self.metric = line["metric"]
        self.unit = line["unit"]
        self.higher_is_better = line["higher_is_better"]
        self.lines = {}  # engine: its lines

    def sample(self, engine, metric=None):
        return [line[metric or self.metric] for line in self.lines[engine] if (metric or self.metric) in line]

    def median(self, engine, metric=None):
        sample = self.sample(engine, metric) if engine in self.lines else []
        return statistics.median(sample) if sample else None

    def best_peer(self):
        """The peer with the best median, as measured: (name, median), or None."""
        medians = [(self.median(name), name) for name, lines in self.lines.items() if lines[0]["peer"] and self.median(name)]
        if not medians:
            return None
        value, name = (max if self.higher_is_better else min)(medians)
        return name, value

    def advantage(self):
        """Firn against the best peer: above 1 is better, whichever way the figure goes. None: there is no such pair."""
        firn, best = self.median("firn"), self.best_peer()
        if not firn or best is None:
            return None
        return firn / best[1] if self.higher_is_better else best[1] / firn


class Results:
    """Everything that was measured, in the order of the files."""

    def __init__(self, paths):
        self.rows = {}
        self.engines = {}  # name: a line of it
        self.conditions = {}  # text: None, in order
        self.first_size = None  # the keys and values of the first line
        self.line_ns = []  # how long a line of the cache took from one processor to the other
        foreign = []
        for path in paths:
            with open(path, encoding="utf-8") as lines:
                for number, text in enumerate(lines, 1):
                    self._add(path, number, text, foreign)
        if not self.rows:
            raise ValueError("no results in " + ", ".join(paths))
        self.foreign_share = statistics.mean(foreign) if foreign else None

    def _add(self, path, number, text, foreign):
        try:
            line = json.loads(text)
            name = line["workload"]
            keys, threads = f'{line["keys"]:,} keys of {line["key_bytes"]} B', line["threads"]
            size = f'{keys}, values of {line["value_bytes"]} B'
            self.first_size = self.first_size or size
            if size != self.first_size:  # another row
                name += ", " + size
            row = self.rows.setdefault(name, Row(line, name))
            row.lines.setdefault(line["engine"], []).append(line)
            self.engines.setdefault(line["engine"], line)
            self.conditions[f'{line["run"]}: {line["processor"]}, {size}, {threads} threads'] = None
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{path}:{number}: not a line of firn_compare --json: {error!r}") from None
        if "foreign_cpu" in line:
            foreign.append(line["foreign_cpu"])
        if line.get("line_ns"):
            self.line_ns.append(line["line_ns"])
