"""bench/soak.py in its short form: everything that goes wrong in production, at once."""

import pathlib
import shutil
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "bench"))

from soak import soak  # noqa: E402

SECONDS = 20
ROUNDS = 4
SLACK = 32 * 1024  # KiB: allocators take what they take in seconds, and a small leak is for the long form


class Soak(unittest.TestCase):
    def test_answers_are_right_and_everything_is_given_back(self):
        folder = tempfile.mkdtemp(prefix="wssgate-soak-")
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        figures = soak(folder, SECONDS, ROUNDS, slack=SLACK)
        self.assertGreater(figures["echoes"], 0)
