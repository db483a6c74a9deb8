"""Layers of proxy/ include only what lies below them (ARCHITECTURE.md)."""

import os
import re
import sys

import house

BELOW = {
    "base": set(),
    "protocol": {"base"},
    "config": {"base"},
    "pki": {"base"},
    "net": {"base"},
    "upstream": {"base", "pki", "net"},
    "gateway": {"base", "protocol", "config", "pki", "net", "upstream"},
    "control": {"base", "protocol", "config", "pki", "net", "upstream", "gateway"},
    "doctor": {"base", "protocol", "pki", "net"},
    "nginx": {"base", "pki"},
    "trust": {"base", "pki"},
    "cli": {"base", "protocol", "config", "pki", "net", "upstream", "gateway", "control", "doctor", "nginx",
            "trust"},
    "main.cpp": {"base", "cli"},
}
INCLUDE = re.compile(r'\s*#\s*include\s*"([^"]*)"')


def problems_in(path, text):
    """`path` is within proxy/, such as "net/dial.h"."""
    layer = path.split("/")[0]
    if layer not in BELOW:
        return [f"proxy/{path}:1: '{layer}' is no layer. Give it its place in tests/lint/include_direction.py"]
    problems = []
    for number, line in enumerate(text.splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        target = match[1].split("/")[0]
        where = f"proxy/{path}:{number}: "
        if "/" not in match[1] or target not in BELOW:
            problems.append(
                where + f'"{match[1]}" names no layer. Include ours as "layer/file.h", others\' in <>'
            )
        elif target != layer and target not in BELOW[layer]:
            allowed = ", ".join(sorted(BELOW[layer])) or "nothing"
            problems.append(where + f"{layer} must not know {target}. It may include {allowed}")
    return problems


def main():
    problems, checked = [], 0
    for path, text in house.cpp_sources(sys.argv[1], "proxy"):
        checked += 1
        problems += problems_in(os.path.relpath(path, "proxy"), text)
    house.finish(problems, checked)


if __name__ == "__main__":
    main()
