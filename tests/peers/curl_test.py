"""curl, over HTTPS and with a WebSocket handshake by hand, against fastify and Node's `ws`."""

import base64
import hashlib
import json
import os

from harness import HERE, PATIENCE, PeerTest, program


class Curl(PeerTest):
    @classmethod
    def set_up_class(cls):
        cls.app = cls.backend("fastify_app.mjs", 0, HERE / "pages")
        cls.sockets = cls.backend("ws_app.mjs")
        cls.gate = cls.wssgate({
            "app.test": [("/", cls.app.port), ("/ws", cls.sockets.port, "websocket: required"),
                         ("/plain", cls.app.port, "websocket: refused"),
                         ("/own", cls.sockets.port, 'allowed_origins: [same-host, "https://*.friends.test"]')],
            "*.rooms.test": [("/facts", cls.app.port)],
        })

    def curl(self, *arguments, name="app.test", **options):
        return self.run_program(*self.command(*arguments, name=name), **options)

    def command(self, *arguments, name="app.test"):
        return [program("curl", "curl"), "--silent", "--show-error", "--max-time", PATIENCE,
                "--cacert", self.certificates.root, "--resolve", f"{name}:{self.gate.port}:127.0.0.1", *arguments]

    def url(self, path, name="app.test"):
        return self.gate.url(name, path, scheme="https")

    def upgrade(self, path, *arguments, version=13):
        """A WebSocket handshake by hand. The connection stays open after a 101, hence the short limit."""
        key = base64.b64encode(os.urandom(16)).decode()
        return self.curl("--include", "--http1.1", "--max-time", 1, "-H", "Connection: keep-alive, Upgrade",
                         "-H", "Upgrade: websocket", "-H", f"Sec-WebSocket-Key: {key}",
                         "-H", f"Sec-WebSocket-Version: {version}", *arguments, self.url(path)).stdout, key

    def test_what_fastify_is_told(self):
        done = self.curl("-H", "X-Forwarded-For: 203.0.113.9", "-H", "X-Forwarded-Proto: gopher",
                         "-H", "Forwarded: for=203.0.113.9", "-H", "Cookie: a=b", self.url("/facts?q=%C3%BC&r"))
        facts = json.loads(done.stdout)
        self.assertEqual((facts["ip"], facts["protocol"]), ("127.0.0.1", "https"))
        self.assertEqual(facts["hostname"], f"app.test:{self.gate.port}")
        self.assertEqual((facts["url"], facts["headers"]["cookie"]), ("/facts?q=%C3%BC&r", "a=b"))
        self.assertEqual(facts["headers"]["x-forwarded-for"], "127.0.0.1")
        self.assertNotIn("203.0.113.9", facts["headers"]["forwarded"])
        self.assertNotIn("via", facts["headers"])

    def test_a_connection_is_kept_and_used_again(self):
        done = self.curl("--write-out", "%{num_connects} ", "--output", os.devnull, "--output", os.devnull,
                         "--output", os.devnull, self.url("/facts"), self.url("/facts?2"), self.url("/facts?3"))
        self.assertEqual(done.stdout.split(), ["1", "0", "0"], done.stderr)

    def test_http_1_0(self):
        done = self.curl("--http1.0", "--include", self.url("/facts"))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        head, body = done.stdout.split("\n\n", 1)
        self.assertIn("200 OK", head.splitlines()[0])
        self.assertNotIn("transfer-encoding", head.lower())
        self.assertEqual(json.loads(body)["protocol"], "https")

    def test_head_has_no_body_and_its_length(self):
        done = self.curl("--head", self.url("/facts"))
        self.assertIn("content-length: ", done.stdout.lower())
        self.assertEqual(done.returncode, 0)

    def upload(self, body, *arguments):
        done = self.curl("--data-binary", "@-", "-H", "Content-Type: application/octet-stream", *arguments,
                         self.url("/upload"), stdin=body)
        answer = json.loads(done.stdout)
        self.assertEqual((answer["size"], answer["sha256"]), (len(body), hashlib.sha256(body).hexdigest()))
        return answer["headers"], done.stderr.decode()

    def test_an_upload_with_its_length(self):
        headers, _ = self.upload(os.urandom(5_000_000), "-H", "Expect:")
        self.assertEqual(headers["content-length"], "5000000")

    def test_an_upload_that_waits_for_100_continue(self):
        _, said = self.upload(os.urandom(2_000_000), "--verbose", "-H", "Expect: 100-continue",
                              "--expect100-timeout", PATIENCE)
        self.assertIn("< HTTP/1.1 100 Continue", said)

    def test_an_upload_in_chunks(self):
        headers, _ = self.upload(os.urandom(3_000_000), "-H", "Transfer-Encoding: chunked")
        self.assertEqual(headers["transfer-encoding"], "chunked")
        self.assertNotIn("content-length", headers)

    def test_events_come_as_they_are_sent(self):
        stream = self.child("events", self.command("--no-buffer", self.url("/events")))
        stream.wait_for("the first event", lambda: "data: first\n\n" in stream.output())
        self.assertNotIn("second", stream.output())
        self.curl("--request", "POST", self.url("/events/release"))
        self.assertEqual(stream.process.wait(PATIENCE), 0)
        self.assertIn("data: second\n\n", stream.output())

    def test_a_handshake_by_hand(self):
        answer, key = self.upgrade("/ws/hand", "-H", "Sec-WebSocket-Protocol: chat.v2")
        digest = hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
        self.assertTrue(answer.startswith("HTTP/1.1 101 Switching Protocols"), answer)
        self.assertIn(f"Sec-WebSocket-Accept: {base64.b64encode(digest).decode()}", answer)
        self.assertIn("Sec-WebSocket-Protocol: chat.v2", answer)
        line = self.gate.access(event="tunnel", path="/ws/hand")
        self.assertEqual((line["ended_by"], line["reason"]), ("client", "client_closed"))

    def test_refusals_of_ours(self):
        def status(answer):
            return int(answer.split()[1])
        self.assertEqual(status(self.curl("-i", self.url("/ws")).stdout), 426)
        self.assertEqual(status(self.upgrade("/plain")[0]), 403)
        self.assertEqual(status(self.upgrade("/own", "-H", "Origin: https://evil.test")[0]), 403)
        own = f"https://app.test:{self.gate.port}"
        self.assertEqual(status(self.upgrade("/own", "-H", f"Origin: {own}")[0]), 101)
        self.assertEqual(status(self.upgrade("/own", "-H", "Origin: https://a.friends.test")[0]), 101)
        self.assertEqual(status(self.curl("-i", self.url("/elsewhere", "a.rooms.test"), name="a.rooms.test").stdout),
                         404)
        old = self.upgrade("/ws/old", version=8)[0]
        self.assertEqual(status(old), 426)
        self.assertIn("Sec-WebSocket-Version: 13", old)

    def test_a_name_of_another_host_is_misdirected(self):
        done = self.curl("--include", "-H", "Host: a.rooms.test", self.url("/facts"))
        self.assertIn("421", done.stdout.splitlines()[0])

    def test_a_wildcard_covers_one_label(self):
        done = self.curl(self.url("/facts", "a.rooms.test"), name="a.rooms.test")
        self.assertEqual(json.loads(done.stdout)["hostname"], f"a.rooms.test:{self.gate.port}")
        done = self.curl(self.url("/facts", "a.b.rooms.test"), name="a.b.rooms.test")
        self.assertEqual(done.returncode, 35)
        self.assertIn("unrecognized name", done.stderr)

    def test_plain_http_is_told_what_it_did(self):
        done = self.curl("--include", self.url("/facts").replace("https:", "http:"))
        self.assertIn("400", done.stdout.splitlines()[0])
        self.assertIn("https", done.stdout)
