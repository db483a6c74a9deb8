"""The dashboard in a browser: what it shows when something is wrong, to whom, and that nothing a client sends runs there.

With WSSGATE_SCREENSHOTS=FOLDER it leaves pictures of what it has seen there.
"""

import json
import os
import pathlib
import socket
import subprocess

from admin_port_test import TOKEN, AdminPortTest
from chromium import Chromium
from harness import PATIENCE, eventually, wssgate_program

HOSTILE = "<img src=x onerror=document.title='run'>.app.test"


class DashboardTest(AdminPortTest):
    @classmethod
    def open_browser(cls):
        home = pathlib.Path(cls.folder) / "home"
        home.mkdir()
        return cls.enterClassContext(Chromium(home))

    @property
    def page(self):
        return f"http://127.0.0.1:{self.admin}/"

    def show(self, width=1200, height=900, scheme="light"):
        self.browser.look(width, height, scheme)
        self.assertIsNone(self.browser.open(self.page))

    def text(self, selector):
        """What a part of the page says; empty where it is not shown."""
        return self.browser.evaluate(f"((part) => part?.checkVisibility() ? part.innerText : '')"
                                     f"(document.querySelector({json.dumps(selector)}))")

    def until_shown(self, selector, *wanted):
        try:
            return eventually(f"{wanted} in {selector}", lambda: all(
                each in self.text(selector) for each in wanted) and self.text(selector))
        except AssertionError as vain:
            raise AssertionError(f"{vain}; it says:\n{self.text(selector)}") from None

    def picture(self, name, height=None):
        folder = os.environ.get("WSSGATE_SCREENSHOTS")
        if folder:
            self.browser.screenshot(os.path.join(folder, f"{name}.png"), height)

    def handshake(self, name):
        """Asks for `name`, whatever it is."""
        subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{self.gate.port}", "-servername", name],
                       stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE)


class Dashboard(DashboardTest):
    @classmethod
    def set_up_class(cls):
        cls.app = cls.backend("ws_app.mjs")
        cls.api = cls.backend("ws_app.mjs", name="api")
        cls.gate = cls.served({"chat.app.test": [("/", cls.app.port)], "api.app.test": [("/", cls.api.port)]})
        cls.browser = cls.open_browser()

    def tearDown(self):
        self.assertEqual(self.browser.complaints, [])

    def get(self, host):
        return self.run_program("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--cacert", self.certificates.root,
                                "--resolve", f"{host}:{self.gate.port}:127.0.0.1",
                                f"https://{host}:{self.gate.port}/").stdout

    def test_all_is_well(self):
        self.show()
        self.until_shown("#verdict", "Nothing is wrong")
        self.until_shown("#certificates", "chat.app.test", "api.app.test", "29 days left", "what serves")
        self.until_shown("#upstreams", f"127.0.0.1:{self.app.port}", "well")
        self.until_shown("#reloads", "start")
        self.assertEqual(self.browser.evaluate("document.title"), "wssgate")

    def test_a_refused_name_with_the_nearest_one(self):
        for _ in range(3):
            self.handshake("chta.app.test")
        self.show()
        self.until_shown("#refused-names", "chta.app.test", "chat.app.test")
        self.until_shown("#refused-reasons", "unknown server name")
        self.picture("refused-name")
        shown = self.run_program(wssgate_program(), "status", "-c", self.gate.config).stdout
        self.assertRegex(shown, r"(?m)^ +3  chta\.app\.test \(near: chat\.app\.test\), last at ")

    def test_a_name_with_markup_is_text(self):
        self.handshake(HOSTILE)
        self.handshake("a\nb\x1b[31m.app.test")
        self.show()
        self.until_shown("#refused-names", HOSTILE, r"a\x0ab\x1b[31m.app.test")
        self.assertEqual(self.browser.evaluate("document.querySelectorAll('main img, main script').length"), 0)
        self.assertEqual(self.browser.evaluate("document.title"), "wssgate")

    def test_a_renewal_that_is_no_good(self):
        chain = self.certificates.served / "chat.app.test" / "fullchain.pem"
        good = chain.read_bytes()
        leaf = good.split(b"-----END CERTIFICATE-----")[0] + b"-----END CERTIFICATE-----\n"
        self.show()
        self.until_shown("#verdict", "Nothing is wrong")
        try:
            chain.write_bytes(leaf)  # cert.pem in the place of fullchain.pem
            self.until_shown("#verdict", "1 alarm")
            self.until_shown("#problems", "Alarm", str(chain), "peers' intermediate")
            self.until_shown("#certificates", "refused", "the one before goes on serving")
            self.until_shown("#reloads", "not all of it serves")
            self.assertEqual(self.get("chat.app.test"), "200")
            self.picture("renewal-refused")
            status = self.run_program(wssgate_program(), "status", "-c", self.gate.config).stdout
            self.assertRegex(status, rf"(?m)^HELD BACK +{chain}.*intermediate")
        finally:
            chain.write_bytes(good)
        self.until_shown("#verdict", "Nothing is wrong")

    def test_an_upstream_that_dies_and_returns(self):
        self.show()
        self.until_shown("#verdict", "Nothing is wrong")
        self.api.kill()
        for _ in range(3):
            self.assertEqual(self.get("api.app.test"), "502")
        self.until_shown("#verdict", "1 alarm")
        self.until_shown("#problems", f"127.0.0.1:{self.api.port} is down")
        self.until_shown("#upstreams", "down: requests failed")
        self.picture("upstream-down")
        self.backend("ws_app.mjs", str(self.api.port), name="api-again")
        eventually("it serves again", lambda: self.get("api.app.test") == "200" and
                   "Nothing is wrong" in self.text("#verdict"))
        self.until_shown("#upstreams", "well")

    def test_tunnels_and_how_they_end(self):
        client = self.start_node_client(self.gate.url("chat.app.test", "/open"), ["send", "hello"], ["receive"],
                                        ["close", 4000, HOSTILE], ["ended"])
        client.process.wait(PATIENCE)
        self.show()
        self.until_shown("#endings", "client", "4000")
        self.assertNotIn("onerror", self.text("#endings"))

    def test_nothing_is_wider_than_a_phone(self):
        self.handshake("a" * 60 + "." + "b" * 60 + "." + "c" * 60 + ".test")
        for width in (320, 360, 768):
            self.show(width, 780)
            self.until_shown("#refused-names", "a" * 60)
            self.assertLessEqual(self.browser.evaluate("document.documentElement.scrollWidth"), width)

    def test_by_keyboard(self):
        self.show()
        self.until_shown("#verdict", "Nothing is wrong")
        self.browser.press("Tab", 9)
        self.assertEqual(self.browser.evaluate("document.activeElement.className"), "skip")
        self.assertGreaterEqual(self.browser.evaluate("document.activeElement.getBoundingClientRect().top"), 0)
        self.browser.press("Enter", 13)
        self.assertEqual(self.browser.evaluate("document.activeElement.id"), "now")
        seen = []
        for _ in range(20):
            self.browser.press("Tab", 9)
            seen.append(self.browser.evaluate("document.activeElement.getAttribute('href')"))
        for section in ("#certificates", "#refused", "#upstreams", "#reloads", "status"):
            self.assertIn(section, seen)

    def test_the_file_is_asked_for_anew_and_not_sent_twice(self):
        head = self.run_program("curl", "-sI", self.page).stdout
        self.assertIn("default-src 'none'; script-src 'self'", head)
        self.assertIn("Cache-Control: no-cache", head)
        etag = next(line for line in head.splitlines() if line.startswith("ETag: "))[6:]
        again = self.run_program("curl", "-s", "-o", "/dev/null", "-w", "%{http_code} %{size_download}", "-H",
                                 f"If-None-Match: {etag}", self.page)
        self.assertEqual(again.stdout, "304 0")

    def test_what_another_name_or_site_gets(self):
        self.assertEqual(self.ask("/dashboard.json", Host="rebound.test")[0], 403)
        self.assertEqual(self.ask("/dashboard.json", Sec_Fetch_Site="cross-site")[0], 403)
        self.assertEqual(self.ask("/", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="navigate")[0], 200)


class WithAHostThatIsPassedThrough(DashboardTest):
    @classmethod
    def set_up_class(cls):
        app = cls.backend("ws_app.mjs")
        cls.gate = cls.served({"app.test": [("/", app.port)]})
        cls.browser = cls.open_browser()

    def test_its_connections_are_shown_while_they_are_open(self):
        upstream = self.enterContext(socket.create_server(("127.0.0.1", 0)))  # takes all, and answers nothing
        config = self.gate.config.read_text()
        config = config.replace("hosts:\n", "hosts:\n  - {names: [legacy.test], passthrough: legacy}\n")
        self.gate.config.write_text(f"{config}  legacy: {{endpoints: [127.0.0.1:{upstream.getsockname()[1]}]}}\n")
        reloaded = self.run_program(wssgate_program(), "reload", "-c", self.gate.config)
        self.assertEqual(reloaded.returncode, 0, reloaded.stderr)
        self.child("legacy", ["openssl", "s_client", "-connect", f"127.0.0.1:{self.gate.port}", "-servername", "legacy.test"])
        self.show()
        self.until_shown("#hosts-note", "1 connection is passed through undecrypted.")
        self.until_shown("#hosts", "legacy.test", "1 passed through")
        self.assertEqual(self.value('wssgate_passthrough_connections_open{host="legacy.test"}'), 1)
        self.assertGreater(self.value('wssgate_passthrough_bytes_total{host="legacy.test",from="client"}'), 100)


class WhenTheProcessIsGone(DashboardTest):
    @classmethod
    def set_up_class(cls):
        app = cls.backend("ws_app.mjs")
        cls.gate = cls.served({"app.test": [("/", app.port)]})
        cls.browser = cls.open_browser()

    def test_it_says_so_and_since_when(self):
        self.show()
        self.until_shown("#verdict", "Nothing is wrong")
        self.assertEqual(self.gate.terminate(), 0)
        self.until_shown("#outage", "wssgate cannot be reached since", "What is shown below is from then")
        self.assertIn("Nothing new since", self.text("#freshness"))


class WithAToken(DashboardTest):
    @classmethod
    def set_up_class(cls):
        app = cls.backend("ws_app.mjs")
        cls.gate = cls.served({"app.test": [("/", app.port)]}, admin=f"token: {cls.token_file()}, ",
                              address="0.0.0.0")
        cls.browser = cls.open_browser()

    def test_the_form(self):
        self.show()
        self.until_shown("#token-form", "The admin token, please")
        self.assertEqual(self.text("#board"), "")
        self.assertEqual(self.browser.evaluate("document.activeElement.id"), "token")
        self.browser.write("0" * 32)
        self.browser.press("Enter", 13)
        self.until_shown("#token-form", "That is not the token")
        self.picture("token")
        self.browser.write(TOKEN)
        self.browser.press("Enter", 13)
        self.until_shown("#verdict", "Nothing is wrong")
        self.assertEqual(self.browser.evaluate("localStorage.length"), 0)
        self.assertNotIn(TOKEN, self.browser.evaluate("document.documentElement.outerHTML + document.cookie + location"))
        self.show()  # the tab remembers it
        self.until_shown("#verdict", "Nothing is wrong")
        self.browser.evaluate("document.getElementById('forget').click()")
        self.until_shown("#token-form", "The admin token, please")

    def test_without_it_there_is_nothing_to_read(self):
        for path in ("/", "/dashboard.css", "/dashboard.js"):
            status, _, text = self.ask(path)
            self.assertEqual(status, 200)
            self.assertNotIn("app.test", text)
        self.assertEqual(self.ask("/dashboard.json")[0], 401)
        self.assertEqual(self.ask("/dashboard.json", Authorization=f"Bearer {TOKEN}")[0], 200)
