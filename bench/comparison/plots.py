"""Bar charts as SVG files: a bar a proxy with its spread, readable in light and dark."""

from xml.sax.saxutils import escape

WIDTH, LABELS, VALUES, BAR, GAP, TOP = 640, 110, 110, 20, 10, 44
# Text and lines take the reader's colour where the page has one; the file alone follows the system.
STYLE = """
  :root { color: #1f2328; }
  text { font: 13px system-ui, sans-serif; fill: currentColor; }
  .title { font-weight: 600; }
  .axis, .spread { stroke: currentColor; }
  .ours { fill: #1a7f64; }
  .peer { fill: #8c959f; }
  .reach { stroke: #cf5b00; stroke-dasharray: 4 3; }
  .reach-label { fill: #cf5b00; font-size: 11px; }
  @media (prefers-color-scheme: dark) {
    :root { color: #e6edf3; }
    .ours { fill: #3fb68b; }
    .peer { fill: #6e7681; }
    .reach { stroke: #f0883e; }
    .reach-label { fill: #f0883e; }
  }
"""


def _number(value):
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _bar(index, entry, scale, unit):
    y = TOP + index * (BAR + GAP)
    middle, least, most = (LABELS + each * scale for each in (entry.value.middle, entry.value.least, entry.value.most))
    line = y + BAR / 2
    kind = "ours" if entry.label in ("wssgate", "against") else "peer"
    return (
        f'<text x="{LABELS - 8}" y="{y + 15}" text-anchor="end">{escape(entry.label)}</text>'
        f'<rect class="{kind}" x="{LABELS}" y="{y}" width="{middle - LABELS:.1f}" height="{BAR}"/>'
        f'<path class="spread" d="M{least:.1f} {line}H{most:.1f}M{least:.1f} {line - 5}v10M{most:.1f} {line - 5}v10"/>'
        f'<text x="{max(middle, most) + 8:.1f}" y="{y + 15}">{_number(entry.value.middle)} {escape(unit)}</text>')


def _reach(value, scale, bottom):
    x = LABELS + value * scale
    return (f'<path class="reach" d="M{x:.1f} {TOP - 6}V{bottom}"/>'
            f'<text class="reach-label" x="{x:.1f}" y="{TOP - 9}" text-anchor="middle">to reach</text>')


def bar_chart(title, unit, entries, reach=None):
    """The text of an SVG file. `reach`: a value to draw a line at."""
    bottom = TOP + len(entries) * (BAR + GAP)
    longest = max([entry.value.most for entry in entries] + [reach or 0.0]) or 1.0
    scale = (WIDTH - LABELS - VALUES) / longest
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {bottom + 8}" width="{WIDTH}" role="img">',
        f"<title>{escape(title)}</title>", f"<style>{STYLE}</style>",
        f'<text class="title" x="8" y="20">{escape(title)} ({escape(unit)})</text>',
        *(_bar(index, entry, scale, unit) for index, entry in enumerate(entries)),
        f'<path class="axis" d="M{LABELS} {TOP - 6}V{bottom}"/>',
    ]
    if reach:
        parts.append(_reach(reach, scale, bottom))
    return "\n".join(parts + ["</svg>"]) + "\n"
