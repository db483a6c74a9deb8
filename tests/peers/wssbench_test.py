"""wssbench against wssgate, against servers that were not written here, and against one that misbehaves."""

import json
import os
import pathlib
import re
import signal
import subprocess
import unittest

from harness import PATIENCE, PeerTest, eventually


def wssbench_program():
    path = os.environ.get("WSSBENCH", "")
    if not os.access(path, os.X_OK):
        raise AssertionError(f"WSSBENCH={path!r} names no program: set it to the built wssbench (ctest does)")
    return path


class WssbenchTest(PeerTest):
    def bench(self, mode, url, *options, port=None, code=0, trust=True, duration="1s"):
        """Runs it for a moment, and returns what --json says."""
        connect = ["--connect", f"127.0.0.1:{port}"] if port else []
        ca = ["--ca", self.certificates.root] if trust and url.startswith(("wss", "https")) else []
        times = [] if mode == "idle" else ["-d", duration, "--warmup", "100ms"]
        ran = self.run_program(wssbench_program(), mode, url, "-c", 4, "--json", "-", *times, *connect, *ca, *options)
        self.assertEqual(ran.returncode, code, ran.stderr)
        return json.loads(ran.stdout) if ran.stdout else None

    def assert_worked(self, result):
        self.assertEqual(result["errors"], {"total": 0, "by_reason": {}})
        self.assertGreater(result["work"]["count"], 0)


class AgainstWssgate(WssbenchTest):
    @classmethod
    def set_up_class(cls):
        backend = cls.child("backend", [wssbench_program(), "backend"])
        listening = backend.wait_for("listening", lambda: re.search(r"listening on .*:(\d+)", backend.output()))
        cls.gate = cls.wssgate({"bench.test": [("/", int(listening[1]))]})

    def load(self, mode, path, *options, scheme="wss", **more):
        return self.bench(mode, f"{scheme}://bench.test{path}", *options, port=self.gate.port, **more)

    def test_every_kind_of_handshake(self):
        for kind, resumed in (("full", False), ("resumed", True), ("upgrade", False)):
            for version in ("1.2", "1.3"):
                with self.subTest(kind=kind, version=version):
                    result = self.load("handshake", "/", "--kind", kind, "--tls", version)
                    self.assert_worked(result)
                    self.assertEqual(result["tls"]["version"], f"TLSv{version}")
                    self.assertEqual(result["tls"]["resumed" if resumed else "full"], result["work"]["count"])

    def test_echoes_in_a_closed_and_an_open_loop(self):
        for options in ([], ["--rate", 200], ["--size", "100KiB"], ["--text", "--size", 1]):
            with self.subTest(options=options):
                self.assert_worked(self.load("echo", "/", *options))

    def test_bulk_both_ways(self):
        for path, direction in (("/source?size=64KiB", "down"), ("/sink", "up"), ("/", "up")):
            with self.subTest(path=path):
                result = self.load("bulk", path, "--direction", direction, "--size", "64KiB")
                self.assert_worked(result)
                self.assertEqual(result["work"]["unit"], "byte")

    def test_requests(self):
        self.assert_worked(self.load("get", "/?size=1000", scheme="https"))

    def test_pushed_messages(self):
        self.assert_worked(self.load("push", "/push?every=20ms&size=500"))

    def test_idle_tunnels_that_echo_at_the_end(self):
        result = self.load("idle", "/", "--hold", "200ms", "--ramp", 200, "--echo")
        self.assert_worked(result)
        self.assertEqual(result["work"]["count"], 4)
        self.assertEqual(result["latency"]["count"], 4)

    def test_all_come_back_after_a_storm(self):
        result = self.load("storm", "/", "--rate", 40, duration="4s")
        self.assert_worked(result)
        self.assertEqual((result["storm"]["tunnels"], result["storm"]["back"]), (4, 4))
        self.assertEqual(result["connect"]["count"], 4)

    def test_a_scenario(self):
        scenario = pathlib.Path(self.folder) / "scenario.yaml"
        scenario.write_text("users:\n- steps: [send: hello, receive: 1, think: 1ms..5ms, echo: {size: 300, count: 2}]\n"
                            "- path: /other\n  weight: 0.5\n  steps: [echo: 1, close: 1001]\n")
        self.assert_worked(self.load("mixed", "/", "--scenario", scenario))

    def test_several_source_addresses_and_threads(self):
        self.assert_worked(self.load("echo", "/", "--source", "127.0.0.2", "--source", "127.0.0.3", "-t", 2))

    def test_the_servers_cpu_time_and_memory(self):
        server = self.load("echo", "/", "--pid", self.gate.process.pid)["server"]
        self.assertGreater(server["cpu_seconds"], 0)
        self.assertGreater(server["cpu_us_per_unit"], 0)
        self.assertGreater(server["pss_kib_at_peak"], 0)

    def test_an_unknown_name_is_an_alert(self):
        result = self.bench("echo", "wss://nobody.test/", port=self.gate.port, code=3)
        self.assertEqual(list(result["errors"]["by_reason"]), ["TLS alert unrecognized_name"])

    def test_a_report_with_plots(self):
        report = pathlib.Path(self.folder) / "report.html"
        self.load("echo", "/", "--html", report)
        self.assertEqual(report.read_text().count("<svg"), 4)

    def test_ctrl_c_ends_early_with_what_was_measured(self):
        url = "wss://bench.test/"
        bench = self.child("interrupted", [wssbench_program(), "echo", url, "--ca", self.certificates.root, "--connect",
                                           f"127.0.0.1:{self.gate.port}", "-d", "60s", "--warmup", 0, "--json", "-"])
        eventually("some load", lambda: self.gate.process.poll() is None and "measuring" in bench.errors())
        bench.process.send_signal(signal.SIGINT)
        self.assertEqual(bench.process.wait(PATIENCE), 0)
        result = json.loads(bench.output())
        self.assertTrue(result["interrupted"])
        self.assertGreater(result["work"]["count"], 0)
        self.assertLess(result["seconds"], 60)

    def test_two_runs_are_compared(self):
        files = [pathlib.Path(self.folder) / name for name in ("a.json", "b.json")]
        for file in files:
            file.write_text(json.dumps(self.load("echo", "/")))
        ran = self.run_program(wssbench_program(), "diff", *files)
        self.assertIn(ran.returncode, (0, 1))
        self.assertIn("throughput (messages/s)", ran.stdout)


class AgainstOthers(WssbenchTest):
    @classmethod
    def set_up_class(cls):
        cls.python = cls.backend("websockets_echo.py")
        cls.node = cls.backend("ws_app.mjs")

    def test_pythons_websockets(self):
        for options in ([], ["--text", "--size", 3000]):
            self.assert_worked(self.bench("echo", f"ws://127.0.0.1:{self.python.port}/", *options))

    def test_nodes_ws(self):
        self.assert_worked(self.bench("echo", f"ws://127.0.0.1:{self.node.port}/"))
        self.assert_worked(self.bench("handshake", f"ws://127.0.0.1:{self.node.port}/", "--kind", "upgrade"))
        self.assert_worked(self.bench("get", f"http://127.0.0.1:{self.node.port}/"))

    def test_a_refused_upgrade(self):
        result = self.bench("echo", f"ws://127.0.0.1:{self.node.port}/refuse/403", code=3)
        self.assertEqual(list(result["errors"]["by_reason"]), ["upgrade status 403"])


class AgainstMisbehaviour(WssbenchTest):
    @classmethod
    def set_up_class(cls):
        cls.certificates.serve("right.test")
        place = cls.certificates.served / "right.test"
        cls.server = cls.backend("misbehaving.py", place / "fullchain.pem", place / "privkey.pem")

    def reasons(self, path, *options, name="right.test", code=1, **more):
        result = self.bench("echo", f"wss://{name}{path}", *options, port=self.server.port, code=code, **more)
        return list(result["errors"]["by_reason"])

    def test_what_is_right_passes(self):
        self.assertEqual(self.reasons("/right", code=0), [])

    def test_wrong_certificates(self):
        self.assertEqual(self.reasons("/right", name="wrong.test", code=3), ["certificate: hostname mismatch"])
        self.assertEqual(self.reasons("/right", code=3, trust=False),
                         ["certificate: unable to get local issuer certificate"])
        self.assertEqual(self.reasons("/right", "--insecure", name="wrong.test", code=0), [])

    def test_wrong_bytes(self):
        self.assertEqual(self.reasons("/wrong-bytes"), ["wrong bytes"])
        self.assertEqual(self.reasons("/short"), ["wrong bytes: too few"])
        self.assertEqual(self.reasons("/swapped"), ["wrong bytes: another message's"])

    def test_upgrades(self):
        self.assertEqual(self.reasons("/status/503", code=3), ["upgrade status 503"])
        self.assertEqual(self.reasons("/accept", code=3), ["upgrade: wrong Sec-WebSocket-Accept"])

    def test_endings(self):
        self.assertEqual(self.reasons("/close/1011"), ["closed with code 1011"])
        self.assertEqual(self.reasons("/vanish"), ["closed without a Close frame"])
        self.assertEqual(self.reasons("/silent", "--timeout", "2s", duration="4s"), ["timed out: the echo"])

    def test_nobody_there(self):
        result = self.bench("echo", "ws://127.0.0.1:1/", code=3)
        self.assertEqual(list(result["errors"]["by_reason"]), ["connect refused"])


class CommandLine(unittest.TestCase):
    def refused(self, *words):
        ran = subprocess.run([wssbench_program(), *words], capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual(ran.returncode, 2, ran.stderr)
        return ran.stderr

    def test_what_is_wrong_is_said(self):
        self.assertIn("did you mean '--rate'", self.refused("echo", "wss://a.test/", "--rat", "5"))
        self.assertIn("is no URL to load", self.refused("echo", "a.test"))
        self.assertIn("handshake needs wss://", self.refused("handshake", "ws://127.0.0.1:1/"))
        self.assertIn("knows no such suite", self.refused("echo", "wss://127.0.0.1:1/", "--ciphers", "NONE"))
        self.assertIn("write a duration", self.refused("echo", "wss://127.0.0.1:1/", "-d", "soon"))
        self.assertIn("no such process", self.refused("echo", "wss://127.0.0.1:1/", "--pid", "999999999"))

    def test_help_names_the_exit_codes(self):
        ran = subprocess.run([wssbench_program(), "--help"], capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual(ran.returncode, 0)
        self.assertIn("exit codes:", ran.stdout)
