"""A backend of soak.py and endurance.py: a WebSocket echo, and HTTP that says what it was asked.

    /usr/bin/python3 soak_backend.py POOL WEBSOCKET_PORT HTTP_PORT [CHAIN KEY]

Each WebSocket is greeted with the name of the pool, and each HTTP answer holds it, so that a client sees
when it was led to another host's backend. With a chain and key both ports speak TLS. Port 0 is a free one.
"""

import asyncio
import hashlib
import json
import re
import resource
import ssl
import sys

import websockets

POOL = sys.argv[1]
PATTERN = bytes(range(256)) * 256  # what /large/N is made of, again and again


async def echo(socket):
    try:
        await socket.send(POOL)
        async for message in socket:
            await socket.send(message)
    except websockets.ConnectionClosed:
        pass  # clients that vanish are what this is for


async def answer_one(reader, writer):
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    method, path, _ = head.split("\r\n", 1)[0].split(" ")
    length = re.search(r"^content-length: *(\d+)", head, re.IGNORECASE | re.MULTILINE)
    body = await reader.readexactly(int(length[1])) if length else b""
    if "/large/" in path:
        answer = PATTERN * int(path.rsplit("/", 1)[1])
    else:
        facts = {"pool": POOL, "method": method, "path": path, "sha256": hashlib.sha256(body).hexdigest()}
        answer = json.dumps(facts).encode()
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(answer) + answer)
    await writer.drain()


async def answer_http(reader, writer):
    try:
        while True:
            await answer_one(reader, writer)
    except (asyncio.IncompleteReadError, OSError):
        pass  # the end of a connection, orderly or not
    finally:
        writer.close()


async def main():
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    tls = None
    if len(sys.argv) > 4:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(sys.argv[4], sys.argv[5])
    # Pings are wssgate's, so that nobody else's timeout ends a tunnel.
    echoing = await websockets.serve(echo, "127.0.0.1", int(sys.argv[2]), ssl=tls, ping_interval=None,
                                     compression=None, max_size=64 * 1024 * 1024)
    http = await asyncio.start_server(answer_http, "127.0.0.1", int(sys.argv[3]), ssl=tls)
    print(json.dumps({"websocket": echoing.sockets[0].getsockname()[1], "http": http.sockets[0].getsockname()[1]}),
          flush=True)
    await asyncio.Future()


asyncio.run(main())
