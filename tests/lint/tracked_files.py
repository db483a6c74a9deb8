"""No tracked file names a folder of somebody's machine, or the host of a package registry.

Both work for the person who wrote them and for nobody else: paths differ, and packages come from
whatever mirror a machine is set up with.
"""

import os
import re
import sys

import house

# Written in pieces, so that this file passes.
FOLDERS = ["work", "home", "root", "Users", "tmp/wt"]
HOSTS = ["npm" "js.", "yarn" "pkg.", "pypi." "org", "python" "hosted.", "crates." "io",
         "ruby" "gems.", "docker." "io", "gh" "cr.io", "quay." "io", "gc" "r.io", "pkg." "dev",
         "proxy.golang." "org", "deb." "debian.org", "snapshot." "debian.org",
         "security." "debian.org", "node" "source."]

# A slash within a longer path or a URL is no root of a file system.
PATH = re.compile(r"(?<![\w.~/)}*$-])/(?:" + "|".join(FOLDERS) + r")/")
HOST = re.compile("|".join(re.escape(host) for host in HOSTS))


def problems_in(path, text):
    problems = []
    for number, line in enumerate(text.split("\n"), 1):
        where = f"{path}:{number}: "
        for match in PATH.finditer(line):
            problems.append(where + f"'{match[0]}' is a folder of one machine. Use a relative path")
        for match in HOST.finditer(line):
            problems.append(where + f"'{match[0]}' is a package registry. Leave out its host; in a "
                            "package-lock.json with npm's omit-lockfile-registry-resolved")
    return problems


def main():
    root = sys.argv[1]
    problems, checked = [], 0
    for path in house.tracked_files(root):
        with open(os.path.join(root, path), encoding="latin-1", newline="") as file:
            checked += 1
            problems += problems_in(path, file.read())
    house.finish(problems, checked)


if __name__ == "__main__":
    main()
