"""bench/compare: one short round of it, and what it makes of samples. No time that it measures decides anything."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

from harness import wssgate_program

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "bench"))

from comparison import report  # noqa: E402
from comparison.figures import entries, verdict  # noqa: E402
from comparison.rows import ROWS  # noqa: E402

FULL = next(row for row in ROWS if row.key == "full")


def compare(*arguments):
    return subprocess.run([sys.executable, ROOT / "bench" / "compare", "--program", wssgate_program(),
                           "--wssbench", os.environ["WSSBENCH"], *map(str, arguments)],
                          capture_output=True, text=True, timeout=150)


def samples_of(**values):
    """Full handshakes: for each proxy a value a round."""
    return [{"row": "full", "label": label.replace("_", "-"), "round": number, "value": value, "rate": 1000.0,
             "p50": 10.0, "p99": 20.0, "errors": 0, "limited": False, "more": {}}
            for label, rounds in values.items() for number, value in enumerate(rounds, 1)]


class ARound(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="wssgate-compare-test-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        # Two of those that are there, for time; of those that are not, all are left out.
        path = os.environ["PATH"] + ":/usr/sbin"
        cls.peers = [peer for peer in ("haproxy", "nginx", "hitch", "nghttpx", "caddy")
                     if shutil.which(peer, path=path)][:2]
        cls.done = compare("--rows", "full,echo-1,get", "--rounds", 1, "--seconds", 0.2, "--peers",
                           ",".join(cls.peers or ["caddy"]), "--json", cls.folder / "raw.json", "--output", cls.folder)

    def test_each_proxy_has_a_sample_in_each_row_that_it_can_do(self):
        self.assertEqual(self.done.returncode, 0, self.done.stderr)
        raw = json.loads((self.folder / "raw.json").read_text())
        expected = {(row, label) for row in ("full", "echo-1", "get") for label in ["wssgate", *self.peers]
                    if (row, label) != ("get", "hitch")}
        self.assertEqual({(sample["row"], sample["label"]) for sample in raw["samples"]}, expected, self.done.stderr)
        for sample in raw["samples"]:
            self.assertGreater(sample["value"], 0, sample)
            self.assertGreater(sample["rate"], 0, sample)
            self.assertEqual(sample["errors"], 0, sample)

    def test_results_and_plots_are_written(self):
        text = (self.folder / "RESULTS.md").read_text()
        for key in ("full", "echo-1", "get"):
            self.assertIn(f"plots/{key}.svg", text)
            xml.etree.ElementTree.parse(self.folder / "plots" / f"{key}.svg")
        self.assertNotIn(tempfile.gettempdir(), text)

    def test_samples_can_be_reported_again(self):
        again = compare("--rows", "full,echo-1,get", "--from", self.folder / "raw.json", "--output", self.folder)
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assertEqual(again.stdout, self.done.stdout)


class Arguments(unittest.TestCase):
    def test_an_unknown_row_is_named_with_those_there_are(self):
        done = compare("--rows", "fool")
        self.assertEqual(done.returncode, 1)
        self.assertIn("no row 'fool'; there are: full, resumed", done.stderr)


class Figures(unittest.TestCase):
    def test_ratios_are_taken_round_by_round_to_the_best_peer(self):
        found = entries(FULL, samples_of(wssgate=[80, 160, 90], nginx=[100, 200, 100], haproxy=[300, 300, 300]))
        self.assertEqual([entry.label for entry in found], ["wssgate", "nginx", "haproxy"])
        self.assertEqual((found[0].ratio.middle, found[0].ratio.least, found[0].ratio.most), (0.8, 0.8, 0.9))
        self.assertIsNone(found[1].ratio)

    def test_the_verdict_is_by_what_is_to_be_reached(self):
        for value, good in ((88, True), (89, False)):
            found = entries(FULL, samples_of(wssgate=[value], nginx=[100]))
            self.assertEqual(verdict(FULL, found)[0], good)

    def test_there_is_no_verdict_without_a_peer(self):
        found = entries(FULL, samples_of(wssgate=[80, 82], against=[80, 82]))
        self.assertIsNone(verdict(FULL, found))
        self.assertEqual([entry.ratio.middle for entry in found if entry.ratio], [1.0])

    def test_errors_and_a_load_at_its_limit_are_told(self):
        samples = samples_of(wssgate=[80], nginx=[100])
        samples[0].update(errors=3, limited=True)
        self.assertIn("3 errors; load at its limit in 1 of 1", report.terminal_table(FULL, samples))


if __name__ == "__main__":
    unittest.main()
