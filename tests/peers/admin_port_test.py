"""admin.http: what Prometheus, probes and people get over a port, and who gets nothing."""

import json
import pathlib
import re
import shutil
import urllib.error
import urllib.request

from harness import PeerTest, Wssgate, eventually, free_port, wssgate_program

TOKEN = "0123456789abcdef0123456789abcdef"


class GateWithPort(Wssgate):
    def __init__(self, folder, certificates, hosts, admin):
        self._admin = admin
        super().__init__(folder, certificates, hosts)

    def _configuration(self, *about):
        return super()._configuration(*about).replace("admin: {", f"admin: {{{self._admin}")


class AdminPortTest(PeerTest):
    @classmethod
    def served(cls, hosts, admin="", address="127.0.0.1"):
        """wssgate with an admin port on `address`, which is `cls.admin`."""
        cls.admin = free_port()
        for names in hosts:
            cls.certificates.serve(*names.split())
        return cls._kept(GateWithPort(cls.folder, cls.certificates, hosts, f'http: "{address}:{cls.admin}", {admin}'))

    @classmethod
    def token_file(cls):
        """A file of TOKEN, for admin.token."""
        file = pathlib.Path(cls.folder) / "token"
        file.touch(0o600)
        file.write_text(TOKEN + "\n")
        return file

    def ask(self, path, method="GET", **fields):
        """The status, the type and the text of what it answers."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.admin}{path}", method=method,
                                         headers={name.replace("_", "-"): value for name, value in fields.items()})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.headers["Content-Type"], answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.headers["Content-Type"], error.read().decode()

    def metrics(self, **fields):
        status, _, text = self.ask("/metrics", **fields)
        self.assertEqual(status, 200)
        return text

    def value(self, series):
        """The value of a series, or None where there is none."""
        found = re.search(rf"^{re.escape(series)} (\S+)$", self.metrics(), re.MULTILINE)
        return found and float(found[1])

    def assert_comes_to(self, series, value):
        eventually(f"{series} = {value}", lambda: self.value(series) == value)


class Metrics(AdminPortTest):
    @classmethod
    def set_up_class(cls):
        cls.app = cls.backend("ws_app.mjs")
        dead = free_port()
        cls.gate = cls.served({"app.test": [("/", cls.app.port), ("/dead", dead)]})
        cls.dead = f"port-{dead}"

    def url(self, path, scheme="wss"):
        return f"{scheme}://app.test:{self.gate.port}{path}"

    def test_a_tunnel_is_counted_while_it_lasts_and_when_it_ends(self):
        client = self.start_node_client(self.url("/ws"), ["send", "hello"], ["receive"], ["send", "close 4000 bye"],
                                        ["ended"])
        client.process.wait(30)
        self.gate.access(event="tunnel", path="/ws")
        self.assert_comes_to('wssgate_tunnels_ended_total{ended_by="upstream",reason="none",code="4xxx"}', 1)
        self.assert_comes_to('wssgate_tunnel_messages_total{host="app.test",from="client"}', 2)
        self.assert_comes_to('wssgate_tunnel_messages_total{host="app.test",from="upstream"}', 1)
        self.assertGreaterEqual(self.value('wssgate_tunnels_opened_total{host="app.test"}'), 1)
        self.assertGreaterEqual(self.value("wssgate_tunnel_duration_seconds_count"), 1)
        self.assertGreater(self.value('wssgate_tunnel_bytes_total{host="app.test",from="client"}'), 0)
        self.assertGreater(self.value('wssgate_handshakes_total{version="TLSv1.3",resumed="no",key="ECDSA"}'), 0)

    def test_requests_by_status_and_upstreams_by_their_errors(self):
        done = self.run_program("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--cacert", self.certificates.root,
                                "--resolve", f"app.test:{self.gate.port}:127.0.0.1", self.url("/dead", "https"))
        self.assertEqual(done.stdout, "502")
        self.assert_comes_to('wssgate_requests_total{host="app.test",code="502"}', 1)
        self.assert_comes_to(f'wssgate_upstream_errors_total{{upstream="{self.dead}",reason="upstream_refused"}}', 1)

    def test_who_is_refused_is_counted_by_the_reason_alone(self):
        self.node_client(f"wss://made-up-name.test:{self.gate.port}/")
        self.assert_comes_to('wssgate_refusals_total{reason="unknown_server_name"}', 1)
        self.assertNotIn("made-up", self.metrics())

    def test_handshakes_that_fail_are_counted_by_the_reason(self):
        self.run_program("curl", "-s", "--resolve", f"app.test:{self.gate.port}:127.0.0.1", self.url("/", "https"))
        self.gate.refusal(reason="handshake_failed")
        self.assert_comes_to('wssgate_handshake_failures_total{reason="handshake_failed"}', 1)
        self.assertEqual(self.value('wssgate_handshake_failures_total{reason="handshake_timeout"}'), 0)

    def test_the_turns_of_workers(self):
        self.assertGreater(self.value('wssgate_worker_turn_duration_seconds_count{worker="0"}'), 0)

    def test_prometheus_has_nothing_to_say_against_it(self):
        if not shutil.which("promtool"):
            self.skipTest("promtool (of Debian's package prometheus) is not installed")
        checked = self.run_program("promtool", "check", "metrics", stdin=self.metrics())
        self.assertEqual((checked.returncode, checked.stdout, checked.stderr), (0, "", ""))

    def test_a_tunnel_that_is_open(self):
        client = self.start_node_client(self.url("/open"), ["ended"])
        client.event("the opening", lambda event: event.get("open"))
        self.assert_comes_to('wssgate_tunnels_open{host="app.test"}', 1)
        eventually("its age", lambda: 0 < self.value('wssgate_tunnels_open_age_seconds{host="app.test"}') < 60)
        found, = [each for each in json.loads(self.ask("/connections?host=app.test")[2])["connections"]
                  if each["phase"] == "tunnel"]
        self.assertEqual((found["host"], found["endpoint"], found["tls"]),
                         ("app.test", f"127.0.0.1:{self.app.port}", "TLSv1.3"))
        self.assertEqual(json.loads(self.ask(f"/connections?id={found['id'] + 1000}")[2])["connections"], [])
        admin = ["-c", self.gate.config]
        refused = self.run_program(wssgate_program(), "connections", *admin, "--close", "1005", "--id", found["id"])
        self.assertEqual((refused.returncode, "no code for a Close frame" in refused.stderr), (1, True))
        careless = self.run_program(wssgate_program(), "connections", *admin, "--close", "1001")
        self.assertEqual((careless.returncode, "say which" in careless.stderr), (1, True))
        shown = self.run_program(wssgate_program(), "connections", *admin, "--client", "127.0.0.0/8")
        self.assertRegex(shown.stdout, rf"(?m)^ +{found['id']} +tunnel ")
        done = self.run_program(wssgate_program(), "connections", *admin, "--close", "4321", "--id", found["id"])
        self.assertEqual((done.returncode, done.stdout), (0, "1 connections are closed\n"))
        client.event("the end", lambda event: event.get("closed") == 4321)
        self.assert_comes_to('wssgate_tunnels_open{host="app.test"}', 0)
        self.assertEqual(self.value('wssgate_tunnels_open_age_seconds{host="app.test"}'), 0)
        self.gate.access(event="tunnel", reason="closed_by_operator", proxy_close_code=4321)

    def test_the_certificates_for_people(self):
        shown = self.run_program(wssgate_program(), "certificates", "-c", self.gate.config)
        self.assertEqual(shown.returncode, 0)
        self.assertRegex(shown.stdout, r"(?m)^  hosts +app\.test$")

    def test_open_metrics_where_it_is_asked_for(self):
        status, kind, text = self.ask("/metrics", Accept="application/openmetrics-text;version=1.0.0,text/plain;q=0.5")
        self.assertEqual((status, kind.split(";")[0]), (200, "application/openmetrics-text"))
        self.assertTrue(text.endswith("\n# EOF\n"))
        self.assertRegex(text, r"(?m)^# TYPE wssgate_connections counter\n^wssgate_connections_total \d")
        self.assertNotRegex(text, r"(?m)^# (TYPE|HELP) \S+_total ")

    def test_every_family_says_what_it_is(self):
        families = re.findall(r"(?m)^# TYPE (\S+) ", self.metrics())
        self.assertEqual(re.findall(r"(?m)^# HELP (\S+) .*\.$", self.metrics()), families)
        self.assertEqual(len(families), len(set(families)))
        for family in families:
            self.assertRegex(family, r"^(wssgate|process)_[a-z_]+$")

    def test_what_else_there_is(self):
        self.assertEqual(json.loads(self.ask("/healthz")[2]), {"ok": True})
        self.assertEqual(json.loads(self.ask("/readyz")[2]), {"ready": True, "draining": False})
        self.assertEqual(json.loads(self.ask("/certificates")[2])["certificates"][0]["served"]["names"], ["app.test"])
        self.assertEqual(json.loads(self.ask("/status")[2])["pid"], self.gate.process.pid)
        status, _, text = self.ask("/nowhere")
        self.assertEqual(status, 404)
        self.assertIn("GET /metrics", text)

    def test_nothing_is_changed_over_it(self):
        for path, method in (("/reload", "POST"), ("/drain", "POST"), ("/log-level?level=debug", "PUT")):
            status, _, text = self.ask(path, method)
            self.assertEqual((status, "admin.token" in text), (403, True))
        self.assertNotEqual(json.loads(self.ask("/status")[2])["last_reload"]["cause"], "wssgate reload")


class OnTheDisk(AdminPortTest):
    """A renewal that is no good: what serves expires at another time than what lies there."""

    @classmethod
    def set_up_class(cls):
        cls.gate = cls.served({"app.test": [("/", free_port())]})

    def test_when_what_lies_there_expires(self):
        chain = f"{self.certificates.served}/app.test/fullchain.pem"
        ends = "wssgate_certificate_not_after_timestamp_seconds"
        on_disk = "wssgate_certificate_on_disk_not_after_timestamp_seconds"
        served = self.value(f'{ends}{{file="{chain}"}}')
        self.assertGreater(served, 0)
        self.assertEqual(self.value(f'{on_disk}{{file="{chain}"}}'), served)
        self.run_program("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc",
                         "-keyout", self.folder + "/other.pem", "-subj", "/CN=app.test", "-days", "7", "-out", chain)
        self.assert_comes_to(f'wssgate_certificate_held_back{{file="{chain}"}}', 1)
        self.assertEqual(self.value(f'{ends}{{file="{chain}"}}'), served)
        self.assertLess(self.value(f'{on_disk}{{file="{chain}"}}'), served)


class Token(AdminPortTest):
    @classmethod
    def set_up_class(cls):
        app = cls.backend("ws_app.mjs")
        cls.gate = cls.served({"app.test": [("/", app.port)]}, admin=f"token: {cls.token_file()}, ")

    def test_changes_take_it(self):
        self.assertEqual(self.ask("/reload", "POST")[0], 401)
        self.assertEqual(self.ask("/reload", "POST", Authorization="Bearer " + TOKEN[::-1])[0], 401)
        status, _, text = self.ask("/reload", "POST", Authorization=f"Bearer {TOKEN}")
        self.assertEqual((status, json.loads(text)["ok"]), (200, True))
        self.assertEqual(json.loads(text)["cause"], "wssgate reload")
        self.assertGreaterEqual(self.value('wssgate_reloads_total{result="good"}'), 1)

    def test_the_log_level(self):
        status, _, text = self.ask("/log-level?level=debug", "PUT", Authorization=f"Bearer {TOKEN}")
        self.assertEqual((status, json.loads(text)), (200, {"level": "debug"}))
        eventually("the line", lambda: '"log_level"' in self.gate.errors())
        self.assertEqual(self.ask("/log-level?level=loud", "PUT", Authorization=f"Bearer {TOKEN}")[0], 400)

    def test_it_stands_nowhere(self):
        self.ask("/status", Authorization=f"Bearer {TOKEN}")
        self.assertNotIn(TOKEN, self.gate.errors() + self.gate.output() + self.ask("/status")[2] + self.metrics())


class Refused(AdminPortTest):
    def check(self, admin):
        config = self.folder + "/refused.yaml"
        with open(config, "w") as file:
            file.write(f"listeners: [{{address: \"127.0.0.1:0\"}}]\nadmin: {{{admin}}}\n"
                       f"certificates: {{folders: [{self.certificates.served}], roots: [{self.certificates.root}]}}\n"
                       "hosts: [{names: [app.test], routes: [{upstream: app}]}]\nupstreams: {app: {endpoints: [\"127.0.0.1:1\"]}}\n")
        done = self.run_program(wssgate_program(), "check", "-c", config)
        return done.returncode, done.stderr

    @classmethod
    def set_up_class(cls):
        cls.certificates.serve("app.test")

    def test_a_port_for_other_machines_without_a_token(self):
        code, said = self.check('http: "0.0.0.0:9114"')
        self.assertEqual(code, 1)
        self.assertIn("admin.http 0.0.0.0:9114 can be reached from other machines", said)

    def test_an_address_that_a_listener_has(self):
        config = self.folder + "/clash.yaml"
        with open(config, "w") as file:
            file.write("listeners: [{address: \"0.0.0.0:9114\"}]\nadmin: {http: \"127.0.0.1:9114\"}\n"
                       "hosts: []\nupstreams: {}\n")
        done = self.run_program(wssgate_program(), "check", "-c", config)
        self.assertIn("admin.http 127.0.0.1:9114 is the address of the listener 0.0.0.0:9114", done.stderr)

    def test_a_port_that_is_taken(self):
        app = self.backend("ws_app.mjs", name="other")
        gate = GateWithPort(self.folder, self.certificates, {"app.test": [("/", app.port)]},
                            f'http: "127.0.0.1:{app.port}", ')
        self._kept(gate)
        self.assertIn('"admin_unavailable"', gate.errors())

    def test_a_token_that_is_none(self):
        code, said = self.check('http: "127.0.0.1:9114", token: missing')
        self.assertEqual(code, 1)
        self.assertIn("openssl rand -hex 32", said)
        with open(self.folder + "/short", "w") as file:
            file.write("secret\n")
        code, said = self.check('http: "127.0.0.1:9114", token: short')
        self.assertEqual(code, 1)
        self.assertIn("a token is one word of 16 to 512", said)
        self.assertIn("every user", said)  # 0644
