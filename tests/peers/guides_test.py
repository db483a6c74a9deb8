"""The guides: their files do what they say, and what they show the doctor saying is what it says."""

import os
import pathlib
import re
import shutil
import unittest

from broken_world import Authority, Nginx, installed
from chromium import Chromium, trusting_home
from harness import HERE, PeerTest, Wssgate, eventually, node, wssgate_program

GUIDES = HERE.parent.parent / "conf" / "guides"


def shown(guide, beginning):
    """The pieces, between those left out, of the guide's first block that has a line which begins so."""
    blocks = re.findall(r"^```\w*\n(.*?)^```$", (GUIDES / guide).read_text(), re.DOTALL | re.MULTILINE)
    block = next(block for block in blocks if any(line.startswith(beginning) for line in block.split("\n")))
    return block.rstrip("\n").split("\n[…]\n")


def leveled(text):
    """What is another in each run made alike: addresses, ports, times, fingerprints, and the columns that move with them."""
    for found, same in ((r"\(\d+ d\)", "(N d)"), (r"\d{4}-\d\d-\d\d", "DATE"), (r"\b[0-9a-f]{12}\b", "FINGERPRINT"),
                        (r"\d+ ms", "N ms"), (r"\d+\.\d+\.\d+\.\d+:\d+", "ADDRESS"), (r"(example\.com):\d+", r"\1"),
                        (r"TLSv1\.\d", "TLS"), (r"Doctor's\s+", ""), (r" {2,}", "  ")):
        text = re.sub(found, same, text)
    return text


class GuideGate(Wssgate):
    """Serves a guide's configuration, but for what only root may do and what is in use on a machine."""

    def __init__(self, folder, certificates, file, replaced):
        self._file, self._replaced = file, replaced
        super().__init__(folder, certificates, {})

    def _configuration(self, certificates, hosts, upstreams):
        text = re.sub(r"  - address: (\"\[::\]|0\.0\.0\.0:80\b).*\n(    redirect_to_https: true\n)?", "",
                      self._file.read_text())
        for old, new in {"0.0.0.0:443": f"127.0.0.1:{self.port}", **self._replaced}.items():
            assert old in text, f"{self._file} has no {old}"
            text = text.replace(old, new)
        return re.sub(r"folders: \[.*\]", f"folders: [{certificates.served}]\n  roots: [{certificates.root}]", text) + \
            f"admin: {{address: \"unix:{self.config.parent}/admin.sock\"}}\n"


class DefaultServer(PeerTest):
    @classmethod
    def set_up_class(cls):
        if not installed("nginx"):
            raise unittest.SkipTest("nginx is not installed")
        cls.chat, cls.web = cls.backend("ws_app.mjs", name="chat"), cls.backend("ws_app.mjs", name="web")
        root = Authority(cls.folder + "/ca", "Root")
        issuer = Authority(cls.folder + "/ca", "Intermediate", root)
        whole = (GUIDES / "default-server" / "nginx.conf").read_text()
        cls.written = pathlib.Path(cls.folder) / "as-written.conf"
        cls.written.write_text(whole.replace("/etc/ssl", cls.folder))
        text = re.search(r"^http \{\n(.*)^\}", whole, re.DOTALL | re.MULTILINE)[1].replace("access_log off;", "")
        for name in ("chat.example.com", "www.example.com"):
            issuer.leaf(name, [name], ["authorityInfoAccess=caIssuers;URI:http://ca.example/intermediate.crt"])
            place = pathlib.Path(cls.folder) / name
            place.mkdir()
            shutil.copy(issuer.file("pem", name), place / "cert.pem")
            shutil.copy(issuer.file("key", name), place / "privkey.pem")
            (place / "fullchain.pem").write_text(issuer.file("pem", name).read_text() + issuer.file("pem").read_text())
        for old, new in (("/etc/ssl", cls.folder), ("listen 443", "listen 127.0.0.1:PORT"),
                         ("127.0.0.1:3000", f"127.0.0.1:{cls.chat.port}"),
                         ("127.0.0.1:3001", f"127.0.0.1:{cls.web.port}")):
            assert old in text
            text = text.replace(old, new)
        cls.nginx = cls._kept(Nginx(cls.folder, "nginx", text))
        cls.root = root.file("pem")
        for name in ("chat.example.com", "www.example.com"):
            cls.certificates.serve(name)
        cls.gate = cls._kept(GuideGate(cls.folder, cls.certificates, GUIDES / "default-server" / "wssgate.yaml",
                                       {"127.0.0.1:3000": f"127.0.0.1:{cls.chat.port}",
                                        "127.0.0.1:3001": f"127.0.0.1:{cls.web.port}"}))

    def doctor(self, name, port, root):
        done = self.run_program(wssgate_program(), "doctor", f"wss://{name}/ws", "--address", "127.0.0.1", "--port", port,
                                "--ca", root)
        self.assertEqual(done.stderr, "")
        return done

    def assert_shown(self, pieces, text):
        for piece in pieces:
            self.assertIn(leveled(piece), leveled(text))

    def test_what_the_doctor_says_of_a_chain_without_its_intermediate(self):
        said = self.doctor("chat.example.com", self.nginx.port, self.root)
        self.assertEqual(said.returncode, 1)
        self.assert_shown(shown("works-only-after-i-open-the-site.md", "wss://chat.example.com/ws, 1 address"), said.stdout)

    def test_what_the_doctor_says_of_a_default_server(self):
        said = self.doctor("tst.example.com", self.nginx.port, self.root)
        self.assertEqual(said.returncode, 1)
        self.assert_shown(shown("works-only-after-i-open-the-site.md", "The certificate does not cover"), said.stdout)
        self.assertIn("default_certificate", said.stdout)

    def test_what_import_nginx_says_of_it(self):
        said = self.run_program(wssgate_program(), "import-nginx", "--check", "--ca", self.root, self.written)
        self.assertEqual(said.returncode, 1, said.stdout)

        def unwrapped(text):  # long lines are broken where the names in them end
            return re.sub(r"\s+", " ", leveled(text))
        report = unwrapped(said.stdout.replace(str(self.written), "/etc/nginx/nginx.conf").replace(self.folder, "/etc/ssl"))
        for piece in shown("replace-nginx-default-server.md", "  default_certificate"):
            self.assertIn(unwrapped(piece), report)

    def test_wssgate_in_its_place(self):
        for name, app in (("chat.example.com", self.chat), ("www.example.com", self.web)):
            events = self.node_client(self.gate.url(name, "/ws"), ["send", "hello"], ["receive"], ["close", 1000], ["ended"])
            self.assertEqual(events[1], {"text": "hello"})
            app.event("the close", lambda event: event.get("closed") == 1000)

    def test_what_the_doctor_says_of_it(self):
        said = self.doctor("chat.example.com", self.gate.port, self.certificates.root)
        self.assertEqual(said.returncode, 0, said.stdout)
        self.assert_shown(shown("replace-nginx-default-server.md", "  no name"), said.stdout)

    def test_whom_it_refuses(self):
        refused, *_ = self.node_client(self.gate.url("chta.example.com"))
        self.assertIn("unrecognized name", refused["error"].lower())
        self.gate.refusal(reason="unknown_server_name", server_name="chta.example.com", nearest="chat.example.com")


class FastifyGuide(PeerTest):
    @classmethod
    def set_up_class(cls):
        # Next to the npm packages, so that its imports are found.
        server = HERE / "node_modules" / f"guide_{os.getpid()}.mjs"
        shutil.copy(GUIDES / "fastify" / "server.mjs", server)
        cls.addClassCleanup(server.unlink)
        cls.apps = [cls.child(f"app-{i}", [node(), server], env={**os.environ, "PORT": "0"}) for i in (0, 1)]
        ports = [app.wait_for("listening", lambda app=app: re.search(r"listening at http://127.0.0.1:(\d+)", app.output()))[1]
                 for app in cls.apps]
        cls.certificates.serve("app.example.com")
        cls.gate = cls._kept(GuideGate(cls.folder, cls.certificates, GUIDES / "fastify" / "wssgate.yaml",
                                       {f"127.0.0.1:{3000 + i}": f"127.0.0.1:{port}" for i, port in enumerate(ports)}))
        cls.origin = f"https://app.example.com:{cls.gate.port}"
        cls.ports = ports

    def talk(self, *steps, **headers):
        return self.node_client(self.gate.url("app.example.com", "/ws"), *steps, headers=headers)

    def test_a_browser_gets_the_page_and_its_messages(self):
        home = trusting_home(os.path.join(self.folder, "home"), self.certificates.root)
        with Chromium(home, "*.example.com") as browser:
            self.assertIsNone(browser.open(self.origin + "/"))
            eventually("the echo in the page", lambda: browser.evaluate("document.querySelector('#said').textContent")
                       == "127.0.0.1: hello from the page")

    def test_the_login_and_the_origin(self):
        refused, = self.talk()
        self.assertEqual(refused["status"], 401)
        refused, = self.talk(Cookie="session=valid", Origin="https://evil.example")
        self.assertEqual(refused["status"], 403)
        events = self.talk(["send", "hi"], ["receive"], ["close", 1000], ["ended"], Cookie="session=valid", Origin=self.origin)
        self.assertEqual(events[1], {"text": "127.0.0.1: hi"})

    def test_what_the_doctor_says_without_a_session(self):
        said = self.run_program(wssgate_program(), "doctor", "wss://app.example.com/ws", "--address", "127.0.0.1", "--port",
                                self.gate.port, "--ca", self.certificates.root, "--header", f"Origin: {self.origin}")
        self.assertEqual(said.returncode, 1)
        self.assertIn("the upgrade is refused with 401", said.stdout)
        self.assertRegex(said.stdout, r"(?m)^  strict clients +accept$")

    def test_the_configuration_it_shows(self):
        block = re.search(r"```yaml\n(.*?)```", (GUIDES / "fastify.md").read_text(), re.DOTALL)[1]
        self.assertTrue((GUIDES / "fastify" / "wssgate.yaml").read_text().endswith(block))

    def test_one_process_after_the_other(self):
        endpoint = f"127.0.0.1:{self.ports[0]}"
        clients = [self.start_node_client(self.gate.url("app.example.com", "/ws"), ["ended"],
                                          headers={"Cookie": "session=valid", "Origin": self.origin}) for _ in range(2)]
        for client in clients:
            client.event("the opening", lambda event: event.get("open"))
        drained = self.run_program(wssgate_program(), "drain", "-c", self.gate.config, "--endpoint", endpoint)
        self.assertEqual(drained.returncode, 0, drained.stderr)
        ended = eventually("a client of it to be told",
                           lambda: [client for client in clients if client.process.poll() is not None])
        self.assertEqual([event["closed"] for event in ended[0].events() if "closed" in event], [1012])
        back = self.run_program(wssgate_program(), "drain", "-c", self.gate.config, "--endpoint", endpoint, "--undo")
        self.assertEqual(back.returncode, 0, back.stderr)
