"""The clients of soak.py: each is a coroutine that goes on until its round ends, and judges every answer.

What a killed backend brings (a 502, a connection that ends) is counted; a wrong answer raises Wrong, and so
does anything but the right one at a host whose backend is left alone.
"""

import asyncio
import collections
import hashlib
import json
import random
import socket
import ssl
import struct

import websockets

PATIENCE = 60  # seconds for one step; far more than it takes
LARGEST_MESSAGE = 200_000
BLOCK = bytes(range(256)) * 256  # what soak_backend.py's /large/N is made of
UNAVAILABLE = (502, 503, 504)
ENDINGS = (OSError, ssl.SSLError, EOFError, asyncio.TimeoutError, asyncio.IncompleteReadError,
           websockets.WebSocketException)


class Wrong(Exception):
    """An answer that is not the right one: the soak has failed."""


class Host:
    """A name at the gate, and what is to be expected there."""

    def __init__(self, name, pool, steady=False, http=True):
        self.name, self.pool, self.steady, self.http = name, pool, steady, http


class Round:
    """What the clients of one round share. `counts` go on over all rounds."""

    def __init__(self, port, trust, counts):
        self.port, self.counts = port, counts
        self.tls = ssl.create_default_context(cafile=trust)
        self.over = asyncio.Event()
        self.chance = random.Random()

    def count(self, what):
        self.counts[what] += 1

    def failed(self, host, what, failure):
        """An ending that a host of killed backends may have, and a steady one may not."""
        if isinstance(failure, ssl.SSLCertVerificationError):
            raise Wrong(f"{host.name} showed a wrong certificate: {failure}")
        if host.steady:
            raise Wrong(f"{host.name}, whose backend is left alone, failed a {what}: {failure!r}")
        self.count(f"{what} cut by a killed backend")

    async def pause(self, longest):
        try:
            await asyncio.wait_for(self.over.wait(), self.chance.uniform(0, longest))
        except asyncio.TimeoutError:
            pass

    async def open(self, host):
        """A TLS connection: (reader, writer). Its certificate has been verified for the name."""
        opening = asyncio.open_connection("127.0.0.1", self.port, ssl=self.tls, server_hostname=host.name)
        return await asyncio.wait_for(opening, PATIENCE)

    async def tunnel(self, host):
        """An open WebSocket that has been greeted by the right pool."""
        opened = await websockets.connect(
            f"wss://{host.name}:{self.port}/", ssl=self.tls, server_hostname=host.name, host="127.0.0.1",
            port=self.port, max_size=None, ping_interval=None, compression=None, open_timeout=PATIENCE,
            close_timeout=PATIENCE)
        greeting = await asyncio.wait_for(opened.recv(), PATIENCE)
        if greeting != host.pool:
            raise Wrong(f"{host.name} is led to the pool {greeting!r} and not to {host.pool!r}")
        return opened

    async def echo(self, host, opened):
        size = self.chance.choice([0, 1, 125, 126, 5_000, self.chance.randrange(LARGEST_MESSAGE)])
        message = self.chance.randbytes(size)
        if self.chance.random() < 0.5:
            message = message.hex()
        await asyncio.wait_for(opened.send(message), PATIENCE)
        answer = await asyncio.wait_for(opened.recv(), PATIENCE)
        if answer != message:
            raise Wrong(f"{host.name} echoed {len(message)} {type(message).__name__} as {len(answer)} others")
        self.count("echoes")


def reset(transport):
    """Ends a connection with a RST, whatever is still to be sent."""
    plain = transport.get_extra_info("socket")
    if plain is not None and plain.fileno() >= 0:  # else the other side was quicker
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def refused(failure):
    """The status of a handshake that was answered with something else than 101, in old and new versions."""
    return failure.response.status_code if hasattr(failure, "response") else getattr(failure, "status_code", None)


async def echo_and_end(lap, host):
    """Tunnels that echo some messages, and end in all the ways in which clients end."""
    while not lap.over.is_set():
        opened = None
        try:
            opened = await lap.tunnel(host)
            for _ in range(lap.chance.randrange(12)):
                await lap.echo(host, opened)
                await lap.pause(0.05)
            await end_somehow(lap, opened)
            lap.count("tunnels")
        except ENDINGS as failure:
            status = refused(failure)
            if status is not None and status not in UNAVAILABLE:
                raise Wrong(f"{host.name} answered an upgrade with {status}") from failure
            lap.failed(host, "tunnel", failure)
        finally:
            if opened is not None:
                opened.transport.abort()
        await lap.pause(0.2)


async def end_somehow(lap, opened):
    ending = lap.chance.choice(["close", "reset", "killed", "reset in the middle"])
    if ending == "close":
        await asyncio.wait_for(opened.close(), PATIENCE)
        return
    if ending == "reset in the middle":
        await asyncio.wait_for(opened.send(lap.chance.randbytes(LARGEST_MESSAGE)), PATIENCE)
    if ending == "killed":
        opened.transport.abort()
    else:
        reset(opened.transport)
    lap.count("clients killed or reset")


async def stay_open(lap, host):
    """One tunnel for the whole time: nothing but its client may end it."""
    opened = await lap.tunnel(host)
    try:
        while not lap.over.is_set():
            try:
                await lap.echo(host, opened)
            except ENDINGS as failure:
                raise Wrong(f"a tunnel of {host.name} that was to stay open has ended: {failure!r}") from failure
            lap.count("echoes of tunnels that stay open")
            await lap.pause(1)
        await asyncio.wait_for(opened.close(), PATIENCE)
    finally:
        opened.transport.abort()


async def ask(lap, host):
    """Requests with and without bodies, some on kept connections."""
    while not lap.over.is_set():
        writer = None
        try:
            reader, writer = await lap.open(host)
            for _ in range(lap.chance.randrange(1, 8)):
                if not await ask_once(lap, host, reader, writer):
                    break
                await lap.pause(0.1)
        except ENDINGS as failure:
            lap.failed(host, "request", failure)
        finally:
            if writer is not None:
                writer.transport.abort()
        await lap.pause(0.2)


async def ask_once(lap, host, reader, writer):
    """False where the connection is not to be used further."""
    body = lap.chance.randbytes(lap.chance.choice([0, 0, 10, lap.chance.randrange(LARGEST_MESSAGE)]))
    method, path = ("POST" if body else "GET"), f"/http/{lap.chance.randrange(10**9)}"
    writer.write(f"{method} {path} HTTP/1.1\r\nHost: {host.name}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
    await asyncio.wait_for(writer.drain(), PATIENCE)
    status, headers = await read_head(reader)
    answer = await asyncio.wait_for(reader.readexactly(int(headers.get("content-length", "0"))), PATIENCE)
    if status in UNAVAILABLE and not host.steady:
        lap.count("requests answered 502, 503 or 504")
        return False
    wanted = {"pool": host.pool, "method": method, "path": path, "sha256": hashlib.sha256(body).hexdigest()}
    if status != 200 or json.loads(answer) != wanted:
        raise Wrong(f"{host.name} answered {status} {answer[:500]!r} where {wanted} was to come")
    lap.count("requests")
    return headers.get("connection", "").lower() != "close"


async def read_head(reader):
    head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE)).decode("latin-1").split("\r\n")
    fields = [line.split(":", 1) for line in head[1:] if line]
    return int(head[0].split(" ")[1]), {name.strip().lower(): value.strip() for name, value in fields}


async def stall_in_tunnel(lap, host):
    """Sends into a tunnel and reads nothing of what comes back, for a while."""
    while not lap.over.is_set():
        opened = None
        try:
            opened = await lap.tunnel(host)
            opened.transport.pause_reading()
            await asyncio.wait_for(opened.send(bytes(8 * 1024 * 1024)), lap.chance.uniform(1, 4))
        except ENDINGS as failure:
            if isinstance(failure, ssl.SSLCertVerificationError):
                lap.failed(host, "stall", failure)
        finally:
            if opened is not None:
                await lap.pause(3)
                reset(opened.transport)
        lap.count("stalls")
        await lap.pause(0.5)


async def stall_in_response(lap, host):
    """Asks for megabytes, takes some of it, then no more for a while, then perhaps the rest."""
    while not lap.over.is_set():
        writer = None
        try:
            reader, writer = await lap.open(host)
            blocks = lap.chance.randrange(16, 128)
            writer.write(f"GET /http/large/{blocks} HTTP/1.1\r\nHost: {host.name}\r\n\r\n".encode())
            status, _ = await read_head(reader)
            await lap.pause(3)
            if status == 200 and lap.chance.random() < 0.5:
                answer = await asyncio.wait_for(reader.readexactly(blocks * len(BLOCK)), PATIENCE)
                if answer != BLOCK * blocks:
                    raise Wrong(f"{host.name} changed a body of {len(answer)} bytes")
                lap.count("large bodies")
        except ENDINGS as failure:
            lap.failed(host, "large body", failure)
        finally:
            if writer is not None:
                reset(writer.transport)
        lap.count("stalls")
        await lap.pause(0.5)


async def drip_hello(lap, host):
    """A ClientHello of which too little comes: cut at its deadline, without a byte of an answer but an alert."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    try:
        lap.tls.wrap_bio(incoming, outgoing, server_hostname=host.name).do_handshake()
    except ssl.SSLWantReadError:
        pass
    hello = outgoing.read()
    while not lap.over.is_set():
        reader, writer = await asyncio.wait_for(asyncio.open_connection("127.0.0.1", lap.port), PATIENCE)
        try:
            writer.write(hello[:lap.chance.randrange(len(hello))])
            answer = await asyncio.wait_for(reader.read(), PATIENCE)
            if answer[:1] not in (b"", b"\x15"):
                raise Wrong(f"half a ClientHello was answered with {answer[:64]!r}")
        except asyncio.TimeoutError:
            raise Wrong(f"half a ClientHello was not cut off within {PATIENCE} s") from None
        except OSError:
            pass  # cut off with a RST
        finally:
            writer.transport.abort()
        lap.count("slow hellos cut off")


async def ask_for_unknown_name(lap):
    """A name that nobody serves gets an alert, never a certificate."""
    while not lap.over.is_set():
        try:
            _, writer = await lap.open(Host("nobody.test", ""))
            writer.transport.abort()
            raise Wrong("a handshake for nobody.test succeeded")
        except ssl.SSLError as failure:
            if failure.reason != "TLSV1_UNRECOGNIZED_NAME":
                raise Wrong(f"nobody.test was answered with {failure!r}") from failure
        lap.count("unknown names refused")
        await lap.pause(1)


def start_clients(lap, hosts, each, slow_hellos):
    """`each` of every kind of client of every host; their tasks."""
    clients = [ask_for_unknown_name(lap)]
    for host in hosts:
        for _ in range(each):
            clients += [echo_and_end(lap, host), stall_in_tunnel(lap, host)]
            if slow_hellos:
                clients.append(drip_hello(lap, host))
            if host.http:
                clients += [ask(lap, host), stall_in_response(lap, host)]
    return [asyncio.create_task(client) for client in clients]


def new_counts():
    return collections.Counter()
