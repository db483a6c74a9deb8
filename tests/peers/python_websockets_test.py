"""Python's `websockets` as client and as backend, and each with Node's `ws` on the other side."""

import asyncio
import hashlib
import json
import os
import ssl
import unittest

import websockets

from harness import PATIENCE, PeerTest

MIB = 1024 * 1024


def headers_option(headers):
    """connect()'s argument for request headers; websockets 14 renamed it."""
    newer = int(websockets.version.version.split(".")[0]) >= 14
    return {"additional_headers" if newer else "extra_headers": headers}


def refused_status(error):
    """The status of a handshake that was answered with something else than 101, in old and new versions."""
    return error.response.status_code if hasattr(error, "response") else error.status_code


class PythonClient(PeerTest, unittest.IsolatedAsyncioTestCase):
    @classmethod
    def set_up_class(cls):
        cls.node_app = cls.backend("ws_app.mjs")
        cls.python_app = cls.backend("websockets_echo.py")
        cls.gate = cls.wssgate({"node.test": [("/", cls.node_app.port)], "python.test": [("/", cls.python_app.port)]})

    async def asyncSetUp(self):
        asyncio.get_running_loop().set_debug(False)  # it reports every mask of a large message as slow

    def connect(self, name, path="/", **options):
        trust = ssl.create_default_context(cafile=self.certificates.root)
        return websockets.connect(self.gate.url(name, path), ssl=trust, server_hostname=name,
                                  host="127.0.0.1", port=self.gate.port,
                                  max_size=128 * MIB, open_timeout=PATIENCE, close_timeout=PATIENCE, **options)

    async def echo(self, name, path, message, **options):
        async with self.connect(name, path, **options) as socket:
            await socket.send(message)
            return await asyncio.wait_for(socket.recv(), PATIENCE)

    async def test_text_and_binary_come_back(self):
        for name in ("node.test", "python.test"):
            with self.subTest(backend=name):
                self.assertEqual(await self.echo(name, "/", "grüße"), "grüße")
                binary = os.urandom(MIB)
                self.assertEqual(await self.echo(name, "/", binary), binary)

    async def test_a_message_of_64_mib_comes_back(self):
        binary = os.urandom(64 * MIB)
        echo = await self.echo("python.test", "/large", binary, compression=None)
        self.assertEqual(hashlib.sha256(echo).digest(), hashlib.sha256(binary).digest())

    async def test_a_message_in_fragments_comes_back(self):
        for name in ("node.test", "python.test"):
            with self.subTest(backend=name):
                self.assertEqual(await self.echo(name, "/", ["one ", "two ", "three"]), "one two three")

    async def test_compression_is_agreed_on_end_to_end(self):
        text = "the same again and again. " * 40_000
        for name in ("node.test", "python.test"):
            with self.subTest(backend=name):
                self.assertEqual(await self.echo(name, "/deflate", text), text)
                line = self.gate.access(event="tunnel", path="/deflate", server_name=name)
                self.assertLess(line["bytes_received"], len(text) / 20)
                self.assertLess(line["bytes_sent"], len(text) / 20)

    async def test_pings_are_answered(self):
        for name in ("node.test", "python.test"):
            async with self.connect(name) as socket:
                answered = await socket.ping("are you there")
                await asyncio.wait_for(answered, PATIENCE)

    async def test_close_codes_arrive_both_ways(self):
        socket = await self.connect("python.test", "/client-closes")
        await socket.close(4001, "good night")
        self.assertEqual((socket.close_code, socket.close_reason), (4001, "good night"))
        self.python_app.event("the close", lambda event: event == {"closed": 4001, "reason": "good night"})

        socket = await self.connect("python.test", "/server-closes")
        await socket.send("close")
        with self.assertRaises(websockets.ConnectionClosed):
            await asyncio.wait_for(socket.recv(), PATIENCE)
        self.assertEqual((socket.close_code, socket.close_reason), (4003, "asked to"))
        line = self.gate.access(event="tunnel", path="/server-closes")
        self.assertEqual((line["upstream_close_code"], line["ended_by"]), (4003, "upstream"))

    async def test_a_dropped_connection_is_1006(self):
        socket = await self.connect("node.test", "/drop")
        await socket.send("drop")
        with self.assertRaises(websockets.ConnectionClosedError):
            await asyncio.wait_for(socket.recv(), PATIENCE)
        self.assertEqual(socket.close_code, 1006)

    async def test_the_subprotocol_and_headers_pass(self):
        for name in ("node.test", "python.test"):
            async with self.connect(name, subprotocols=["chat.v1", "chat.v2"]) as socket:
                self.assertEqual(socket.subprotocol, "chat.v2")
        facts = json.loads(await self.echo("node.test", "/?q=1", "facts", **headers_option({"Cookie": "session=abc"})))
        self.assertEqual(facts["url"], "/?q=1")
        self.assertEqual(facts["headers"]["cookie"], "session=abc")
        self.assertEqual(facts["headers"]["x-forwarded-proto"], "https")

    async def test_refusals_arrive_as_they_are(self):
        for status in (401, 403):
            with self.assertRaises(websockets.InvalidHandshake) as refused:
                await self.connect("node.test", f"/refuse/{status}")
            self.assertEqual(refused_status(refused.exception), status)

    async def test_an_unknown_name_gets_an_alert(self):
        with self.assertRaises(ssl.SSLError) as refused:
            await self.connect("nobody.test")
        self.assertEqual(refused.exception.reason, "TLSV1_UNRECOGNIZED_NAME")

    def test_node_against_a_python_backend(self):
        text = "again " * 30_000
        events = self.node_client(self.gate.url("python.test", "/node"), ["send_bytes", MIB], ["receive"],
                                  ["send", text], ["receive"], ["ping", "p"], ["receive"], ["close", 4001, "bye"],
                                  ["ended"], protocols=["chat.v2"])
        opened, sent, echo, echoed_text, pong, closed = events
        self.assertEqual((opened["protocol"], opened["extensions"].split(";")[0]), ("chat.v2", "permessage-deflate"))
        self.assertEqual(echo["sha256"], sent["sha256"])
        self.assertEqual((echoed_text["text"], pong), (text, {"pong": "p"}))
        self.assertEqual(closed, {"closed": 4001, "reason": "bye"})
