"""What a comparison found, as text for a terminal, as RESULTS.md, and as plots."""

from comparison.figures import entries, verdict
from comparison.plots import bar_chart

NOTES = """\
- Compared is the CPU time of all processes and threads of a proxy for a unit of work, by the processes' own clocks.
  It does not count waiting for a processor, as rates and latencies do, but other work on the machine still raises it,
  severalfold where caches and a core's other half are shared: see the load average above. Quote ratios, not figures.
- The best peer is chosen by the same samples that it is compared by. With few rounds that favours whoever was lucky,
  so a ratio whose spread includes the figure to reach, or 1, shows neither. Two workers cannot do more than twice the
  work of one: a value above 2 shows the noise of that row.
- The proxies of a row run side by side, and only one has work. Within a round all are measured one after the other, in
  random order; ratios are taken round by round, and then their median, so that a slower minute harms nobody. Memory,
  workers and the storm have fewer rounds, and proxies that are started for each measurement.
- One worker on a core of its own; the load and the backend on the others. TLS 1.3, `TLS_AES_128_GCM_SHA256`, X25519,
  an ECDSA P-256 leaf with one intermediate. All access logs are off. All else is as each program has it by default,
  or as `peers/` says: so the number of session tickets, too.
- Caddy is written in Go and has its own TLS: its memory and handshakes do not rest on the OpenSSL of the others.
- hitch is no HTTP proxy. It hands bytes to the backend, adds no header fields and judges no request, so its upgrades
  and echoes are cheaper than an HTTP proxy's can be. It has no row of HTTP.
- nghttpx keeps its private key in a process of its own (neverbleed), which is counted with it.
- `nginx` is configured as most are; `nginx-tuned` has `proxy_buffer_size 16k`, as one sets it for large messages.
- wssgate follows frames (telemetry, pings, close codes), which no peer does; that is on in all rows, as by default.
- All is on loopback, without loss or delay, and no client reads slowly."""


def _number(value):
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _spread(figure):
    return f"{_number(figure.middle)} ({_number(figure.least)}–{_number(figure.most)})"


def _rate(value):
    for bound, divisor, suffix in ((1e9, 1e9, "G"), (1e6, 1e6, "M"), (1e4, 1e3, "k")):
        if value >= bound:
            return f"{value / divisor:.1f}{suffix}"
    return f"{value:.0f}"


def _extras(row, entry):
    """What is particular to a row."""
    more = entry.more
    if row.key == "idle":
        return f"left {more['left_mib']:.1f} MiB ({more['left_share']:.0%})"
    if row.key == "workers":
        return f"evenness {more['evenness']:.2f}, by rate {more['by_rate']:.2f} ×"
    if row.key == "storm":
        return (f"quiet {_number(more['quiet_p99'])}, {more['against_quiet']:.1f} ×; {more['handshakes']:.0f} "
                f"handshakes/s; the load late by {_number(more['late_p99'])}")
    return ""


def _doubts(entry):
    doubts = []
    if entry.errors:
        doubts.append(f"{entry.errors} errors")
    if entry.limited:
        doubts.append(f"load at its limit in {entry.limited} of {entry.rounds}")
    return doubts


def _cells(row, entry):
    ratio = f"{entry.ratio.middle:.2f} ({entry.ratio.least:.2f}–{entry.ratio.most:.2f})" if entry.ratio else "1"
    notes = "; ".join(filter(None, [_extras(row, entry), *_doubts(entry)]))
    idle = row.key == "idle"
    return [entry.label, _spread(entry.value), ratio, "" if idle else _rate(entry.rate),
            "" if idle or not entry.p99 else f"{_number(entry.p50)} / {_number(entry.p99)}", notes]


HEADINGS = ["", "{unit}", "to the best peer", "units/s", "p50 / p99 µs", ""]


def _headings(row):
    return [heading.format(unit=row.unit) for heading in HEADINGS]


def verdict_text(row, found):
    judged = verdict(row, found)
    if judged is None:
        return "no verdict: there is nothing to compare with"
    return f"{'reached' if judged[0] else 'not reached'}: {judged[1]}"


def terminal_table(row, samples):
    found = entries(row, samples)
    lines = [_headings(row)] + [_cells(row, entry) for entry in found]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    text = [f"{row.title}: {verdict_text(row, found)}"]
    text += ["  " + "  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines]
    return "\n".join(text)


def _markdown_table(row, found):
    lines = [_headings(row), ["---"] + ["---:"] * 4 + ["---"]] + [_cells(row, entry) for entry in found]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _summary(rows, samples):
    lines = ["| | wssgate | best peer | ratio | |", "|---|---:|---:|---:|---|"]
    for row in rows:
        found = entries(row, samples)
        ours = next((entry for entry in found if entry.label == "wssgate"), None)
        best = next((entry for entry in found if entry.label not in ("wssgate", "against")), None)
        if ours is None or best is None or ours.ratio is None:
            continue
        lines.append(f"| [{row.title}](#{row.key}) | {_number(ours.value.middle)} {row.unit} | "
                     f"{_number(best.value.middle)} {row.unit} ({best.label}) | {ours.ratio.middle:.2f} | "
                     f"{verdict_text(row, found)} |")
    return "\n".join(lines)


def _machine_text(meta):
    machine = meta["machine"]
    versions = ", ".join(f"{label} {version}" for label, version in meta["versions"].items())
    text = (f"Measured on {meta['date']} on a machine with {machine['cores']} cores ({machine['processor']}), "
            f"{machine['system']}, Linux {machine['kernel']}, {machine['openssl']}, with {meta['rounds']} rounds of "
            f"{meta['seconds']:g} s. Its load average was {machine['load']} when this began and "
            f"{meta['load_after']} when it ended; the measurement itself makes about 2.\n\nVersions: {versions}.")
    for label, why in meta["skipped"].items():
        text += f"\n\n**{label} is left out**: {why}."
    return text


def results_markdown(meta, rows, samples):
    """The text of RESULTS.md."""
    parts = ["# wssgate and its peers, side by side",
             "Written by `bench/compare`; what it does is in [README.md](README.md). Configurations: [peers/](peers/).",
             _machine_text(meta), "## In short", _summary(rows, samples),
             "Ratio: wssgate's value over the best peer's, the median of rounds. In the tables: medians, with the "
             "least and the most of all rounds.", "## What to know before quoting this", NOTES]
    for row in rows:
        found = entries(row, samples)
        if not found:
            continue
        parts += [f'<a id="{row.key}"></a>\n\n## {row.title[0].upper() + row.title[1:]}',
                  f"{verdict_text(row, found)}.", _markdown_table(row, found),
                  f"![{row.title}](plots/{row.key}.svg)"]
        if meta["notes"].get(row.key):
            parts.append(meta["notes"][row.key])
    return "\n\n".join(parts) + "\n"


def write_results(folder, meta, rows, samples):
    (folder / "plots").mkdir(parents=True, exist_ok=True)
    (folder / "RESULTS.md").write_text(results_markdown(meta, rows, samples))
    for row in rows:
        found = entries(row, samples)
        if not found:
            continue
        peers = [entry.value.middle for entry in found if entry.label not in ("wssgate", "against")]
        reach = row.reach * peers[0] if row.reach and peers else None
        (folder / "plots" / f"{row.key}.svg").write_text(bar_chart(row.title, row.unit, found, reach))
