"""conf/logrotate/wssgate with a real logrotate, while wssgate writes. It is for root, who lets logrotate become
the user that wssgate is."""

import gzip
import os
import pathlib
import re
import shutil
import socket
import ssl
import threading
import unittest

from harness import HERE, Child, PeerTest, eventually, program, wssgate_program

USER, GROUP = "nobody", "nogroup"
RULES = HERE.parents[1] / "conf" / "logrotate" / "wssgate"


@unittest.skipUnless(shutil.which("logrotate"), "logrotate (Debian's package of that name) is not installed")
@unittest.skipUnless(os.geteuid() == 0, "only root can be who rotates, and wssgate another user")
class Logrotate(PeerTest):
    @classmethod
    def set_up_class(cls):
        cls.certificates.serve("test.example")

    def setUp(self):
        self.place = pathlib.Path(self.folder, self.id().rsplit(".", 1)[-1])
        self.logs = self.place / "logs"
        self.logs.mkdir(parents=True)
        config = self.place / "wssgate.yaml"
        config.write_text(f"""
listeners: [{{address: "127.0.0.1:0"}}]
user: {USER}
admin: {{address: "off"}}
certificates: {{folders: [{self.certificates.served}], roots: [{self.certificates.root}]}}
hosts: [{{names: [test.example], routes: [{{path: /none, upstream: web}}]}}]
upstreams: {{web: {{endpoints: ["127.0.0.1:9"]}}}}
log: {{output: {self.logs}/wssgate.log, access: {self.logs}/access.log, format: text}}
""")
        self.logs.chmod(0o750)
        self.run_program("chown", "-R", f"{USER}:{GROUP}", self.folder)
        self.gate = Child(self.place, "wssgate", [wssgate_program(), "run", "-c", config], umask=0o77)
        self.addCleanup(self.gate.kill)
        self.gate.wait_for("serving", lambda: " serving: " in self.text("wssgate.log"))
        self.port = int(re.search(r"listeners=127\.0\.0\.1:(\d+)", self.text("wssgate.log"))[1])

    def text(self, name):
        file = self.logs / name
        return file.read_text() if file.exists() else ""

    def rotate(self, script=""):
        """By the rules that we ship, but for whose logs they are and where."""
        rules = self.place / "rules"
        text = RULES.read_text().replace("/var/log/wssgate", str(self.logs))
        text = text.replace("su wssgate wssgate", f"su {USER} {GROUP}")
        self.assertIn(f"su {USER} {GROUP}\n", text)
        rules.write_text(text.replace("\n}", f"\n{script}}}"))
        rules.chmod(0o644)
        done = self.run_program(program("logrotate", "logrotate"), "--force", "--state", self.place / "state", rules)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def connect(self):
        context = ssl.create_default_context(cafile=self.certificates.root)
        plain = socket.create_connection(("127.0.0.1", self.port))
        return context.wrap_socket(plain, server_hostname="test.example")

    def ask(self, client, path):
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: test.example\r\n\r\n".encode())
        answer = b""
        while b"404 Not Found: " not in answer:
            got = client.recv(65536)
            if not got:
                raise ConnectionError(f"wssgate has ended the connection after {answer!r}")
            answer += got

    def test_no_line_is_lost_and_none_comes_twice(self):
        asked, stop = [], threading.Event()

        def keep_asking():
            with self.connect() as client:
                while not stop.is_set():
                    asked.append(f"/{len(asked)}")
                    self.ask(client, asked[-1])
        asking = threading.Thread(target=keep_asking)
        asking.start()
        try:
            for turn in range(4):
                before = len(asked)
                eventually("lines", lambda: len(asked) > before and self.text("access.log"))
                self.rotate()
                eventually("a new file", (self.logs / "access.log").exists)
        finally:
            stop.set()
            asking.join()
        self.assertEqual(self.gate.terminate(), 0)
        lines = ""
        for file in self.logs.glob("access.log*"):
            lines += gzip.decompress(file.read_bytes()).decode() if file.suffix == ".gz" else file.read_text()
        found = re.findall(r" request .*?\bpath=(/\d+) ", lines)
        self.assertEqual(len(found), len(asked))
        self.assertEqual(set(found), set(asked))

        self.assertEqual({file.name for file in self.logs.glob("access*")},
                         {"access.log", "access.log.1", "access.log.2.gz", "access.log.3.gz", "access.log.4.gz"})
        for file in self.logs.iterdir():
            self.assertEqual((file.owner(), file.stat().st_mode & 0o7777), (USER, 0o600), file.name)

    def test_a_script_runs_as_root_and_may_have_files_opened_at_once(self):
        who = self.place / "who"
        self.rotate(f"postrotate\nid -un >{who}\nkill -s USR1 {self.gate.process.pid}\nendscript\n")
        self.assertEqual(who.read_text(), "root\n")
        for name in ("wssgate.log", "access.log"):
            if (self.logs / f"{name}.1").exists():
                eventually("a new file, without a line to be written", (self.logs / name).exists)
        self.assertTrue((self.logs / "wssgate.log").exists())


if __name__ == "__main__":
    unittest.main()
