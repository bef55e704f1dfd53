#!/usr/bin/env python3
"""Records `mcp-tether demo` and draws it as two small SVG files for README, one dark and one light.

    packaging/demo-picture/draw.py target/debug/mcp-tether

Needs nothing but Python. The picture is what the program prints; only the port, which differs each
time, is replaced.
"""

import html
import os
import pathlib
import re
import subprocess
import sys

SCHEMES = {
    "dark": {"back": "#1b1b1f", "text": "#e6e6ea", "36": "#56c8d8", "32": "#7fd07f", "33": "#e0c060", "31": "#ff8080"},
    "light": {"back": "#f6f6f8", "text": "#1b1b1f", "36": "#00708a", "32": "#207020", "33": "#806000", "31": "#b00020"},
}
LINE, COLUMN, MARGIN = 18, 7.85, 16
MOST_LINES = 16


def record(program):
    environment = dict(os.environ, CLICOLOR_FORCE="1", TERM="xterm-256color")
    done = subprocess.run([program, "demo", "--talk"], env=environment, capture_output=True, text=True, check=True)
    text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:8080", done.stdout)
    lines = text.rstrip("\n").split("\n")
    if len(lines) > MOST_LINES:
        # The last lines say what to do next; what is left out of the middle is marked.
        lines = lines[: MOST_LINES - 4] + [" " * 13 + "…"] + lines[-3:]
    return ["\x1b[32m$\x1b[0m mcp-tether demo"] + lines


def spans(line):
    """Pieces of a line with the number of their colour, if they have one."""
    colour = None
    for piece in re.split(r"(\x1b\[[0-9;]*m)", line):
        if piece.startswith("\x1b"):
            codes = [code for code in piece[2:-1].split(";") if code in ("31", "32", "33", "36")]
            colour = codes[0] if codes else None
        elif piece:
            yield colour, piece


def draw(lines, scheme):
    plain = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in lines]
    width = int(max(map(len, plain)) * COLUMN) + 2 * MARGIN
    height = len(lines) * LINE + 2 * MARGIN
    rules = "".join(f".c{code}{{fill:{value}}}" for code, value in scheme.items() if code.isdigit())
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">',
        f"<style>text{{font:13px ui-monospace,Menlo,Consolas,monospace;fill:{scheme['text']};white-space:pre}}{rules}</style>",
        f'<rect width="{width}" height="{height}" rx="8" fill="{scheme["back"]}"/>',
    ]
    for number, line in enumerate(lines):
        pieces = "".join(
            f'<tspan class="c{colour}">{html.escape(text)}</tspan>' if colour else html.escape(text)
            for colour, text in spans(line)
        )
        out.append(f'<text x="{MARGIN}" y="{MARGIN + 13 + number * LINE}" xml:space="preserve">{pieces}</text>')
    return "\n".join(out) + "\n</svg>\n"


def main():
    lines = record(os.path.abspath(sys.argv[1]))
    docs = pathlib.Path(__file__).resolve().parents[2] / "docs"
    for name, scheme in SCHEMES.items():
        path = docs / f"demo-{name}.svg"
        path.write_text(draw(lines, scheme), encoding="utf-8")
        print(f"{path.relative_to(docs.parent)}: {path.stat().st_size} bytes")


main()
