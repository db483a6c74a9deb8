"""fastify with @fastify/websocket: an application that trusts its proxy, and asks for a login before the upgrade."""

import json

from harness import PeerTest


class Fastify(PeerTest):
    @classmethod
    def set_up_class(cls):
        cls.app = cls.backend("fastify_app.mjs")
        cls.gate = cls.wssgate({"app.test": [("/", cls.app.port)]})

    def talk(self, path, *steps, **options):
        return self.node_client(self.gate.url("app.test", path), *steps, **options)

    def test_messages_come_back(self):
        opened, sent, echo, text, closed = self.talk("/echo", ["send_bytes", 1024 * 1024], ["receive"],
                                                     ["send", "grüße"], ["receive"],
                                                     ["close", 4001, "bye"], ["ended"])
        self.assertTrue(opened["open"])
        self.assertEqual(echo["sha256"], sent["sha256"])
        self.assertEqual((text["text"], closed), ("grüße", {"closed": 4001, "reason": "bye"}))

    def test_what_the_socket_knows_of_its_client(self):
        facts = self.talk("/facts/socket?a=1", ["receive"], ["close", 1000], ["ended"],
                          headers={"X-Forwarded-For": "203.0.113.9"})[1]
        facts = json.loads(facts["text"])
        self.assertEqual((facts["ip"], facts["protocol"], facts["url"]), ("127.0.0.1", "https", "/facts/socket?a=1"))
        self.assertEqual(facts["hostname"], f"app.test:{self.gate.port}")

    def test_the_applications_login(self):
        refused, = self.talk("/members")
        self.assertEqual((refused["status"], json.loads(refused["body"])), (401, {"error": "log in first"}))
        self.assertEqual(refused["headers"]["www-authenticate"], "Cookie")
        self.assertEqual(self.gate.access(path="/members")["status"], 401)
        events = self.talk("/members", ["receive"], ["close", 1000], ["ended"], headers={"Cookie": "session=valid"})
        self.assertEqual(events[1], {"text": "welcome"})

    def test_no_such_socket(self):
        refused, = self.talk("/nowhere")
        self.assertEqual(refused["status"], 404)


class TrustedProxy(PeerTest):
    def test_a_chain_of_proxies_reaches_the_application(self):
        app = self.backend("fastify_app.mjs")
        gate = self.wssgate({"app.test": [("/", app.port)]}, more="trusted_proxies: [127.0.0.0/8]\n")
        facts = self.node_client(gate.url("app.test", "/facts/socket"), ["receive"], ["close", 1000], ["ended"],
                                 headers={"X-Forwarded-For": "203.0.113.9"})[1]
        facts = json.loads(facts["text"])
        self.assertEqual(facts["ip"], "203.0.113.9")
        self.assertEqual(facts["headers"]["x-forwarded-for"], "203.0.113.9, 127.0.0.1")
