"""A browser: a page over https and its WebSockets over wss, both through wssgate, the root trusted through NSS."""

import json
import os
import pathlib

from chromium import Chromium, trusting_home
from harness import HERE, PeerTest


class Browser(PeerTest):
    @classmethod
    def set_up_class(cls):
        cls.pages = cls.backend("fastify_app.mjs", 0, HERE / "pages")
        cls.app = cls.backend("ws_app.mjs")
        cls.gate = cls.wssgate({
            "app.test": [("/", cls.pages.port), ("/ws", cls.app.port),
                         ("/own", cls.app.port, "allowed_origins: [same-host]"),
                         ("/others", cls.app.port, 'allowed_origins: ["https://friends.test"]')],
            "other.test": [("/", cls.app.port)],
        })
        home = trusting_home(os.path.join(cls.folder, "home"), cls.certificates.root)
        cls.browser = cls.enterClassContext(Chromium(home))
        failed = cls.browser.open(cls.gate.url("app.test", "/page/echo.html", scheme="https"))
        assert failed is None, f"Chromium could not open the page: {failed}"

    def talk(self, path, steps, name="app.test", protocols="[]"):
        return self.browser.evaluate(f"talk({json.dumps(self.gate.url(name, path))}, {protocols}, {steps})")

    def test_messages_come_back_and_the_close_code_arrives(self):
        happened = self.talk("/ws/echo", "echo", protocols='["chat.v1", "chat.v2"]')
        self.assertEqual((happened["protocol"], happened["text"]), ("chat.v2", "grüße"))
        self.assertIn("permessage-deflate", happened["extensions"])
        self.assertEqual((happened["binary"], happened["same"]), (1024 * 1024, True))
        self.assertEqual((happened["code"], happened["reason"], happened["clean"]), (4001, "done", True))
        written = self.browser.evaluate('document.getElementById("result").textContent')
        self.assertEqual(json.loads(written), happened)
        at_backend = self.app.event("the close", lambda event: event.get("url") == "/ws/echo")
        self.assertEqual((at_backend["closed"], at_backend["reason"]), (4001, "done"))
        line = self.gate.access(event="tunnel", path="/ws/echo")
        self.assertEqual((line["client_close_code"], line["ended_by"], line["messages_received"]), (4001, "client", 2))

    def test_the_servers_close_code_arrives(self):
        happened = self.talk("/ws/closes", "serverCloses")
        self.assertEqual((happened["code"], happened["reason"], happened["clean"]), (4002, "restarting", True))

    def test_a_dropped_connection_is_1006(self):
        happened = self.talk("/ws/drop", "drop")
        self.assertEqual((happened["opened"], happened["code"], happened["clean"]), (True, 1006, False))

    def test_what_the_backend_is_told(self):
        self.browser.evaluate('document.cookie = "session=abc; path=/; secure"')
        facts = self.talk("/ws/facts?room=1", "facts")["facts"]
        self.assertEqual(facts["url"], "/ws/facts?room=1")
        self.assertEqual(facts["headers"]["cookie"], "session=abc")
        self.assertEqual(facts["headers"]["origin"], f"https://app.test:{self.gate.port}")
        self.assertEqual(facts["headers"]["x-forwarded-proto"], "https")

    def test_only_pages_of_an_allowed_origin_may_open_a_websocket(self):
        self.assertEqual(self.talk("/own", "echo")["code"], 4001)
        self.assertFalse(self.talk("/others", "echo")["opened"])
        self.assertEqual(self.gate.access(path="/others")["reason"], "origin_refused")

    def test_another_hosts_websocket_gets_that_hosts_certificate(self):
        self.assertEqual(self.talk("/", "echo", name="other.test")["code"], 4001)

    def test_an_unknown_name_opens_nothing(self):
        self.assertFalse(self.talk("/", "echo", name="nobody.test")["opened"])
        self.assertEqual(self.gate.refusal(server_name="nobody.test")["reason"], "unknown_server_name")


class BrowserThatTrustsNobody(PeerTest):
    """Shows that the trust above comes from the root, and not from a browser that asks for none."""

    def test_it_refuses_the_page(self):
        app = self.backend("ws_app.mjs")
        gate = self.wssgate({"app.test": [("/", app.port)]})
        home = pathlib.Path(self.folder) / "home"
        home.mkdir()
        with Chromium(home) as browser:
            self.assertEqual(browser.open(gate.url("app.test", scheme="https")), "net::ERR_CERT_AUTHORITY_INVALID")
        self.assertEqual(gate.refusal(server_name="app.test")["ended_by"], "client")
