"""Node's `ws` on both sides of wssgate."""

import json
import os
import signal

from harness import PeerTest

MIB = 1024 * 1024


class NodeWs(PeerTest):
    @classmethod
    def set_up_class(cls):
        cls.app = cls.backend("ws_app.mjs")
        cls.gate = cls.wssgate({"chat.test": [("/", cls.app.port)],
                                "other.test": [("/", cls.app.port)]})

    def talk(self, path, *steps, **options):
        return self.node_client(self.gate.url("chat.test", path), *steps, **options)

    def test_text_comes_back(self):
        opened, echo, closed = self.talk("/text", ["send", "grüße"], ["receive"], ["close", 1000], ["ended"])
        self.assertTrue(opened["open"])
        self.assertEqual(echo, {"text": "grüße"})
        self.assertEqual(closed["closed"], 1000)
        line = self.gate.access(event="tunnel", path="/text")
        self.assertEqual((line["status"], line["messages_received"], line["messages_sent"]), (101, 1, 1))
        self.assertEqual((line["client_close_code"], line["upstream_close_code"]), (1000, 1000))
        self.assertEqual(line["ended_by"], "client")
        self.assertEqual((line["server_name"], line["tls"]), ("chat.test", "TLSv1.3"))

    def test_binary_comes_back(self):
        _, sent, echo, _ = self.talk("/binary", ["send_bytes", MIB], ["receive"], ["close", 1000], ["ended"])
        self.assertEqual(echo, {"binary": MIB, "sha256": sent["sha256"]})

    def test_a_message_of_64_mib_comes_back(self):
        _, sent, echo, _ = self.talk("/large", ["send_bytes", 64 * MIB], ["receive"], ["close", 1000], ["ended"],
                                     perMessageDeflate=False)
        self.assertEqual(echo, {"binary": 64 * MIB, "sha256": sent["sha256"]})
        line = self.gate.access(event="tunnel", path="/large")
        self.assertGreater(line["bytes_received"], 64 * MIB)
        self.assertGreater(line["bytes_sent"], 64 * MIB)

    def test_fragments_pass_both_ways(self):
        events = self.talk("/fragments", ["send_fragments", "one ", "two ", "three"], ["receive"],
                           ["send", "fragments"], ["receive"], ["close", 1000], ["ended"])
        self.assertEqual(events[1:3], [{"text": "one two three"}, {"text": "one two three"}])
        self.assertEqual(self.gate.access(event="tunnel", path="/fragments")["messages_received"], 2)

    def test_compression_is_agreed_on_end_to_end(self):
        text = "the same again and again. " * 40_000
        opened, echo, _ = self.talk("/deflate", ["send", text], ["receive"], ["close", 1000], ["ended"])
        self.assertEqual(opened["extensions"], "permessage-deflate")
        self.assertEqual(echo, {"text": text})
        line = self.gate.access(event="tunnel", path="/deflate")
        self.assertLess(line["bytes_received"], len(text) / 20)
        self.assertLess(line["bytes_sent"], len(text) / 20)

    def test_no_compression_where_the_client_wants_none(self):
        opened, facts, _ = self.talk("/plain", ["send", "facts"], ["receive"], ["close", 1000], ["ended"],
                                     perMessageDeflate=False)
        self.assertEqual(opened["extensions"], "")
        self.assertNotIn("sec-websocket-extensions", json.loads(facts["text"])["headers"])

    def test_pings_of_both_sides_are_answered(self):
        events = self.talk("/ping", ["ping", "from client"], ["receive"], ["send", "ping from-server"], ["receive"],
                           ["close", 1000], ["ended"])
        self.assertEqual(events[1:3], [{"pong": "from client"}, {"text": "pong from-server"}])

    def test_the_clients_close_code_arrives(self):
        closed = self.talk("/client-closes", ["close", 4001, "good night"], ["ended"])[-1]
        self.assertEqual(closed, {"closed": 4001, "reason": "good night"})
        at_backend = self.app.event("the close", lambda event: event.get("url") == "/client-closes")
        self.assertEqual((at_backend["closed"], at_backend["reason"]), (4001, "good night"))
        line = self.gate.access(event="tunnel", path="/client-closes")
        self.assertEqual((line["client_close_code"], line["ended_by"]), (4001, "client"))

    def test_the_servers_close_code_arrives(self):
        closed = self.talk("/server-closes", ["send", "close 4002 restarting"], ["ended"])[-1]
        self.assertEqual(closed, {"closed": 4002, "reason": "restarting"})
        line = self.gate.access(event="tunnel", path="/server-closes")
        self.assertEqual((line["upstream_close_code"], line["ended_by"]), (4002, "upstream"))

    def test_a_backend_that_drops_the_connection_shows_as_1006(self):
        closed = self.talk("/drop", ["send", "drop"], ["ended"])[-1]
        self.assertEqual(closed["closed"], 1006)
        line = self.gate.access(event="tunnel", path="/drop")
        self.assertEqual(line["ended_by"], "upstream")
        self.assertIn("1006", line["detail"])

    def test_the_subprotocol_is_the_servers_choice(self):
        opened = self.talk("/subprotocol", ["close", 1000], ["ended"], protocols=["chat.v1", "chat.v2"])[0]
        self.assertEqual(opened["protocol"], "chat.v2")

    def test_what_the_backend_is_told(self):
        facts = self.talk("/facts?room=a%20b&x=1", ["send", "facts"], ["receive"], ["close", 1000], ["ended"],
                          headers={"Cookie": "session=abc; theme=dark", "X-Forwarded-For": "203.0.113.9",
                                   "Authorization": "Bearer t"})[1]
        facts = json.loads(facts["text"])
        headers = facts["headers"]
        self.assertEqual(facts["url"], "/facts?room=a%20b&x=1")
        self.assertEqual(headers["cookie"], "session=abc; theme=dark")
        self.assertEqual(headers["authorization"], "Bearer t")
        self.assertEqual(headers["host"], f"chat.test:{self.gate.port}")
        self.assertEqual(headers["x-forwarded-for"], "127.0.0.1")
        self.assertEqual(headers["x-forwarded-proto"], "https")
        self.assertEqual(headers["x-forwarded-host"], f"chat.test:{self.gate.port}")
        self.assertIn("proto=https", headers["forwarded"])
        line = self.gate.access(event="tunnel", path="/facts")
        self.assertNotIn("room", json.dumps(line))

    def test_refusals_arrive_as_they_are(self):
        refused, = self.talk("/refuse/401")
        self.assertEqual((refused["status"], refused["body"]), (401, "log in first\n"))
        self.assertEqual(refused["headers"]["www-authenticate"], 'Bearer realm="chat"')
        refused, = self.talk("/refuse/403")
        self.assertEqual((refused["status"], refused["headers"]["x-why"]), (403, "banned"))
        refused, = self.talk("/refuse/302")
        self.assertEqual(refused["headers"]["location"], "https://login.test/?next=chat")
        self.assertEqual(self.gate.access(path="/refuse/302")["status"], 302)

    def test_an_unknown_name_gets_an_alert_and_no_certificate(self):
        error, closed = self.node_client(self.gate.url("chta.test"))
        self.assertIn("unrecognized name", error["error"])
        self.assertEqual(closed["closed"], 1006)
        line = self.gate.refusal(server_name="chta.test")
        self.assertEqual((line["reason"], line["nearest"]), ("unknown_server_name", "chat.test"))

    def test_a_host_of_another_entry_is_misdirected(self):
        refused, = self.talk("/misdirected", headers={"Host": "other.test"})
        self.assertEqual(refused["status"], 421)
        self.assertEqual(self.gate.access(path="/misdirected")["reason"], "misdirected_request")

    def test_a_client_without_the_root_refuses_by_itself(self):
        error = self.talk("/untrusted", trust=False)[0]
        self.assertIn(error["code"], ("SELF_SIGNED_CERT_IN_CHAIN", "UNABLE_TO_GET_ISSUER_CERT_LOCALLY"))


class KilledBackend(PeerTest):
    @classmethod
    def set_up_class(cls):
        cls.app = cls.backend("ws_app.mjs")
        cls.gate = cls.wssgate({"chat.test": [("/", cls.app.port)]})

    def test_a_backend_killed_in_mid_tunnel(self):
        client = self.start_node_client(self.gate.url("chat.test", "/killed"), ["send", "hello"], ["receive"],
                                        ["ended"])
        client.event("the echo", lambda event: event == {"text": "hello"})
        os.kill(self.app.process.pid, signal.SIGKILL)
        closed = client.event("the end", lambda event: "closed" in event)
        self.assertEqual(closed["closed"], 1006)
        line = self.gate.access(event="tunnel", path="/killed")
        self.assertEqual(line["ended_by"], "upstream")
        self.assertIn(line["reason"], ("upstream_closed", "upstream_reset"))

        refused, = self.node_client(self.gate.url("chat.test", "/after"))
        self.assertEqual(refused["status"], 502)
        self.assertEqual(self.gate.access(path="/after")["reason"], "upstream_refused")
