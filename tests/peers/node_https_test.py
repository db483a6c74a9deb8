"""Node's https and `ws` as an upstream that is reached over TLS."""

import json

from harness import PeerTest

MIB = 1024 * 1024


class NodeHttps(PeerTest):
    @classmethod
    def set_up_class(cls):
        cls.certificates.serve("app.internal")
        cls.certificates.client("gateway")
        served = cls.certificates.served / "app.internal"
        own = cls.certificates.folder
        cls.app = cls.backend("wss_app.mjs", served / "fullchain.pem", served / "privkey.pem", cls.certificates.root)

        def over_tls(tls):
            return f"{{endpoints: [\"127.0.0.1:{cls.app.port}\"], tls: {{{tls}}}}}"

        cls.gate = cls.wssgate(
            {"chat.test": [("/", "good")], "wrong-name.test": [("/", "misnamed")],
             "no-certificate.test": [("/", "anonymous")]},
            upstreams={"good": over_tls(f"server_name: app.internal, certificate: {{chain: {own}/gateway.pem, "
                                        f"key: {own}/gateway.key}}"),
                       "misnamed": over_tls("server_name: other.internal"),
                       "anonymous": over_tls("server_name: app.internal")})

    def talk(self, path, *steps, host="chat.test", **options):
        return self.node_client(self.gate.url(host, path), *steps, **options)

    def test_messages_of_32_mib_come_back(self):
        _, sent, echo, _ = self.talk("/large", ["send_bytes", 32 * MIB], ["receive"], ["close", 1000], ["ended"],
                                     perMessageDeflate=False)
        self.assertEqual(echo, {"binary": 32 * MIB, "sha256": sent["sha256"]})
        secure = self.app.event("the connection", lambda event: "secure" in event)
        self.assertEqual((secure["secure"], secure["alpn"], secure["version"], secure["client"]),
                         ("app.internal", "http/1.1", "TLSv1.3", "gateway"))

    def test_sessions_are_resumed_and_closed_in_order(self):
        for number in range(3):
            closed = self.talk(f"/again/{number}", ["send", "hello"], ["receive"], ["close", 1000], ["ended"])[-1]
            self.assertEqual(closed["closed"], 1000)
        self.app.event("a resumed session", lambda event: event.get("resumed") is True)
        self.assertEqual([event for event in self.app.events() if "broken" in event], [])

    def test_another_name_is_refused(self):
        refused, = self.talk("/wrong-name", host="wrong-name.test")
        self.assertEqual(refused["status"], 502)
        line = self.gate.access(path="/wrong-name")
        self.assertEqual(line["reason"], "upstream_certificate_name")
        self.assertIn("app.internal", line["detail"])

    def test_an_upstream_that_wants_a_certificate_says_so(self):
        refused, = self.talk("/no-certificate", host="no-certificate.test")
        self.assertEqual(refused["status"], 502)
        line = self.gate.access(path="/no-certificate")
        self.assertEqual(line["reason"], "upstream_tls_alert")
        self.assertIn("tls.certificate", line["detail"])
        self.assertNotIn("session", json.dumps(line))
