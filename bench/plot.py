#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Copyright the lowprec authors
"""Draws what a benchmark measured (--json) as SVG, for a light and for a dark page, and lists what misses its target.

  bench/plot.py FIGURES.json [--to FOLDER] [--name NAME]    writes FOLDER/NAME-light.svg and -dark.svg; docs/bench/convert
  bench/plot.py FIGURES.json --name quantize                what bench.kernels.quantize wrote
  bench/plot.py FIGURES.json ... --name matmul              what bench.kernels.matmul wrote, in one run or several: a roofline

A bar is lowprec's ratio to a loop that only moves the bytes, marks are its variants and the peers, and an upright line is
the target of bench/targets.json.
"""
import argparse
import json
import math
import pathlib
import re
import statistics
import sys
from xml.sax.saxutils import escape

SIZES = ("L1", "L2", "memory")
THEMES = {
    "light": {"page": "#ffffff", "text": "#1f2328", "faint": "#59636e", "grid": "#d8dee4", "bar": "#4a86c8",
              "target": "#c4341f", "scalar": "#8c959f"},
    "dark": {"page": "#0d1117", "text": "#e6edf3", "faint": "#9198a1", "grid": "#30363d", "bar": "#3f77b5",
             "target": "#ff8f73", "scalar": "#7d8590"},
}
# distinct in both themes, also without red and green
MARKS = {"AVX2": "#e8b13a", "base": "#c77dba"}
PEERS = ("#e0702e", "#2fa58c", "#b58cd9", "#d6ba2c", "#e2688f", "#5fb0e6", "#9a8a6a")
LABEL, PANEL, GAP, ROW, TOP, FULL = 200, 230, 60, 17, 70, 1.12  # pixels; FULL is the ratio at a panel's right edge


TITLES = {"convert": "Bulk conversion", "quantize": "Quantization", "matmul": "Matrix products"}


def target_of(operation, targets):
    for target in targets:
        if re.search(target["name"], operation["name"]) and all(
                operation[key] == target[key] for key in ("in_bits", "out_bits") if key in target):
            return target
    return {}


def contender(operation, name):
    return next((c for c in operation["contenders"] if c["name"] == name), {})


class Picture:
    def __init__(self, width, height, theme):
        self.theme = theme
        self.parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
            'font-family="system-ui, sans-serif" font-size="11">',
            f'<rect width="{width}" height="{height}" fill="{theme["page"]}"/>']

    def text(self, x, y, text, colour="text", anchor="start", size=None, bold=False):
        more = (f' font-size="{size}"' if size else "") + (' font-weight="600"' if bold else "")
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" fill="{self.theme[colour]}" text-anchor="{anchor}"{more}>'
                          f'{escape(text)}</text>')

    def line(self, x1, y1, x2, y2, colour, width=1.0):
        self.parts.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" '
                          f'stroke-width="{width}"/>')

    def bar(self, x, y, width, height):
        self.parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height}" rx="1.5" '
                          f'fill="{self.theme["bar"]}"/>')

    def mark(self, x, y, kind, colour):
        edge = f'stroke="{self.theme["page"]}" stroke-width="0.8"'
        if kind == "variant":
            self.parts.append(f'<path d="M{x:.1f} {y - 4.2:.1f}l3.4 4.2l-3.4 4.2l-3.4 -4.2z" fill="{colour}" {edge}/>')
        else:
            self.parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.1" fill="{colour}" {edge}/>')

    def save(self, path):
        path.write_text("\n".join([*self.parts, "</svg>"]) + "\n", encoding="utf-8")


def draw(figures, targets, theme, path, title):
    operations = [o for o in figures["operations"] if contender(o, "lowprec")]
    sizes = [s for s in SIZES if s in figures["sizes"]]
    peers = []
    for operation in operations:
        peers += [c["name"] for c in operation["contenders"] if c["role"] == "peer" and c["name"] not in peers]
    colours = {name: PEERS[i % len(PEERS)] for i, name in enumerate(sorted(peers))}
    width = LABEL + len(sizes) * (PANEL + GAP)
    bottom = TOP + ROW * len(operations)
    picture = Picture(width, bottom + 86, theme)
    picture.text(12, 22, f"{title}: speed as a ratio to a loop that only moves the bytes", size=15, bold=True)
    elements = {size: f"{size}, {count >> 20} Mi elements" if count >> 20 else f"{size}, {count >> 10} Ki elements"
                for size, count in figures["sizes"].items()}
    for i, size in enumerate(sizes):
        left = LABEL + i * (PANEL + GAP)

        def place(ratio):
            return left + PANEL * min(ratio, FULL) / FULL

        picture.text(left, TOP - 24, elements[size], bold=True)
        for tick in (0, 0.25, 0.5, 0.75, 1):
            picture.line(place(tick), TOP - 4, place(tick), bottom, theme["grid"], 1.5 if tick == 1 else 0.8)
            picture.text(place(tick), TOP - 9, f"{tick:g}", "faint", "middle", 9)
        for row, operation in enumerate(operations):
            middle = TOP + row * ROW + ROW / 2
            if i == 0:
                picture.text(LABEL - 8, middle + 4, operation["name"], anchor="end", size=10)
            own = contender(operation, "lowprec").get(size)
            if own is None:
                continue
            picture.bar(left, middle - 5, max(place(own["ratio"]) - left, 1), 10)
            picture.text(left + PANEL + 6, middle + 4, f'{own["ratio"]:.2f}', size=10)
            wanted = target_of(operation, targets).get("lowprec")
            if wanted:
                at = place(wanted[SIZES.index(size)])
                picture.line(at, middle - 7, at, middle + 7, theme["target"], 2.2)
            for other in operation["contenders"]:
                if size not in other or other["name"] == "lowprec" or other["role"] in ("stream", "reference"):
                    continue
                at = place(other[size]["ratio"])
                if other["name"] in MARKS:
                    picture.mark(at, middle, "variant", MARKS[other["name"]])
                elif other["role"] == "peer":
                    picture.mark(at, middle, "peer", colours[other["name"]])
                else:
                    picture.mark(at, middle, "peer", theme["scalar"])

    x, y = 12, bottom + 22
    picture.bar(x, y - 9, 22, 10)
    picture.text(x + 28, y, "lowprec, compiled for this processor")
    x += 242
    picture.line(x, y - 11, x, y + 3, theme["target"], 2.2)
    picture.text(x + 6, y, "target")
    x += 62
    legend = [(n, "variant", c) for n, c in MARKS.items()] + [("one number at a time", "peer", theme["scalar"])]
    names = {"AVX2": "lowprec with AVX2", "base": "lowprec with SSE2"}
    for name, kind, colour in legend + [(n, "peer", c) for n, c in colours.items()]:
        picture.mark(x, y - 4, kind, colour)
        picture.text(x + 7, y, names.get(name, name))
        x += 24 + 6.1 * len(names.get(name, name))
        if x > width - 90:
            x, y = 12, y + 18
    picture.text(12, bottom + 62, f'{figures["processor"]}; {figures["compiler"]}, {figures["flags"]}', "faint", size=10)
    picture.text(12, bottom + 77, f'lowprec {figures["commit"]}, {figures["date"]}; {figures["peers"]}', "faint", size=10)
    picture.save(path)


def shortfalls(figures, targets):
    """Lines of a Markdown table: operation, contender, reached and wanted per size, for what misses a target."""
    for operation in figures["operations"]:
        target = target_of(operation, targets)
        for who, key in (("lowprec", "ratio"), ("AVX2", "ratio"), ("lowprec", "to_reference")):
            wanted = target.get(key if key == "to_reference" else who)
            own = contender(operation, who)
            if not wanted or not own:
                continue
            reached = [(own[size].get(key), wanted[SIZES.index(size)]) for size in SIZES if size in own]
            if any(r is not None and r < w for r, w in reached):
                cells = " / ".join(f"**{r:.2f}**" if r < w else f"{r:.2f}" for r, w in reached if r is not None)
                goal = " / ".join(f"{w:.2f}" for _, w in reached)
                what = who if key == "ratio" else f'{who} to {operation["reference"]}'
                yield f'| {operation["name"]} | {what} | {cells} | {goal} |'


def merged(runs):
    """One run of bench.kernels.matmul made of several that measured different rows."""
    one = runs[0]
    for other in runs[1:]:
        names = {row["name"] for row in other["rows"]}
        one["rows"] = [row for row in one["rows"] if row["name"] not in names] + other["rows"]
        one["threads"] += other["threads"]
        for name, limit in other["ceilings"].items():
            known = one["ceilings"].setdefault(name, {"how": limit.get("how"), "rates": []})
            known["rates"] = known.get("rates", []) + limit.get("rates", [])
    one["rows"].sort(key=lambda row: row["m"])
    return one


def draw_products(figures, theme, path):
    """Left the roofline, operations for each byte of weights; right each row's share of its ceiling. Numbers link both."""
    rows = [row for row in figures["rows"] if contender(row, "lowprec")]
    roofs = {name: statistics.median(limit["rates"]) for name, limit in figures["ceilings"].items() if limit.get("rates")}
    peers = sorted({c["name"] for row in rows for c in row["contenders"] if c["role"] == "peer"})
    colours = {name: PEERS[i % len(PEERS)] for i, name in enumerate(peers)}
    side, label, panel, row_height = 430, 262, 260, 19
    left, top = 56, 62
    height = max(360, row_height * len(rows))
    bottom = top + height
    width = left + side + label + panel + 60
    picture = Picture(width, bottom + 92, theme)
    picture.text(12, 22, "Matrix products of one core: speed, and share of what the machine can do", size=15, bold=True)

    speeds = [row["operations"] / c["seconds"] for row in rows for c in row["contenders"]] + list(roofs.values())
    low, high = math.floor(math.log2(min(speeds) / 1e9)), math.ceil(math.log2(max(speeds) / 1e9))
    first, last = -2, 8  # powers of two of operations for each byte

    def across(intensity):
        return left + side * (math.log2(intensity) - first) / (last - first)

    def up(speed):
        return bottom - height * (math.log2(speed / 1e9) - low) / (high - low)

    picture.text(left, top - 12, "Gop/s, by operations for each byte of weights", bold=True)
    for power in range(first, last + 1):
        at = across(2.0 ** power)
        picture.line(at, top, at, bottom, theme["grid"], 0.8)
        picture.text(at, bottom + 13, f"{2.0 ** power:g}", "faint", "middle", 9)
    for power in range(low, high + 1):
        at = up(2.0 ** power * 1e9)
        picture.line(left, at, left + side, at, theme["grid"], 0.8)
        picture.text(left - 5, at + 3, f"{2.0 ** power:g}", "faint", "end", 9)
    memory = roofs.get("memory")
    flat = {name: rate for name, rate in roofs.items() if name != "memory"}
    if memory:
        start = max(2.0 ** first, 2.0 ** low * 1e9 / memory)
        end = min(2.0 ** last, max(flat.values(), default=2.0 ** high * 1e9) / memory)
        picture.line(across(start), up(start * memory), across(end), up(end * memory), theme["text"], 1.6)
        picture.text(across(2 * start) + 10, up(2 * start * memory) + 8, f"memory, {memory / 1e9:.1f} GB/s", size=10)
    for name, rate in flat.items():
        start = max(2.0 ** first, rate / memory) if memory else 2.0 ** first
        picture.line(across(start), up(rate), left + side, up(rate), theme["text"], 1.6)
        picture.text(left + side - 4, up(rate) - 4, f"{name}, {rate / 1e9:.0f} Gop/s", anchor="end", size=10)
    labels = []
    for number, row in enumerate(rows, 1):
        for c in sorted(row["contenders"], key=lambda c: c["role"] == "lowprec"):
            at = across(row["operations"] / c["weight_bytes"]), up(row["operations"] / c["seconds"])
            if c["role"] == "peer":
                picture.mark(*at, "peer", colours[c["name"]])
            else:
                picture.mark(*at, "variant", theme["bar"])
                # beside it, where no other number is
                places = [(at[0] + x, at[1] + 3.5 + y) for y in (0, -9, 9, -18, 18, -27, 27, -36, 36) for x in (-16, 7)]
                free = next((p for p in places if all(abs(p[0] - q[0]) > 12 or abs(p[1] - q[1]) > 8 for q in labels)), None)
                if free:
                    labels.append(free)
                    picture.text(*free, str(number), size=9)

    shares = left + side + label

    def place(share):
        return shares + panel * min(share, FULL) / FULL

    picture.text(shares, top - 24, "share of the ceiling", bold=True)
    for tick in (0, 0.25, 0.5, 0.75, 1):
        picture.line(place(tick), top - 4, place(tick), bottom, theme["grid"], 1.5 if tick == 1 else 0.8)
        picture.text(place(tick), top - 9, f"{tick:g}", "faint", "middle", 9)
    for number, row in enumerate(rows, 1):
        middle = top + (number - 0.5) * row_height
        name = row["name"].replace(" weights, ", " x ").replace(" activations", "")
        picture.text(shares - 8, middle + 4, f'{number}  {name}: {row["ceiling"]}', anchor="end", size=10)
        own = contender(row, "lowprec")["share"]
        picture.bar(shares, middle - 5, max(place(own) - shares, 1), 10)
        picture.text(shares + panel + 6, middle + 4, f"{own:.2f}", size=10)
        if row["target"] is not None:
            picture.line(place(row["target"]), middle - 7, place(row["target"]), middle + 7, theme["target"], 2.2)
        for c in row["contenders"]:
            if c["role"] == "peer":
                picture.mark(place(c["share"]), middle, "peer", colours[c["name"]])

    x, y = 12, bottom + 36
    picture.mark(x + 4, y - 4, "variant", theme["bar"])
    picture.text(x + 12, y, "lowprec")
    x += 78
    picture.line(x, y - 11, x, y + 3, theme["target"], 2.2)
    picture.text(x + 6, y, "target")
    x += 62
    for name, colour in colours.items():
        picture.mark(x, y - 4, "peer", colour)
        picture.text(x + 7, y, name)
        x += 24 + 6.1 * len(name)
    picture.text(12, bottom + 62, f'{figures["processor"]}; {figures["compiler"]}, {figures["flags"]}; weights '
                 f'{figures["weights"]}', "faint", size=10)
    picture.text(12, bottom + 77, f'lowprec {figures["commit"]}, {figures["date"]}; {figures["peers"]}', "faint", size=10)
    picture.save(path)


def products_short(figures):
    """Lines of a Markdown table of what misses its target."""
    for row in figures["rows"]:
        own = contender(row, "lowprec")
        if own and row["target"] is not None and own["share"] < row["target"]:
            yield f'| {row["name"]} | lowprec | **{own["share"]:.2f}** | {row["target"]:.2f} |'
    for row in figures["threads"]:
        if row["target"] is not None and row["share"] < row["target"]:
            yield f'| {row["name"]} | two threads | **{row["share"]:.2f}** | {row["target"]:.2f} |'


def main():
    root = pathlib.Path(__file__).resolve().parent.parent
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("figures", type=pathlib.Path, nargs="+")
    parser.add_argument("--to", type=pathlib.Path, default=root / "docs/bench")
    parser.add_argument("--name", default="convert", choices=TITLES)
    arguments = parser.parse_args()
    runs = [json.loads(path.read_text(encoding="utf-8")) for path in arguments.figures]
    products = arguments.name == "matmul"
    if len(runs) > 1 and not products:
        parser.error("only the figures of matrix products may come from several runs")
    figures = merged(runs) if products else runs[0]
    targets = json.loads((root / "bench/targets.json").read_text(encoding="utf-8"))[arguments.name]
    arguments.to.mkdir(parents=True, exist_ok=True)
    for name, theme in THEMES.items():
        path = arguments.to / f"{arguments.name}-{name}.svg"
        if products:
            draw_products(figures, theme, path)
        else:
            draw(figures, targets, theme, path, TITLES[arguments.name])
        print(f"wrote {path}", file=sys.stderr)
    print("| operation | who | reached | target |\n|---|---|---|---|")
    for line in products_short(figures) if products else shortfalls(figures, targets):
        print(line)


if __name__ == "__main__":
    main()
