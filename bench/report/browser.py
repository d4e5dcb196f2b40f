#!/usr/bin/env python3
"""browser.py PAGE.html [PICTURE.png]: opens the page in a headless Chromium. Ends with 1 when a chart is not there, nothing is drawn or something sticks out of its chart, and
with 77 where there is no Chromium. The picture is that of the top of the page."""
import html
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib

FIRN = (0x0A, 0x7B, 0xBD)  # the colour of Firn's bars and dots in report.py

# Put into a copy of the page: names what is drawn outside of its chart's box, where nobody sees it.
LOOK = """<script>
const outside = [...document.querySelectorAll("svg text, svg rect, svg circle, svg polyline")].filter((element) => {
  const box = element.getBBox(), view = element.ownerSVGElement.viewBox.baseVal;
  return box.x < view.x - 1 || box.y < view.y - 1 || box.x + box.width > view.x + view.width + 1 || box.y + box.height > view.y + view.height + 1;
}).map((element) => element.ownerSVGElement.getAttribute("aria-label") + ": " + (element.textContent || element.tagName));
const verdict = document.createElement("pre");
verdict.id = "verdict";
verdict.textContent = JSON.stringify({charts: document.querySelectorAll("svg").length, outside: outside});
document.body.append(verdict);
</script>"""


def find():
    return shutil.which("chromium") or shutil.which("google-chrome")


def _run(browser, directory, page, *options):
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--user-data-dir={directory}/profile", *options, "file://" + os.path.abspath(page)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    if ended.returncode != 0:
        raise RuntimeError(f"{browser}: {ended.stderr[-2000:]}")
    return ended.stdout


def pixels(path):
    """The colours of a PNG of 8 bits a channel, as Chromium writes it: a set of (red, green, blue)."""
    with open(path, "rb") as file:
        data = file.read()
    place, body = 8, b""
    while place < len(data):
        size, kind = struct.unpack(">I4s", data[place : place + 8])
        chunk = data[place + 8 : place + 8 + size]
        if kind == b"IHDR":
            width, _, _, colour = struct.unpack(">IIBB", chunk[:10])
        elif kind == b"IDAT":
            body += chunk
        place += size + 12
    step = {2: 3, 6: 4}[colour]
    raw, above, colours = zlib.decompress(body), bytearray(width * step), set()
    for start in range(0, len(raw), width * step + 1):
        kind, line = raw[start], bytearray(raw[start + 1 : start + 1 + width * step])
        for i, value in enumerate(line):
            left, up, corner = (line[i - step], above[i], above[i - step]) if i >= step else (0, above[i], 0)
            if kind == 4:
                nearest = min((abs(up - corner), 0, left), (abs(left - corner), 1, up), (abs(left + up - 2 * corner), 2, corner))[2]
            line[i] = value + (0, left, up, (left + up) // 2, nearest if kind == 4 else 0)[kind] & 255
        above = line
        colours.update(zip(line[0::step], line[1::step], line[2::step]))
    return colours


def complaints(page, picture=None):
    """What a reader of the page would miss: a list of sentences. The browser must be there."""
    with open(page, encoding="utf-8") as file:
        text = file.read()
    with tempfile.TemporaryDirectory() as directory:
        copy = os.path.join(directory, "copy.html")
        with open(copy, "w", encoding="utf-8") as file:
            file.write(text.replace("</body>", LOOK + "</body>"))
        found = re.search(r'<pre id="verdict">(.*?)</pre>', _run(find(), directory, copy, "--dump-dom"), re.DOTALL)
        if found is None:
            return ["the page's end is not there"]
        verdict = json.loads(html.unescape(found.group(1)))
        said = [f"outside of its chart: {what}" for what in verdict["outside"]]
        if verdict["charts"] != text.count("<svg "):
            said.append(f'{verdict["charts"]} charts of {text.count("<svg ")}')
        picture = picture or os.path.join(directory, "picture.png")
        _run(find(), directory, page, f"--screenshot={picture}", "--window-size=800,1600")
        if FIRN not in pixels(picture):
            said.append("nothing in Firn's colour is drawn")
        return said


def main(arguments):
    if not arguments:
        print(__doc__, file=sys.stderr)
        return 2
    if find() is None:
        print("SKIPPED: report: no Chromium here to show the page")
        return 77
    said = complaints(*arguments)
    for sentence in said:
        print(f"browser: {sentence}", file=sys.stderr)
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
