"""The report page: what is in the results is on the page, and a browser shows it."""
import html.parser
import json
import os
import subprocess
import sys
import tempfile
import unittest

SCRIPTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../bench/report")
REPORT = os.path.join(SCRIPTS, "report.py")
sys.path.insert(0, SCRIPTS)

import browser
import growth


def line(engine, workload, value, **more):
    result = {"run": "2026-11-21T00:00:00Z", "processor": "a <fast> one", "keys": 1000, "key_bytes": 16, "value_bytes": 100, "threads": 2, "engine": engine,
              "version": "1.2", "debug_package": engine == "leveldb", "settings": "as it is", "peer": engine != "firn", "group": "random", "workload": workload,
              "text": "what it is", "metric": "kops", "unit": "k/s", "higher_is_better": True, "rep": 0, "kops": value, "foreign_cpu": 0.01}
    return {**result, **more}


def page_of(*lines, text=None):
    """Exit code, page and what was said of errors."""
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "results.jsonl")
        with open(path, "w", encoding="utf-8") as results:
            results.write(text if text is not None else "".join(json.dumps(one) + "\n" for one in lines))
        ended = subprocess.run([sys.executable, "-B", REPORT, path], capture_output=True, text=True, check=False)
        return ended.returncode, ended.stdout, ended.stderr


class Balance(html.parser.HTMLParser):
    """Every element that is opened is closed, in order; nothing is taken from elsewhere."""

    ALONE = {"meta", "!doctype"}

    def __init__(self):
        super().__init__()
        self.open = []
        self.elements = []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in self.ALONE:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, (tag, self.open)
        self.open.pop()


SAMPLE = [line("firn", "readrandom", 2000, p50_us=0.4, p95_us=0.6, p99_us=1.0, p999_us=9, pause_max_us=300), line("firn", "readrandom", 2200, rep=1),
          line("lmdb", "readrandom", 1000, p50_us=0.9, p95_us=1.2, p99_us=2.0, p999_us=11, pause_max_us=400), line("leveldb", "readrandom", 200),
          line("firn", "space", 0, metric="ratio", unit="x data", higher_is_better=False, ratio=1.1),
          line("lmdb", "space", 0, metric="ratio", unit="x data", higher_is_better=False, ratio=1.6)]


class ReportTest(unittest.TestCase):
    def test_every_row_engine_and_figure_is_on_the_page(self):
        code, page, said = page_of(*SAMPLE)
        self.assertEqual((0, ""), (code, said))
        for text in ("readrandom", "space", "firn", "lmdb", "leveldb", "2,100 k/s", "1,000 k/s", "1.6 x data", "2.10x", "less is better", "longest pause: 300 us"):
            self.assertIn(text, page)

    def test_the_page_is_well_formed_and_needs_nothing_from_elsewhere(self):
        _, page, _ = page_of(*SAMPLE)
        parser = Balance()
        parser.feed(page)
        self.assertEqual([], parser.open)
        for tag, attributes in parser.elements:
            self.assertNotIn(tag, ("script", "link", "img", "iframe"))
            self.assertNotIn("src", attributes)
            self.assertNotIn("href", attributes)
        self.assertIn("a &lt;fast&gt; one", page)

    def test_a_noisy_machine_is_named(self):
        self.assertNotIn("Other processes used", page_of(*SAMPLE)[1])
        self.assertIn("Other processes used 40%", page_of(line("firn", "fillseq", 10, foreign_cpu=0.4))[1])

    def test_processors_that_were_moved_apart_are_named(self):
        near, far = line("firn", "ycsb_a_mt", 10, line_ns=40), line("firn", "ycsb_a_mt", 9, rep=1, line_ns=170)
        self.assertNotIn("from one processor to the other", page_of(near)[1])
        self.assertIn("took 40 to 170 ns from one processor to the other", page_of(near, far)[1])

    def test_what_is_not_a_result_is_refused_with_its_place(self):
        for text in ("{}\n", "nonsense\n", json.dumps(SAMPLE[0]) + "\n[1]\n"):
            code, page, said = page_of(text=text)
            self.assertEqual((1, ""), (code, page))
            self.assertIn("results.jsonl:", said)
        self.assertEqual(1, page_of(text="")[0])

    def test_figures_of_a_row_stand_with_their_percentiles_and_resources(self):
        page = page_of(line("firn", "fillseq", 10, ns_op=1500, p50_us=0.7, p999_us=8.25, syncs=17, written_bytes=3e6), line("lmdb", "fillseq", 5, ns_op=2500))[1]
        for text in ("<th>mean us</th>", "<th>p99.9 us</th>", "<th>MB written</th>", "<td>8.25</td>", "<td>17</td>", "<td>3</td>", "<tr><td>lmdb</td><td>5</td><td>2.5</td><td>-</td>"):
            self.assertIn(text, page)

    def test_another_number_of_keys_is_another_row(self):
        page = page_of(line("firn", "fillseq", 10), line("firn", "fillseq", 30, keys=5000))[1]
        for text in ("10 k/s", "30 k/s", ">fillseq<", ">fillseq, 5,000 keys of 16 B, values of 100 B<"):
            self.assertIn(text, page)

    def test_seconds_are_lines_of_inserts_and_reads(self):
        page = page_of(*(line(engine, "sustained_second", 0, metric="put_kops", second=i, put_kops=100 + i, get_kops=50, put_pause_ms=1, get_pause_ms=i) for engine in ("firn", "lmdb") for i in (1, 2, 3)))[1]
        self.assertEqual(8, page.count("<polyline "))  # two engines, two charts each, inserts and reads
        self.assertIn("lmdb: ms, the longest of each second", page)

    def test_growth_is_a_table_of_medians_over_the_keys(self):
        lines = [line("firn", "fillrandom", 0, keys=keys, ns_op=ns, rep=rep) for keys, ns in ((1000000, 200), (20000000, 300)) for rep in (0, 1)]
        lines += [line("firn", "fillrandom", 0, keys=1000000, ns_op=900), line("lmdb", "readrandom", 0, keys=1000000, ns_op=77), line("lmdb", "seek10", 1)]
        lines += [line("firn", "fillrandom", 0, keys=1000000, ns_op=5000, value_bytes=1000), line("firn", "fillrandom", 0, keys=1000000, ns_op=7000, key_kind="url", key_bytes=68)]
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "results.jsonl")
            with open(path, "w", encoding="utf-8") as results:
                results.write("".join(json.dumps(one) + "\n" for one in lines))
            printed = {sizes: growth.table(found) for sizes, found in growth.samples(path).items()}
        self.assertEqual(["keys of 16 B (decimal), values of 100 B", "keys of 16 B (decimal), values of 1000 B", "url keys, values of 100 B"], list(printed))
        self.assertIn("| firn | 5,000 | - |", printed["keys of 16 B (decimal), values of 1000 B"])
        self.assertEqual(["| | | 1,000,000 | 20,000,000 | 20M / 1M |", "| --- | --- | ---: | ---: | ---: |", "| fillrandom, ns a put | firn | 200 | 300 | 1.50x |",
                          "| readrandom, ns a get | lmdb | 77 | - | - |"], printed["keys of 16 B (decimal), values of 100 B"].splitlines())


class BrowserTest(unittest.TestCase):
    def setUp(self):
        if browser.find() is None:
            print("SKIPPED: report: no Chromium here to show the page")
            self.skipTest("no Chromium")

    def complaints(self, page):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "page.html")
            with open(path, "w", encoding="utf-8") as file:
                file.write(page)
            return browser.complaints(path)

    def test_a_browser_shows_it(self):
        self.assertEqual([], self.complaints(page_of(*SAMPLE, *(line("firn", "a_row_with_a_long_name_that_needs_room", rate, rep=rate) for rate in (1, 1000)))[1]))

    def test_what_a_reader_would_miss_is_named(self):
        page = page_of(*SAMPLE)[1]
        self.assertIn("outside of its chart: space: lmdb", self.complaints(page.replace('text-anchor="end" class="">lmdb', 'text-anchor="end" transform="" dx="-600" class="">lmdb')))
        self.assertIn("4 charts of 5", self.complaints(page.replace("</h1>", "</h1><template><svg ></svg></template>")))
        self.assertIn("nothing in Firn's colour is drawn", self.complaints(page.replace("#0a7bbd", "#ff0000")))


if __name__ == "__main__":
    unittest.main()
