"""wssgate import-nginx: the corpus served by the real nginx and by wssgate, side by side, and the answers compared."""

import base64
import contextlib
import dataclasses
import hashlib
import json
import os
import pathlib
import re
import shutil
import socket
import socketserver
import ssl
import subprocess
import threading
import unittest

from broken_world import GUID, Authority, installed, listens
from harness import HERE, PATIENCE, PeerTest, free_port, wssgate_program

CORPUS = HERE / "nginx_corpus"
STREAM_MODULES = ["/usr/lib/nginx/modules/ngx_stream_module.so"]
CERTBOT_OPTIONS = """
ssl_session_cache shared:le_nginx_SSL:10m;
ssl_session_timeout 1440m;
ssl_session_tickets off;
ssl_protocols TLSv1.2 TLSv1.3;
ssl_prefer_server_ciphers off;
ssl_ciphers "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES128-GCM-SHA256";
"""


@dataclasses.dataclass(frozen=True)
class Ask:
    """One request. Where nginx and wssgate are to answer differently, what each is to answer."""
    name: str
    path: str = "/"
    websocket: bool = False
    plain: bool = False
    proxy: str = ""  # the address in a PROXY header
    client: bool = False  # with a client's certificate
    nginx: tuple = ()
    wssgate: tuple = ()


@dataclasses.dataclass
class Case:
    exit_code: int
    traps: list
    lost: list  # how each lost directive begins
    asks: list
    good: bool = True  # the certificates are


CASES = {
    "websocket_map": Case(0, [], [], [
        Ask("chat.test", "/?a=1"), Ask("chat.test", "/ws", websocket=True),
        Ask("chat.test", "/x?y=z", plain=True, nginx=("status", 301), wssgate=("status", 308)),
        Ask("nobody.test")]),
    "node_app": Case(1, ["idle_websocket_killed"], [], [
        Ask("app.test", "/"), Ask("www.app.test", "/a/b?c=d"), Ask("app.test", "/live", websocket=True),
        Ask("nobody.test", nginx=("status", 200), wssgate=("refused", True))]),
    "socket_io": Case(0, [], [], [
        Ask("io.test", "/socket.io/?EIO=4"), Ask("io.test", "/socket.io/?EIO=4&transport=websocket", websocket=True),
        Ask("io.test", "/page")]),
    "certbot": Case(3, [], ["proxy_set_header X-Real-IP"], [
        Ask("one.test", "/x"), Ask("two.test", "/"),
        Ask("one.test", "/y", plain=True, nginx=("status", 301), wssgate=("status", 308))]),
    "two_sites": Case(1, ["default_certificate"], [], [
        Ask("shop.test"), Ask("blog.test"), Ask("deep.blog.test", "/post"),
        Ask("nobody.test", nginx=("status", 200), wssgate=("refused", True))]),
    "wrong_names": Case(1, ["default_certificate", "name_not_covered", "server_ignored", "server_name_mismatch"], [],
                        [], good=False),
    "leaf_only": Case(1, ["leaf_only_chain", "old_tls", "rsa_key_exchange", "stapling_without_resolver"], [], [],
                      good=False),
    "tls_backends": Case(1, ["upstream_unverified"], [], [Ask("chat.test", "/verified/x"), Ask("chat.test", "/x")]),
    "stream_preread": Case(0, [], [], [Ask("chat.test", "/x"), Ask("backend.test", "/y")]),
    "behind_a_balancer": Case(0, [], [], [Ask("chat.test", "/x", proxy="192.0.2.7")]),
    "guarded": Case(3, [], ["gzip", "location /admin/", "location /static/", "location ~ ^/private", "proxy_pass"], [
        Ask("chat.test", "/open"),
        Ask("chat.test", "/admin/", nginx=("status", 403), wssgate=("status", 502)),
        Ask("chat.test", "/static/x", nginx=("status", 404), wssgate=("status", 502)),
        Ask("chat.test", "/api/x", nginx=("path", "/v1/x"), wssgate=("status", 502)),
        Ask("chat.test", "/private/x", nginx=("status", 403), wssgate=("status", 502))]),
    "kept_away": Case(3, [], ["return 403", "location ~* ^/admin", "location ~ ^/ops/?$", "location = /"], [
        Ask("shop.blog.test", "/open"),
        Ask("dead.blog.test", "/", nginx=("status", 403), wssgate=("status", 502)),
        Ask("staff.blog.test", "/x", nginx=("status", 403), wssgate=("status", 502)),
        Ask("shop.blog.test", "/admin", nginx=("status", 403), wssgate=("status", 502)),
        Ask("shop.blog.test", "/ops", nginx=("status", 403), wssgate=("status", 502)),
        Ask("shop.blog.test", "/ops/", nginx=("status", 403), wssgate=("status", 502)),
        Ask("shop.blog.test", "/login/x", nginx=("status", 302), wssgate=("status", 502)),
        Ask("shop.blog.test", "/who/x", nginx=("path", "/who/x"), wssgate=("status", 502))]),
    "rails": Case(3, [], ["try_files", "error_page", "return"], [
        Ask("app.test", "/posts/1?x=y"), Ask("www.app.test", "/"), Ask("app.test", "/cable", websocket=True),
        Ask("app.test", "/x", plain=True, nginx=("status", 301), wssgate=("status", 308))]),
    "client_certificates": Case(0, [], [], [
        Ask("chat.test", "/x", client=True),
        Ask("chat.test", "/x", nginx=("status", 400), wssgate=("refused", True))]),
    "lost_headers": Case(1, ["upgrade_missing"], [], [
        Ask("chat.test", "/x", websocket=True),
        Ask("chat.test", "/ws/x", websocket=True, nginx=("status", 200), wssgate=("status", 101))]),
    "paths": Case(0, [], [], [
        Ask("paths.test", "/a?b=c"), Ask("sub.paths.test", "/"), Ask("paths.test", "/b/x"), Ask("paths.test", "/same/x"),
        Ask("paths.test", "/same/inner/x"), Ask("paths.test", "/exact"), Ask("paths.test", "/regex/x?y"),
        Ask("paths.test", "/t.wo"), Ask("paths.test", "/one/x"), Ask("paths.test", "/onex")]),
}


class Backend(socketserver.ThreadingTCPServer):
    """Answers each request with its own mark and what it was asked for; upgrades get the mark in a message."""
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, mark, context=None, path=None):
        self.address_family = socket.AF_UNIX if path else socket.AF_INET
        super().__init__(path or ("127.0.0.1", 0), Exchange)
        self.mark, self.context = mark, context
        self.place = path or self.server_address[1]
        threading.Thread(target=self.serve_forever, args=[0.05], daemon=True).start()

    def handle_error(self, request, client_address):
        """Who goes away early is no fault of the backend's."""


class Exchange(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.settimeout(PATIENCE)
        if self.server.context:
            self.request = self.server.context.wrap_socket(self.request, server_side=True)
        with self.request as connection:
            self.serve(connection)

    def serve(self, connection):
        head = read_head(connection)
        while head:
            connection.sendall(self.answer(head))
            head = None if head.is_upgrade else read_head(connection)

    def answer(self, head):
        if head.is_upgrade:
            accept = base64.b64encode(hashlib.sha1((head.fields["sec-websocket-key"] + GUID).encode()).digest())
            message = f"{self.server.mark} {head.target}".encode()
            return (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n" + bytes([0x81, len(message)]) + message +
                    b"\x88\x02\x03\xe8")
        body = json.dumps({"mark": self.server.mark, "path": head.target, "host": head.fields.get("host", ""),
                           "client": head.fields.get("x-forwarded-for", "")}).encode()
        return (f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
                .encode() + body)


class Head:
    def __init__(self, text):
        first, *lines = text.decode("latin-1").split("\r\n")
        self.first = first
        self.target = first.split(" ")[1]
        self.fields = {name.strip().lower(): value.strip() for name, _, value in
                       (line.partition(":") for line in lines)}

    @property
    def is_upgrade(self):
        return self.fields.get("upgrade", "").lower() == "websocket"


def read_head(connection):
    text = b""
    while not text.endswith(b"\r\n\r\n"):
        byte = connection.recv(1)
        if not byte:
            return None
        text += byte
    return Head(text[:-4])


def client_context(case, root, identity):
    context = ssl.create_default_context(cafile=root)
    context.check_hostname = False  # the certificate itself is compared
    if case.client:
        context.load_cert_chain(*identity)
    return context


def read_body(connection, length):
    """All of it; without a length, what comes until the end."""
    body = b""
    try:
        while length is None or len(body) < length:
            part = connection.recv(65536)
            if not part:
                break
            body += part
    except (ssl.SSLError, ConnectionError):
        pass  # an end without close_notify; what came is judged
    return body


def ask(case, ports, root, identity):
    """What the answer was, as far as nginx and wssgate are to agree on it."""
    request = f"GET {case.path} HTTP/1.1\r\nHost: {case.name}\r\n"
    request += "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" \
               "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n" if case.websocket else "Connection: close\r\n\r\n"
    port = ports["HTTP" if case.plain else "HTTPS"]
    answer = {}
    with contextlib.ExitStack() as open_sockets:
        connection = open_sockets.enter_context(socket.create_connection(("127.0.0.1", port), timeout=PATIENCE))
        if case.proxy:
            connection.sendall(f"PROXY TCP4 {case.proxy} 127.0.0.1 40000 {port}\r\n".encode())
        try:
            if not case.plain:
                connection = open_sockets.enter_context(client_context(case, root, identity).wrap_socket(
                    connection, server_hostname=case.name))
                answer["certificate"] = hashlib.sha256(connection.getpeercert(True)).hexdigest()
            connection.sendall(request.encode())
            head = read_head(connection)  # in TLS 1.3 a client's certificate is judged after its handshake
        except (ssl.SSLError, ConnectionError):
            return {"refused": True}
        assert head, f"{case} got no answer"
        answer["status"] = int(head.target)
        answer["location"] = head.fields.get("location", "")
        if answer["status"] == 101:
            message = read_body(connection, None)
            answer["message"] = message[2:2 + message[1]].decode()
            return answer
        answer["hsts"] = head.fields.get("strict-transport-security", "")  # wssgate has it in no 101
        body = read_body(connection, int(head.fields.get("content-length", "0")))
        if answer["status"] == 200:
            answer.update(json.loads(body))
            if not case.proxy:
                del answer["client"]  # wssgate always tells it, nginx where it is told to
    return answer


class ImportNginx(PeerTest):
    @classmethod
    def set_up_class(cls):
        root = Authority(cls.folder + "/ca", "root")
        intermediate = Authority(cls.folder + "/ca", "intermediate", root)
        cls.certs = pathlib.Path(cls.folder) / "certs"
        cls.certs.mkdir()
        cls.root = cls.certs / "root.pem"
        shutil.copy(root.file("pem"), cls.root)
        for label, names, key in [("chat.test", [], ("ec", "P-256")), ("app.test", ["www.app.test"], ("ec", "P-256")),
                                  ("io.test", [], ("ec", "P-256")), ("one.test", ["two.test"], ("ec", "P-256")),
                                  ("shop.test", [], ("ec", "P-256")), ("blog.test", ["*.blog.test"], ("ec", "P-256")),
                                  ("www.example.com", [], ("ec", "P-256")),
                                  ("chat.example.com", [], ("ec", "P-256")),
                                  ("old.test", [], ("rsa", "2048")), ("backend.test", [], ("ec", "P-256")),
                                  ("paths.test", ["*.paths.test"], ("ec", "P-256"))]:
            intermediate.leaf(label, [label, *names], key=key)
            place = cls.certs / label
            place.mkdir()
            leaf = intermediate.file("pem", label).read_text()
            (place / "cert.pem").write_text(leaf)
            (place / "fullchain.pem").write_text(leaf + intermediate.file("pem").read_text())
            shutil.move(intermediate.file("key", label), place / "privkey.pem")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cls.certs / "backend.test/fullchain.pem", cls.certs / "backend.test/privkey.pem")
        cls.backends = {"A": Backend("A"), "B": Backend("B"), "T": Backend("T", context),
                        "U": Backend("U", path=cls.folder + "/u.sock")}
        cls.certificates.client("client")
        cls.identity = (cls.certificates.folder / "client.pem", cls.certificates.folder / "client.key")
        for backend in cls.backends.values():
            cls.addClassCleanup(backend.server_close)
            cls.addClassCleanup(backend.shutdown)

    def rendered(self, label, whose):
        """The configuration with everything filled in, in a folder of its own; and its ports."""
        home = pathlib.Path(self.folder) / f"{label}-{whose}"
        home.mkdir()
        ports = {"HTTPS": free_port(), "HTTP": free_port()}
        values = {"CERTS": self.certs, "CLIENTS": self.certificates.root, "HOME": home, **ports,
                  **{mark: backend.place for mark, backend in self.backends.items()}}

        def fill(source, target):
            target.write_text(re.sub(r"@([A-Z]+)@", lambda match: str(values[match[1]]), source.read_text()))

        fill(CORPUS / f"{label}.conf", home / "nginx.conf")
        (home / "sites-enabled").mkdir()
        for site in (CORPUS / "sites-enabled").iterdir():
            fill(site, home / "sites-enabled" / site.name)
        module = "".join(f"load_module {path};\n" for path in self.stream_modules() if "stream" in label)
        # As root its worker would be nobody, who may not read the keys' folder.
        (home / "main.conf").write_text(
            f"{module}daemon off;\nmaster_process off;\npid {home}/pid;\nerror_log stderr;\n")
        (home / "http.conf").write_text("access_log off;\n" + "".join(
            f"{kind}_temp_path {home}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")))
        (home / "options-ssl-nginx.conf").write_text(CERTBOT_OPTIONS)
        return home, ports

    @staticmethod
    def stream_modules():
        return [path for path in STREAM_MODULES if os.path.exists(path)]

    def imported(self, home, *more):
        return self.run_program(wssgate_program(), "import-nginx", home / "nginx.conf", "--ca", self.root, *more)

    def nginx(self, label, home, port):
        child = self.child(f"nginx-{label}", [installed("nginx"), "-e", "stderr", "-p", home, "-c", home / "nginx.conf"])
        child.wait_for("listening", lambda: listens(port))
        return child

    def wssgate_of(self, label, home, port):
        config = home / "wssgate.yaml"
        config.write_text(config.read_text() + "\nadmin: {address: off}\n")
        child = self.child(f"wssgate-{label}", [wssgate_program(), "run", "-c", config])
        child.wait_for("listening", lambda: listens(port))
        return child

    def judge_report(self, label, home):
        case = CASES[label]
        done = self.imported(home, "--json")
        self.assertEqual(done.stderr, "")
        report = json.loads(done.stdout)
        self.assertEqual(report["exit_code"], done.returncode)
        traps = sorted({each["id"] for each in report["findings"] if each["kind"] == "trap"})
        self.assertEqual(traps, case.traps, done.stdout)
        lost = [each for each in report["findings"] if each["kind"] == "untranslated"]
        for begin in case.lost:
            self.assertTrue(any(each["directive"].startswith(begin) for each in lost), f"{begin}: {done.stdout}")
        self.assertEqual(done.returncode, case.exit_code, done.stdout)
        for each in report["findings"]:
            self.assertTrue(each["what"] and (each["why"] or each["kind"] == "note"), each)
            self.assertTrue(each["line"] > 0 or each["kind"] != "trap", each)
        self.assert_only_report(home)

    def assert_only_report(self, home):
        """--check writes nothing but the report, and comes to the same."""
        done = self.imported(home, "--check")
        self.assertNotIn("listeners:", done.stdout)
        self.assertEqual(done.stderr, "")

    def compare(self, label):
        case = CASES[label]
        home, ports = self.rendered(label, "wssgate")
        self.judge_report(label, home)
        made = self.imported(home, "-o", home / "wssgate.yaml")
        self.assertEqual(made.returncode, case.exit_code, made.stderr)
        checked = self.run_program(wssgate_program(), "check", "-c", home / "wssgate.yaml")
        self.assertEqual(checked.returncode, 0 if case.good else 1, checked.stderr + (home / "wssgate.yaml").read_text())
        if not case.good:
            return
        wssgate = self.wssgate_of(label, home, ports["HTTPS"])
        nginx, nginx_ports = None, None
        if installed("nginx") and ("stream" not in label or self.stream_modules()):
            nginx_home, nginx_ports = self.rendered(label, "nginx")
            nginx = self.nginx(label, nginx_home, nginx_ports["HTTPS"])
        for each in case.asks:
            with self.subTest(label=label, ask=each):
                self.compare_answers(each, ports, nginx_ports)
        wssgate.kill()
        if nginx:
            nginx.kill()

    def test_what_the_guide_to_default_servers_says(self):
        """Its nginx.conf is wrong in three places, and everything in it is carried over."""
        home = pathlib.Path(self.folder) / "guide"
        home.mkdir()
        conf = (HERE.parent.parent / "conf/guides/default-server/nginx.conf").read_text()
        (home / "nginx.conf").write_text(conf.replace("/etc/ssl", str(self.certs)))
        done = self.imported(home, "--json")
        self.assertEqual(done.returncode, 1, done.stdout)
        traps = [each for each in json.loads(done.stdout)["findings"] if each["kind"] == "trap"]
        self.assertEqual(sorted(each["id"] for each in traps),
                         ["default_certificate", "idle_websocket_killed", "leaf_only_chain"])
        lines = conf.split("\n")
        for each in traps:
            self.assertIn(each["directive"].split()[0], lines[each["line"] - 1])

    def compare_answers(self, each, ports, nginx_ports):
        ours = ask(each, ports, self.root, self.identity)
        theirs = ask(each, nginx_ports, self.root, self.identity) if nginx_ports else None
        for answer, expected in ((ours, each.wssgate), (theirs, each.nginx)):
            if answer is not None and expected:
                key, value = expected
                self.assertEqual(answer.get(key), value, answer)
        if theirs is None or not each.nginx:
            if theirs is not None:
                self.assertEqual(ours, theirs)
            elif not each.wssgate:
                self.assertTrue(ours.get("status") in (200, 101) or ours.get("refused"), ours)
        elif each.plain:  # 308 for 301, and the same place
            self.assertEqual(ours["location"], theirs["location"])


def add_tests():
    for label in CASES:
        def test(self, label=label):
            self.compare(label)
        setattr(ImportNginx, f"test_{label}", test)


add_tests()


class Corpus(unittest.TestCase):
    def test_every_configuration_has_its_case(self):
        self.assertEqual(sorted(path.stem for path in CORPUS.glob("*.conf")), sorted(CASES))


class Names(unittest.TestCase):
    def test_the_table_of_findings_is_complete(self):
        folder = HERE.parent.parent / "proxy" / "nginx"
        names = re.search(r"kFindingNames = \{(.*?)\};", (folder / "findings.cpp").read_text(), re.DOTALL)[1]
        self.assertEqual(re.findall(r"(?m)^\| `(\w+)` \|", (folder / "FINDINGS.md").read_text()),
                         re.findall(r'"(\w+)"', names))


class CommandLine(PeerTest):
    @classmethod
    def set_up_class(cls):
        cls.conf = pathlib.Path(cls.folder) / "nginx.conf"

    def imported(self, text, *more):
        self.conf.write_text(text)
        return self.run_program(wssgate_program(), "import-nginx", self.conf, *more)

    def test_what_nginx_refuses_is_refused_with_its_place(self):
        done = self.imported("events {}\nhttp {\n  server { listen 80 }\n}\n")
        self.assertEqual(done.returncode, 2)
        self.assertIn(f"{self.conf}:3:1: 'listen' has no ';'", done.stderr)
        self.assertEqual(done.stdout, "")
        report = json.loads(self.imported(self.conf.read_text(), "--json").stdout)
        self.assertEqual((report["exit_code"], report["problems"][0]["line"]), (2, 3))

    def test_a_file_that_is_there_is_not_overwritten(self):
        self.certificates.serve("chat.test")
        place = self.certificates.served / "chat.test"
        kept = pathlib.Path(self.folder) / "kept.yaml"
        kept.write_text("mine")
        done = self.imported(
            f"server {{ listen 443 ssl; server_name chat.test; ssl_certificate {place}/fullchain.pem;\n"
            f"ssl_certificate_key {place}/privkey.pem; location / {{ proxy_pass http://127.0.0.1:3000; }} }}\n",
            "-o", kept)
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        self.assertEqual(kept.read_text(), "mine")

    def test_the_result_is_written_to_a_new_file_alone(self):
        self.certificates.serve("new.test")
        place = self.certificates.served / "new.test"
        text = (f"server {{ listen 443 ssl; server_name new.test; ssl_certificate {place}/fullchain.pem;\n"
                f"ssl_certificate_key {place}/privkey.pem; location / {{ proxy_pass http://127.0.0.1:3000; }} }}\n")
        link, elsewhere = pathlib.Path(self.folder) / "link.yaml", pathlib.Path(self.folder) / "elsewhere.yaml"
        link.symlink_to(elsewhere)
        done = self.imported(text, "-o", link)
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        self.assertFalse(elsewhere.exists())
        self.assertEqual(self.imported(text, "-o", "-").returncode, 2)
        self.assertFalse(pathlib.Path("-").exists())
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = subprocess.run([wssgate_program(), "import-nginx", self.conf], stdout=full,
                                  stderr=subprocess.PIPE, timeout=PATIENCE, check=False)
        self.assertEqual(done.returncode, 2, done.stderr)

    def test_an_unknown_directive_is_told(self):
        done = self.imported("events {}\nhttp {\n  frobnicate on;\n}\n", "--check")
        self.assertEqual(done.returncode, 3)
        self.assertIn(f"{self.conf}:3  frobnicate on", done.stdout)


if __name__ == "__main__":
    unittest.main()
