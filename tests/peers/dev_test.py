"""wssgate dev: what it prints is all that curl, Node and a browser need."""

import os
import re
import signal

from chromium import TALK, Chromium, trusting_home
from harness import PATIENCE, PeerTest, node, program, wssgate_program


class Dev(PeerTest):
    @classmethod
    def set_up_class(cls):
        folder = os.path.join(cls.folder, "dev certificates")  # with a space, for what the shell makes of it
        cls.dev = cls.child("dev", [wssgate_program(), "dev", "--port", "0", "--folder", folder])
        cls.dev.wait_for("greeting", lambda: "Ctrl-C" in cls.dev.output())
        cls.greeting = cls.dev.output()
        cls.url = re.search(r"wss://localhost:\d+/", cls.greeting)[0]
        cls.ca = re.search(r"local CA +(.+)", cls.greeting)[1]

    def test_the_printed_curl_commands(self):
        plain = re.search(r"^  curl +(curl .*)$", self.greeting, re.MULTILINE)[1]
        done = self.run_program("/bin/sh", "-c", plain)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("localhost", done.stdout)
        handshake = re.search(r"^  handshake +(curl (?:.*\\\n)*.*)$", self.greeting, re.MULTILINE)[1]
        done = self.run_program("/bin/sh", "-c", handshake)
        self.assertIn("101 Switching Protocols", done.stdout)
        self.assertIn("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", done.stdout)

    def test_the_printed_node_command(self):
        command = re.search(r"(NODE_EXTRA_CA_CERTS=.*?\}')", self.greeting, re.DOTALL)[1]
        # Node 22 has a WebSocket; before that it is `ws`, which the greeting says too.
        has_socket = self.run_program(node(), "-p", "typeof WebSocket").stdout.strip() == "function"
        if not has_socket:
            command = command.replace("node -e '", "node -e 'const WebSocket = require(\"ws\");", 1)
        done = self.run_program("/bin/sh", "-c", command, cwd=os.path.dirname(__file__))
        self.assertEqual((done.stdout, done.stderr), ("hello\n", ""))

    def test_node_ws(self):
        opened, sent, echo, closed = self.node_client(self.url, ["send_bytes", 1024 * 1024], ["receive"],
                                                      ["close", 4001, "bye"], ["ended"], ca=self.ca)
        self.assertTrue(opened["open"])
        self.assertEqual(echo["sha256"], sent["sha256"])
        self.assertEqual(closed["closed"], 4001)

    def test_chromium(self):
        with Chromium(trusting_home(os.path.join(self.folder, "home"), self.ca)) as browser:
            self.assertIsNone(browser.open(self.url.replace("wss:", "https:")))
            self.assertEqual(browser.evaluate(TALK % self.url), ["from the browser", 4001])

    def test_its_ca_is_one_that_openssl_trusts_for_localhost(self):
        done = self.run_program(program("openssl", "openssl"), "s_client", "-connect", self.url[6:-1], "-servername",
                                "localhost", "-CAfile", self.ca, "-verify_return_error", "-verify_hostname",
                                "localhost", stdin="")
        self.assertIn("Verify return code: 0 (ok)", done.stdout)


class Ending(PeerTest):
    def test_ctrl_c_ends_it(self):
        dev = self.child("dev", [wssgate_program(), "dev", "--port", "0", "--folder", self.folder])
        dev.wait_for("greeting", lambda: "Ctrl-C" in dev.output())
        dev.process.send_signal(signal.SIGINT)
        self.assertEqual(dev.process.wait(PATIENCE), 0)
