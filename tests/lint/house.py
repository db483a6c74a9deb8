"""What the lints share: finding the sources, and reporting."""

import os
import subprocess
import sys

SKIPPED_FOLDERS = {"build", ".git", "node_modules", "__pycache__", ".cache"}


def files_below(folder):
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(set(folders) - SKIPPED_FOLDERS)
        for name in sorted(names):
            yield os.path.join(parent, name)


def cpp_sources(root, *folders):
    """The C++ files below these folders of the tree, as (path within the tree, text)."""
    for folder in folders:
        for path in files_below(os.path.join(root, folder)):
            if path.endswith((".h", ".cpp")):
                with open(path, encoding="utf-8") as file:
                    yield os.path.relpath(path, root), file.read()


def tracked_files(root):
    """What git tracks; in an unpacked archive, every file but those in build folders."""
    git = subprocess.run(
        ["git", "-c", "safe.directory=*", "-C", root, "ls-files", "-z"], capture_output=True
    ) if os.path.exists(os.path.join(root, ".git")) else None
    if git is None or git.returncode != 0:
        return [os.path.relpath(path, root) for path in files_below(root)]
    names = [os.fsdecode(name) for name in git.stdout.split(b"\0") if name]
    return [name for name in names if os.path.isfile(os.path.join(root, name))]


def finish(problems, checked):
    """Ends the lint. One that looked at nothing has proved nothing, so that fails as well."""
    for problem in problems:
        print(problem)
    if not checked:
        print("nothing was checked: is the first argument the root of the tree?")
    print(f"{checked} files checked, {len(problems)} problems")
    sys.exit(1 if problems or not checked else 0)
