"""openssl s_client: names, alerts, versions, ALPN and the chain."""

import re

from harness import PeerTest, program


class SClient(PeerTest):
    @classmethod
    def set_up_class(cls):
        cls.app = cls.backend("ws_app.mjs")
        cls.gate = cls.wssgate({"chat.test": [("/", cls.app.port)], "Shop.Test www.shop.test": [("/", cls.app.port)],
                                "*.rooms.test": [("/", cls.app.port)]})

    def s_client(self, *arguments, stdin=""):
        return self.run_program(program("openssl", "openssl"), "s_client", "-connect", f"127.0.0.1:{self.gate.port}",
                                "-CAfile", self.certificates.root, "-verify_return_error", *arguments, stdin=stdin)

    def test_each_name_gets_its_certificate_and_the_chain(self):
        leaves = {"chat.test": "chat.test", "www.shop.test": "Shop.Test", "SHOP.TEST": "Shop.Test",
                  "blue.rooms.test": "*.rooms.test", "shop.test.": "Shop.Test"}
        for name, leaf in leaves.items():
            with self.subTest(name=name):
                done = self.s_client("-servername", name, "-showcerts", "-verify_hostname", name.rstrip("."))
                self.assertIn("Verify return code: 0 (ok)", done.stdout)
                self.assertRegex(done.stdout, rf"0 s:CN ?= ?{re.escape(leaf)}\n")
                self.assertEqual(done.stdout.count("BEGIN CERTIFICATE"), 2, "the leaf and the intermediate, no root")

    def refused(self, *arguments):
        done = self.s_client(*arguments)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("no peer certificate available", done.stdout)
        return done.stderr

    def test_a_name_that_is_not_served_gets_no_certificate(self):
        for name in ("nobody.test", "rooms.test", "a.b.rooms.test", "127.0.0.1", "chat.test.evil.test"):
            for version in ("-tls1_2", "-tls1_3"):
                with self.subTest(name=name, version=version):
                    said = self.refused("-servername", name, version)
                    self.assertIn("unrecognized name", said)
                    self.assertIn("SSL alert number 112", said)

    def test_no_name_gets_no_certificate(self):
        said = self.refused("-noservername", "-tls1_3")
        self.assertIn("SSL alert number 109", said)  # missing_extension
        said = self.refused("-noservername", "-tls1_2")
        self.assertIn("SSL alert number 40", said)  # handshake_failure
        self.assertEqual(self.gate.refusal(reason="missing_server_name")["ended_by"], "client")

    def test_versions(self):
        for option, version in (("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")):
            done = self.s_client("-servername", "chat.test", option)
            self.assertIn(f"New, {version}", done.stdout)
        done = self.s_client("-servername", "chat.test", "-tls1_1", "-cipher", "ALL:@SECLEVEL=0")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("protocol version", done.stderr)

    def test_no_suite_without_forward_secrecy(self):
        done = self.s_client("-servername", "chat.test", "-tls1_2", "-cipher", "AES128-SHA:AES128-GCM-SHA256")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("handshake failure", done.stderr)

    def test_alpn(self):
        done = self.s_client("-servername", "chat.test", "-alpn", "h2,http/1.1")
        self.assertIn("ALPN protocol: http/1.1", done.stdout)
        done = self.s_client("-servername", "chat.test", "-alpn", "h2")
        self.assertIn("no application protocol", done.stderr)

    def test_a_session_does_not_resume_under_another_name(self):
        session = f"{self.folder}/session.pem"
        request = "GET / HTTP/1.1\r\nHost: chat.test\r\nConnection: close\r\n\r\n"
        for version in ("-tls1_2", "-tls1_3"):
            done = self.s_client("-servername", "chat.test", version, "-sess_out", session, "-ign_eof", stdin=request)
            self.assertIn("a page", done.stdout)
            done = self.s_client("-servername", "chat.test", version, "-sess_in", session)
            self.assertIn("Reused,", done.stdout)
            done = self.s_client("-servername", "www.shop.test", version, "-sess_in", session)
            self.assertNotIn("Reused,", done.stdout)

    def test_http_by_hand(self):
        done = self.s_client("-servername", "chat.test", "-quiet", "-ign_eof",
                             stdin="GET / HTTP/1.1\r\nHost: chat.test\r\nConnection: close\r\n\r\n")
        self.assertIn("HTTP/1.1 200 OK", done.stdout)
        self.assertIn("a page", done.stdout)
