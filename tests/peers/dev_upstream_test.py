"""wssgate dev --upstream in front of development servers that are particular about whom they answer."""

import json
import os
import re

from chromium import Chromium, trusting_home
from harness import PeerTest, program, wssgate_program


class DevUpstream(PeerTest):
    @classmethod
    def front(cls, backend, name="app.test"):
        """Starts `wssgate dev` before the backend; returns the port of https://NAME/."""
        label = f"dev-{len(cls.children)}"
        dev = cls.child(label, [wssgate_program(), "dev", "--port", "0", "--folder", cls.folder,
                                "--upstream", f"127.0.0.1:{backend.port}", name])
        dev.wait_for("greeting", lambda: "Ctrl-C" in dev.output())
        cls.ca = os.path.join(cls.folder, "dev-ca", "ca.pem")
        return int(re.search(rf"wss://{re.escape(name)}:(\d+)/", dev.output())[1])

    def curl(self, port, *options, path="/", name="app.test"):
        return self.run_program(program("curl", "curl"), "-sS", "--cacert", self.ca, "--resolve",
                                f"{name}:{port}:127.0.0.1", *options, f"https://{name}:{port}{path}")


class Vite(DevUpstream):
    def test_its_hot_updates_reach_a_browser(self):
        port = self.front(self.backend("vite_like.mjs", "app.test"))
        with Chromium(trusting_home(os.path.join(self.folder, "home"), self.ca)) as browser:
            self.assertIsNone(browser.open(f"https://app.test:{port}/"))
            self.assertEqual(browser.evaluate("window.updates"), "connected")

    def test_it_wants_to_be_told_of_the_name(self):
        backend = self.backend("vite_like.mjs", name="vite-untold")
        refused = self.curl(self.front(backend), "--include").stdout
        self.assertIn("403", refused.splitlines()[0])
        self.assertIn("Blocked request. This host (\"app.test:", refused)
        accepted = self.curl(self.front(backend, "app.localhost"), "--include", name="app.localhost").stdout
        self.assertIn("200", accepted.splitlines()[0])


class Django(DevUpstream):
    @classmethod
    def set_up_class(cls):
        cls.port = cls.front(cls.backend("django_like.py", ".test"))

    def test_its_links_are_those_of_the_browser(self):
        facts = json.loads(self.curl(self.port, path="/accounts/").stdout)
        self.assertEqual(facts, {"absolute_uri": f"https://app.test:{self.port}/accounts/", "is_secure": True,
                                 "forwarded_host": f"app.test:{self.port}", "client": "127.0.0.1"})

    def test_a_form_passes_the_csrf_check_and_a_strangers_does_not(self):
        own = self.curl(self.port, "-X", "POST", "-H", f"Origin: https://app.test:{self.port}", "--include").stdout
        self.assertIn("200", own.splitlines()[0], own)
        strange = self.curl(self.port, "-X", "POST", "-H", "Origin: https://evil.test", "--include").stdout
        self.assertIn("403", strange.splitlines()[0])

    def test_nobody_else_can_claim_to_be_secure(self):
        """What a client says of X-Forwarded-… does not reach it."""
        facts = json.loads(self.curl(self.port, "-H", "X-Forwarded-Proto: http", "-H", "X-Forwarded-Host: evil.test",
                                     "-H", "X-Forwarded-For: 203.0.113.9").stdout)
        self.assertEqual((facts["is_secure"], facts["forwarded_host"], facts["client"]),
                         (True, f"app.test:{self.port}", "127.0.0.1"))


class Fastify(DevUpstream):
    def test_with_trust_proxy_it_knows_of_tls_and_its_sockets_work(self):
        port = self.front(self.backend("fastify_app.mjs"))
        facts = json.loads(self.curl(port, path="/facts").stdout)
        self.assertEqual((facts["protocol"], facts["hostname"], facts["ip"]),
                         ("https", f"app.test:{port}", "127.0.0.1"))
        opened, echo, _ = self.node_client(f"wss://app.test:{port}/echo", ["send", "hello"], ["receive"],
                                           ["close", 1000], ["ended"], ca=self.ca)
        self.assertTrue(opened["open"])
        self.assertEqual(echo, {"text": "hello"})
