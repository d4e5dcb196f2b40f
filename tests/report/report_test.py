"""The report page: what is in the results is on the page, and a browser shows it."""
import html.parser
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

REPORT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../bench/report/report.py")


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

    def test_what_is_not_a_result_is_refused_with_its_place(self):
        for text in ("{}\n", "nonsense\n", json.dumps(SAMPLE[0]) + "\n[1]\n"):
            code, page, said = page_of(text=text)
            self.assertEqual((1, ""), (code, page))
            self.assertIn("results.jsonl:", said)
        self.assertEqual(1, page_of(text="")[0])

    def test_a_browser_shows_it(self):
        browser = shutil.which("chromium") or shutil.which("google-chrome")
        if browser is None:
            print("SKIPPED: report: no Chromium here to show the page")
            self.skipTest("no Chromium")
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "page.html")
            with open(path, "w", encoding="utf-8") as page:
                page.write(page_of(*SAMPLE)[1])
            shown = subprocess.run([browser, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={directory}/profile", "--dump-dom", "file://" + path],
                                   capture_output=True, text=True, timeout=300, check=False)
            self.assertEqual(0, shown.returncode, shown.stderr[-2000:])
            self.assertEqual(shown.stdout.count("<svg"), shown.stdout.count("</svg>"))
            self.assertEqual(4, shown.stdout.count("<svg "))  # the overview, the bars of two rows, the latencies of one


if __name__ == "__main__":
    unittest.main()
