"""wssgate doctor: a broken world, one planted fault at a time, and what it is told for."""

import json
import os
import re
import signal
import subprocess
import unittest

import broken_world as world
from broken_world import DAY, Authority, HAProxy, Listener, Nginx, SServer, installed
from harness import HERE, PATIENCE, PeerTest, eventually, free_port, wssgate_program

NAME = "chat.test"
OCSP = "authorityInfoAccess=OCSP;URI:http://ocsp.test/,caIssuers;URI:http://ca.test/intermediate.crt"


class DoctorTest(PeerTest):
    @classmethod
    def set_up_class(cls):
        cls.root = Authority(cls.folder + "/ca", "root")
        cls.intermediate = Authority(cls.folder + "/ca", "intermediate", cls.root)
        cls.chain = [cls.intermediate.file("pem")]
        cls.intermediate.leaf("good", [NAME, "*." + NAME], [OCSP])
        cls.trust = ["--ca", cls.root.file("pem")]

    @classmethod
    def s_server(cls, label, *options, chain=None, authority=None, **where):
        name = f"s_server-{len(cls.children)}"
        return cls._kept(SServer(cls.folder, name, authority or cls.intermediate, label, *options,
                                 chain=cls.chain if chain is None else chain, **where))

    @classmethod
    def listener(cls, serve, **where):
        listener = Listener(serve, **where)
        cls.addClassCleanup(listener.close)
        return listener

    def doctor_text(self, *arguments):
        return self.run_program(wssgate_program(), "doctor", *arguments)

    def doctor(self, *arguments):
        """What it reports, and its exit code in it."""
        done = self.doctor_text("--json", *arguments)
        self.assertEqual(done.stderr, "")
        report = json.loads(done.stdout)
        self.assertEqual(report["exit_code"], done.returncode)
        return report

    def ask(self, port, *arguments, scheme="https", path="/", trust=True):
        return self.doctor(f"{scheme}://{NAME}:{port}{path}", "--address", "127.0.0.1",
                           *(self.trust if trust else ()), *arguments)

    def found(self, report, id):
        found = [finding for finding in report["findings"] if finding["id"] == id]
        self.assertEqual(len(found), 1, f"{id} in {json.dumps(report, indent=1)}")
        return found[0]

    def assert_faults(self, report, *wanted):
        """These and no others keep clients out."""
        errors = [finding["id"] for finding in report["findings"] if finding["level"] == "error"]
        self.assertEqual(errors, list(wanted), json.dumps(report, indent=1))
        self.assertEqual(report["exit_code"], 1)

    def outlooks(self, report):
        return [report["addresses"][0][kind]["outlook"] for kind in ("browsers", "strict_clients")]


class Certificates(DoctorTest):
    """Faults of certificates, chains and staples, served by OpenSSL's own server."""

    def test_nothing_is_wrong(self):
        server = self.s_server("good", "-status_file", self.intermediate.staple("good"))
        report = self.ask(server.port)
        self.assertEqual(self.outlooks(report), ["accept", "accept"])
        self.assertEqual(report["addresses"][0]["staple"]["state"], "good")
        # s_server has no way to refuse a name.
        self.assertEqual([finding["id"] for finding in report["findings"]], ["default_certificate"])
        self.assertEqual(report["exit_code"], 4)

    def test_leaf_alone(self):
        report = self.ask(self.s_server("good", chain=[]).port)
        self.assert_faults(report, "chain_incomplete")
        self.assertEqual(self.outlooks(report), ["depends", "refuse"])
        finding = self.found(report, "chain_incomplete")
        self.assertIn("http://ca.test/intermediate.crt", finding["browsers"]["why"])
        self.assertIn("Doctor's intermediate", finding["what"])
        self.assertIn("fullchain.pem", report["remedy"]["nginx"])

    def test_leaf_alone_without_a_place_to_fetch_its_issuer_from(self):
        self.intermediate.leaf("no-aia", [NAME])
        report = self.ask(self.s_server("no-aia", chain=[]).port)
        self.assert_faults(report, "chain_incomplete")
        self.assertEqual(self.outlooks(report), ["refuse", "refuse"])

    def test_wrong_order(self):
        lower = Authority(self.folder + "/ca", "lower", self.intermediate)
        lower.leaf("ordered", [NAME])
        right = [lower.file("pem"), self.intermediate.file("pem")]
        report = self.ask(self.s_server("ordered", chain=right).port)
        self.assertNotIn("chain_order", [finding["id"] for finding in report["findings"]])
        report = self.ask(self.s_server("ordered", chain=right[::-1]).port)
        self.assertEqual(self.found(report, "chain_order")["level"], "warning")
        self.assertEqual(self.outlooks(report), ["accept", "depends"])
        self.assertEqual(report["exit_code"], 4)

    def test_the_root_is_sent_too(self):
        server = self.s_server("good", chain=[*self.chain, self.root.file("pem")])
        self.assertEqual(self.found(self.ask(server.port), "chain_superfluous")["level"], "note")

    def test_another_name(self):
        self.intermediate.leaf("other", ["other.test", "*.rooms.chat.test"])
        report = self.ask(self.s_server("other").port)
        self.assert_faults(report, "name_not_covered")
        finding = self.found(report, "name_not_covered")
        self.assertIn("other.test, *.rooms.chat.test", finding["what"])
        self.assertIn("default site", finding["what"])
        self.assertIn("server_name chat.test;", report["remedy"]["nginx"])

    def test_expired(self):
        self.intermediate.leaf("expired", [NAME], start=-90 * DAY, end=-1 * DAY)
        self.assert_faults(self.ask(self.s_server("expired").port), "expired")

    def test_not_yet_valid(self):
        self.intermediate.leaf("early", [NAME], start=2 * DAY)
        self.assert_faults(self.ask(self.s_server("early").port), "not_yet_valid")

    def test_expires_soon(self):
        self.intermediate.leaf("soon", [NAME], start=-80 * DAY, end=5 * DAY)
        report = self.ask(self.s_server("soon").port)
        self.assertEqual(report["exit_code"], 4)
        self.assertIn("in 4 days", self.found(report, "expires_soon")["what"])

    def test_valid_for_too_long(self):
        self.intermediate.leaf("long", [NAME], end=900 * DAY)
        report = self.ask(self.s_server("long").port)
        self.assertEqual(self.outlooks(report), ["depends", "accept"])
        self.assertEqual(self.found(report, "validity_too_long")["level"], "warning")

    def test_untrusted_root(self):
        server = self.s_server("good", chain=[*self.chain, self.root.file("pem")])
        self.assert_faults(self.ask(server.port, trust=False), "untrusted")

    def test_self_signed(self):
        Authority.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                          "30", "-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}", "-config",
                          self.root.file("cnf"), "-keyout", self.root.file("key", "self"), "-out",
                          self.root.file("pem", "self"))
        self.assert_faults(self.ask(self.s_server("self", chain=[]).port), "self_signed")

    def test_no_server_certificate(self):
        self.intermediate.leaf("client", [NAME], usage="clientAuth")
        self.assert_faults(self.ask(self.s_server("client").port), "wrong_usage")

    def test_revoked_by_its_staple(self):
        self.intermediate.leaf("revoked", [NAME], [OCSP])
        self.intermediate.revoke("revoked")
        server = self.s_server("revoked", "-status_file", self.intermediate.staple("revoked"))
        report = self.ask(server.port)
        self.assert_faults(report, "revoked")
        self.assertEqual(self.outlooks(report), ["refuse", "depends"])

    def test_a_staple_of_another_certificate(self):
        self.intermediate.leaf("stapled", [NAME], [OCSP])
        server = self.s_server("stapled", "-status_file", self.intermediate.staple("good"))
        self.assertEqual(self.found(self.ask(server.port), "staple_bad")["level"], "warning")

    def test_must_staple_without_a_staple(self):
        self.intermediate.leaf("must", [NAME], [OCSP, "tlsfeature=status_request"])
        self.assert_faults(self.ask(self.s_server("must").port), "must_staple_missing")

    def test_no_staple(self):
        self.assertEqual(self.found(self.ask(self.s_server("good").port), "staple_absent")["level"], "note")

    def test_weak_key(self):
        self.intermediate.leaf("weak-key", [NAME], key=("rsa", 1024))
        server = self.s_server("weak-key", "-cipher", "DEFAULT@SECLEVEL=0")
        report = self.ask(server.port)
        self.assert_faults(report, "weak")
        self.assertIn("RSA 1024", self.found(report, "weak")["what"])

    def test_weak_signature(self):
        self.intermediate.leaf("weak-signature", [NAME], md="sha1")
        report = self.ask(self.s_server("weak-signature", "-cipher", "DEFAULT@SECLEVEL=0").port)
        self.assert_faults(report, "weak")
        self.assertIn("SHA1", self.found(report, "weak")["what"])


class Handshakes(DoctorTest):
    """What goes wrong before there is a certificate to judge."""

    def test_outdated_versions(self):
        server = self.s_server("good", "-tls1_1", "-cipher", "ALL:@SECLEVEL=0")
        report = self.ask(server.port)
        self.assert_faults(report, "tls_outdated")
        self.assertIn("TLSv1.1", report["sentence"])
        self.assertIn("ssl_protocols", report["remedy"]["nginx"])

    def test_suites_that_no_browser_offers(self):
        for suite in ("AES256-SHA256", "DHE-RSA-AES256-GCM-SHA384"):
            report = self.ask(self.rsa_server("-tls1_2", "-cipher", suite).port)
            self.assert_faults(report, "tls_outdated")
            self.assertIn(suite, report["sentence"])
            self.assertEqual(self.outlooks(report), ["refuse", "depends"])

    def test_suites_that_browsers_offer(self):
        for suite in ("AES128-SHA", "ECDHE-RSA-AES128-SHA", "ECDHE-RSA-CHACHA20-POLY1305"):
            report = self.ask(self.rsa_server("-tls1_2", "-cipher", suite).port)
            self.assertEqual(self.outlooks(report), ["accept", "accept"], suite)

    def rsa_server(self, *options):
        self.intermediate.leaf("rsa", [NAME], key=("rsa", 2048))
        return self.s_server("rsa", *options)

    def test_a_refused_name(self):
        server = self.s_server("good", "-servername", "other.test", "-servername_fatal", "-cert2",
                               self.intermediate.file("pem", "good"), "-key2", self.intermediate.file("key", "good"))
        report = self.ask(server.port)
        self.assert_faults(report, "handshake_refused")
        self.assertIn("unrecognized_name (112)", report["sentence"])
        self.assertEqual(report["addresses"][0]["made_up_name"]["alert"], 112)

    def test_http2_alone(self):
        report = self.ask(self.s_server("good", "-alpn", "h2").port)
        self.assert_faults(report, "handshake_refused")
        self.assertIn("no_application_protocol (120)", report["sentence"])
        self.assertIn("http2", report["remedy"]["nginx"])

    def test_client_certificate(self):
        for version in ("-tls1_2", "-tls1_3"):
            with self.subTest(version=version):
                report = self.ask(self.s_server("good", "-Verify", "1", version).port)
                self.assert_faults(report, "client_certificate_required")

    def test_nothing_listens(self):
        report = self.ask(free_port())
        self.assertEqual((report["exit_code"], report["findings"][0]["id"]), (3, "connect_refused"))

    def test_a_name_that_leads_nowhere(self):
        report = self.doctor("wss://nobody.invalid/")
        self.assertEqual((report["exit_code"], report["findings"][0]["id"]), (3, "name_unresolved"))

    def test_a_port_that_drops_what_comes(self):
        full = world.FullQueue()
        self.addCleanup(full.close)
        report = self.ask(full.port, "--timeout", "500ms")
        self.assertEqual((report["exit_code"], report["findings"][0]["id"]), (3, "connect_timeout"))

    def test_a_port_that_never_answers(self):
        self.assert_faults(self.ask(self.listener(world.silent).port, "--timeout", "500ms"), "handshake_timeout")

    def test_a_port_that_closes(self):
        self.assert_faults(self.ask(self.listener(world.end).port), "handshake_closed")

    def test_a_port_that_resets(self):
        self.assert_faults(self.ask(self.listener(world.reset).port), "handshake_reset")

    def test_plain_http(self):
        report = self.ask(self.listener(world.websocket_backend).port, "--timeout", "500ms")
        self.assert_faults(report, "plain_http")

    def test_another_protocol_and_its_bytes_are_escaped(self):
        report = self.ask(self.listener(world.banner).port, "--timeout", "1s")
        self.assert_faults(report, "not_tls")
        self.assertIn(r"SSH-2.0-Example_1.0\x1b[31m", report["sentence"])

    def test_only_a_hello_in_one_segment_passes(self):
        server = self.s_server("good", "-status_file", self.intermediate.staple("good"))
        report = self.ask(self.listener(world.first_segment_only(server.port)).port)
        self.assert_faults(report, "split_hello_fails")
        self.assertEqual(self.outlooks(report), ["refuse", "depends"])
        self.assertEqual(report["addresses"][0]["tls"]["end"], "done")


class Nodes(DoctorTest):
    """Several addresses behind one name."""

    def nodes(self, *servers):
        return [part for server in servers for part in ("--address", server.address)]

    def test_a_node_that_was_not_renewed(self):
        self.intermediate.leaf("old", [NAME], [OCSP], start=-90 * DAY, end=-1 * DAY)
        good = [self.s_server("good", host=f"127.0.0.{n}") for n in (2, 3)]
        old = self.s_server("old", host="127.0.0.4")
        report = self.doctor(f"https://{NAME}/", *self.nodes(*good, old), *self.trust)
        self.assert_faults(report, "expired")
        self.assertEqual(self.found(report, "expired")["addresses"], [old.address])
        self.assertEqual(self.found(report, "addresses_differ")["addresses"], [old.address])
        groups = next(each for each in report["differences"] if each["what"] == "certificate")["groups"]
        self.assertEqual([group["addresses"] for group in groups],
                         [[server.address for server in good], [old.address]])
        self.assertTrue(report["sentence"].startswith(f"At {old.address}, 'chat.test' expired"))

    def test_a_node_that_sends_no_intermediate_is_judged_by_one_that_does(self):
        alone = self.s_server("good", chain=[], host="127.0.0.2")
        whole = self.s_server("good", host="127.0.0.3")
        report = self.doctor(f"https://{NAME}/", *self.nodes(alone, whole), *self.trust)
        self.assert_faults(report, "chain_incomplete")
        self.assertIn(f"{whole.address} sends it", self.found(report, "chain_incomplete")["what"])

    def test_nodes_that_are_alike(self):
        report = self.doctor(f"https://{NAME}/", *self.nodes(*[self.s_server("good", host=f"127.0.0.{n}")
                                                              for n in (2, 3)]), *self.trust)
        self.assertEqual(report["differences"], [])
        self.assertEqual(len(self.found(report, "default_certificate")["addresses"]), 2)


class Upgrades(DoctorTest):
    """wssgate in front of a backend that does what its path says."""

    @classmethod
    def set_up_class(cls):
        super().set_up_class()
        cls.bad = cls.listener(world.websocket_backend)
        cls.echo = cls.backend("websockets_echo.py")
        cls.gate = cls.wssgate({NAME: [("/", cls.bad.port), ("/echo", cls.echo.port), ("/down", free_port())]})
        cls.trust = ["--ca", cls.certificates.root]

    def upgrade(self, path, *arguments):
        return self.ask(self.gate.port, *arguments, scheme="wss", path=path)

    def test_all_is_well(self):
        report = self.upgrade("/echo")
        self.assertEqual([finding["id"] for finding in report["findings"]], ["hsts_absent"])
        self.assertEqual(report["exit_code"], 0)
        self.assertEqual(report["addresses"][0]["websocket"]["end"], "alive")
        self.assertEqual(report["addresses"][0]["without_name"]["alert"], 109)
        self.assertEqual(report["addresses"][0]["made_up_name"]["alert"], 112)

    def test_the_subprotocol_that_was_offered(self):
        report = self.upgrade("/echo", "--subprotocol", "chat.v1", "--subprotocol", "chat.v2")
        self.assertEqual(report["addresses"][0]["websocket"]["subprotocol"], "chat.v2")
        self.assertEqual(report["exit_code"], 0)

    def test_a_subprotocol_that_nobody_knows(self):
        self.assert_faults(self.upgrade("/echo", "--subprotocol", "chat.v9"), "wrong_subprotocol")

    def test_a_subprotocol_that_nobody_offered(self):
        self.assert_faults(self.upgrade("/subprotocol"), "wrong_subprotocol")

    def test_upgraded_but_dead(self):
        report = self.upgrade("/dead", "--timeout", "500ms")
        self.assert_faults(report, "websocket_dead")
        self.assertIn("no pong", report["sentence"])

    def test_no_frames(self):
        self.assert_faults(self.upgrade("/garbage"), "websocket_dead")

    def test_closed_at_once(self):
        report = self.upgrade("/close")
        self.assert_faults(report, "websocket_closed")
        self.assertIn("1008", report["sentence"])

    def test_a_status_names_its_usual_cause(self):
        causes = {"301": "redirects to https://www.test/,", "401": "credentials", "403": "Origin",
                  "404": "nothing is at '/status/404'", "426": "does not pass on Upgrade", "503": "no backend",
                  "200": "does not pass on Upgrade"}
        for status, cause in causes.items():
            with self.subTest(status=status):
                report = self.upgrade(f"/status/{status}")
                self.assert_faults(report, "upgrade_refused")
                self.assertIn(f"refused with {status}", report["sentence"])
                self.assertIn(cause, report["sentence"])
                self.assertNotIn("secret", json.dumps(report))

    def test_a_backend_that_is_down(self):
        report = self.upgrade("/down")
        self.assert_faults(report, "upgrade_refused")
        self.assertIn("refused with 502", report["sentence"])
        self.assertIn("proxy_pass", report["remedy"]["nginx"])

    def test_without_a_proxy_a_wrong_101_is_told(self):
        report = self.ask(self.bad.port, scheme="ws", path="/accept")
        self.assert_faults(report, "upgrade_invalid")
        self.found(report, "plaintext_url")


@unittest.skipUnless(installed("nginx"),
                     "nginx is not installed (Debian would start it, so ./test does not install it)")
class BehindNginx(DoctorTest):
    @classmethod
    def set_up_class(cls):
        super().set_up_class()
        cls.intermediate.leaf("default", ["default.test"])
        for label in ("good", "default"):
            cls.intermediate.file("full", label).write_text(cls.intermediate.file("pem", label).read_text() +
                                                            cls.intermediate.file("pem").read_text())
        cls.echo = cls.backend("websockets_echo.py")
        cls.nginx = cls._kept(Nginx(cls.folder, "nginx", cls.servers()))

    @classmethod
    def servers(cls):
        def tls(label):
            return (f"ssl_certificate {cls.intermediate.file('full', label)}; "
                    f"ssl_certificate_key {cls.intermediate.file('key', label)};")
        return f"""
  server {{ listen 127.0.0.1:PORT ssl default_server; server_name default.test; {tls("default")} }}
  server {{
    listen 127.0.0.1:PORT ssl; server_name {NAME}; {tls("good")}
    add_header Strict-Transport-Security "max-age=1000" always;
    location /forwarded {{
      proxy_pass http://127.0.0.1:{cls.echo.port}; proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade";
    }}
    location /not-forwarded {{ proxy_pass http://127.0.0.1:{cls.echo.port}; }}
    location /moved {{ return 301 https://www.test/; }}
    location /down {{ proxy_pass http://127.0.0.1:{free_port()}; }}
    location / {{ return 404; }}
  }}"""

    def test_the_default_site_answers_for_a_name_that_is_not_configured(self):
        report = self.doctor(f"wss://nobody.test:{self.nginx.port}/", "--address", "127.0.0.1", *self.trust)
        self.assertEqual(report["findings"][0]["id"], "name_not_covered")
        self.assertIn("it is the default site's", report["sentence"])

    def test_it_leaks_its_default_certificate(self):
        report = self.ask(self.nginx.port, scheme="wss", path="/forwarded")
        self.assertEqual(report["exit_code"], 4)
        self.assertIn("to no name and to made-up names with the certificate of 'default.test'",
                      self.found(report, "default_certificate")["what"])
        self.assertIn("ssl_reject_handshake on;", report["remedy"]["nginx"])
        self.assertEqual(report["addresses"][0]["websocket"]["end"], "alive")
        self.assertEqual(report["addresses"][0]["hsts"], "max-age=1000")

    def test_an_upgrade_that_is_not_forwarded(self):
        report = self.ask(self.nginx.port, scheme="wss", path="/not-forwarded")
        self.assert_faults(report, "upgrade_refused")
        self.assertIn("proxy_set_header Upgrade $http_upgrade", report["remedy"]["nginx"])

    def test_other_refusals(self):
        for path, status in (("/moved", 301), ("/down", 502), ("/nothing", 404)):
            with self.subTest(path=path):
                report = self.ask(self.nginx.port, scheme="wss", path=path)
                self.assert_faults(report, "upgrade_refused")
                self.assertEqual(report["addresses"][0]["answer"]["status"], status)
                self.assertIn("Server: nginx", report["sentence"])

    def test_hsts_lets_nobody_click_through(self):
        report = self.ask(self.nginx.port, trust=False)
        self.assertEqual(report["findings"][0]["id"], "untrusted")
        self.found(report, "hsts_forbids_override")


@unittest.skipUnless(installed("haproxy"),
                     "HAProxy is not installed (Debian would start it, so ./test does not install it)")
class BehindHAProxy(DoctorTest):
    @classmethod
    def set_up_class(cls):
        super().set_up_class()
        files = [cls.intermediate.file("pem", "good"), cls.intermediate.file("pem"),
                 cls.intermediate.file("key", "good")]
        cls.bundle = cls.intermediate.file("bundle", "good")
        cls.bundle.write_text("".join(file.read_text() for file in files))
        cls.echo = cls.backend("websockets_echo.py")

    def haproxy(self, bind, servers=""):
        name = f"haproxy-{len(self.children)}"
        return self._kept(HAProxy(self.folder, name, f"""
frontend tls
  bind 127.0.0.1:PORT ssl crt {self.bundle} {bind}
  default_backend chat
backend chat
{servers or f"  server chat 127.0.0.1:{self.echo.port}"}"""))

    def test_strict_sni_leaks_nothing(self):
        report = self.ask(self.haproxy("strict-sni").port, scheme="wss")
        self.assertEqual(report["exit_code"], 0)
        self.assertEqual(report["addresses"][0]["made_up_name"]["end"], "alert")

    def test_a_name_that_strict_sni_refuses(self):
        port = self.haproxy("strict-sni").port
        report = self.doctor(f"wss://nobody.test:{port}/", "--address", "127.0.0.1", *self.trust)
        self.assert_faults(report, "handshake_refused")

    def test_without_strict_sni_every_name_gets_the_certificate(self):
        report = self.ask(self.haproxy("").port, scheme="wss")
        self.assertIn("strict-sni", report["remedy"]["haproxy"])
        self.found(report, "default_certificate")

    def test_a_client_certificate_that_is_demanded(self):
        report = self.ask(self.haproxy(f"ca-file {self.root.file('pem')} verify required").port, scheme="wss")
        self.assert_faults(report, "client_certificate_required")

    def test_no_server_in_service(self):
        report = self.ask(self.haproxy("strict-sni", "  server chat 127.0.0.1:9 disabled").port, scheme="wss")
        self.assert_faults(report, "upgrade_refused")
        self.assertIn("refused with 503", report["sentence"])


class ItsTable(unittest.TestCase):
    def test_every_finding_is_documented_in_its_order(self):
        folder = HERE.parent.parent / "proxy" / "doctor"
        ids = re.search(r"enum class FindingId[^{]*\{(.*?)\}", (folder / "findings.h").read_text(), re.DOTALL)[1]
        self.assertEqual(re.findall(r"(?m)^\| `(\w+)` \|", (folder / "FINDINGS.md").read_text()),
                         re.findall(r"(?m)^  (\w+),", ids))


class ItsText(DoctorTest):
    """What a person sees, and what is never shown."""

    def test_it_ends_with_one_sentence_and_four_lines(self):
        server = self.s_server("good", chain=[])
        done = self.doctor_text(f"https://{NAME}:{server.port}/", "--address", "127.0.0.1", *self.trust)
        self.assertEqual((done.returncode, done.stderr), (1, ""))
        self.assertNotIn("\x1b", done.stdout)
        *_, sentence, nginx, haproxy, caddy, wssgate = done.stdout.splitlines()
        self.assertRegex(sentence, r"^The chain is incomplete: .*; serve the CA's fullchain\.pem .*\.$")
        self.assertTrue(nginx.startswith("  nginx    ssl_certificate "))
        self.assertTrue(haproxy.startswith("  HAProxy  bind "))
        self.assertTrue(caddy.startswith("  Caddy    tls "))
        self.assertTrue(wssgate.startswith("  wssgate  certificates: "))

    def test_it_is_coloured_on_a_terminal(self):
        server = self.s_server("good", chain=[])
        ours, theirs = os.openpty()
        done = subprocess.run([wssgate_program(), "doctor", f"https://{NAME}:{server.port}/", "--address", "127.0.0.1"],
                              stdout=theirs, stderr=theirs, timeout=PATIENCE, stdin=subprocess.DEVNULL,
                              env={**os.environ, "TERM": "xterm", "NO_COLOR": ""})
        os.close(theirs)
        shown = b""
        while True:
            try:
                more = os.read(ours, 65536)
            except OSError:  # the terminal is empty, and nobody has its other end
                break
            if not more:
                break
            shown += more
        os.close(ours)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"\x1b[1;31merror\x1b[0m", shown)
        self.assertIn(b"1 of 1 done", shown)

    def test_secrets_are_not_printed(self):
        server = self.s_server("good")
        for more in ((), ("--json",)):
            done = self.doctor_text(f"https://{NAME}:{server.port}/?token=hidden", "--address", "127.0.0.1",
                                    "--header", "Authorization: Bearer hidden", *more)
            self.assertNotIn("hidden", done.stdout + done.stderr)

    def test_the_command_line_is_judged(self):
        for arguments in (["ftp://chat.test/"], ["wss://user:hidden@chat.test/"], ["wss://chat.test/ x"],
                          ["wss://chat.test", "--address", "chat.test"], ["wss://chat.test", "--timeout", "5"],
                          ["wss://chat.test", "--header", "hidden"], ["wss://chat.test", "--ca", "/nowhere.pem"],
                          ["wss://chat.test", "--header", "Upgrade: h2c"], ["wss://chat.test:0"], []):
            with self.subTest(arguments=arguments):
                done = self.doctor_text(*arguments)
                self.assertEqual(done.returncode, 2)
                self.assertEqual(done.stdout, "")
                self.assertNotIn("hidden", done.stderr)

    def test_upper_case_names_without_a_scheme(self):
        server = self.s_server("good")
        report = self.doctor(f"CHAT.Test:{server.port}", "--address", "127.0.0.1", *self.trust)
        self.assertEqual(report["url"], f"wss://chat.test:{server.port}/")
        self.assertEqual(self.outlooks(report), ["accept", "accept"])

    def test_it_watches_and_tells_what_changes(self):
        server = self.s_server("good")
        watch = self.child("watch", [wssgate_program(), "doctor", f"https://{NAME}:{server.port}/", "--address",
                                     "127.0.0.1", *self.trust, "--watch", "--interval", "100ms"])
        watch.wait_for("a first report", lambda: "staple_absent" in watch.output())
        first = watch.output()
        server.kill()
        watch.wait_for("the change", lambda: "+ error connect_refused" in watch.output())
        told = watch.output()[len(first):]
        self.assertIn("- warning default_certificate", told)
        watch.process.send_signal(signal.SIGINT)
        self.assertEqual(watch.process.wait(PATIENCE), 3)
        self.assertEqual(watch.errors(), "")

    def test_a_signal_before_the_first_report(self):
        silent = self.listener(world.silent)
        watch = self.child("early", [wssgate_program(), "doctor", f"https://{NAME}:{silent.port}/", "--address",
                                     "127.0.0.1", "--watch", "--timeout", "1h"])
        eventually("the doctor's thread", lambda: len(os.listdir(f"/proc/{watch.process.pid}/task")) > 1)
        watch.process.send_signal(signal.SIGINT)
        self.assertEqual(watch.process.wait(PATIENCE), 130)


if __name__ == "__main__":
    unittest.main()
