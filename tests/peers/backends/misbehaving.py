"""A wss:// server that does one thing wrong, the one that the path names.

    /usr/bin/python3 misbehaving.py CHAIN KEY

/right echoes; /wrong-bytes changes one; /short leaves one out; /swapped gives each message to the connection that
asked before; /status/403 refuses the upgrade; /accept answers it with a wrong key; /close/1011 closes with that code
at the first message; /vanish ends without a word; /silent answers nothing.
"""

import asyncio
import base64
import hashlib
import json
import ssl
import struct
import sys

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
waiting = []  # messages of /swapped, with the writers of those who sent them


async def read_message(reader):
    """The payload of one masked frame; None at a Close frame."""
    first, second = await reader.readexactly(2)
    length = second & 0x7F
    if length == 126:
        length, = struct.unpack("!H", await reader.readexactly(2))
    mask = await reader.readexactly(4)
    payload = await reader.readexactly(length)
    if first & 0x0F == 8:
        return None
    return bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))


def frame(opcode, payload):
    length = bytes([len(payload)]) if len(payload) < 126 else struct.pack("!BH", 126, len(payload))
    return bytes([0x80 | opcode]) + length + payload


def swap(writer, message):
    waiting.append((writer, message))
    if len(waiting) == 2:
        (one, first), (other, second) = waiting
        one.write(frame(2, second))
        other.write(frame(2, first))
        waiting.clear()


def answer(path, writer, message):
    """What the path does with a message. False: the connection ends."""
    if path == "/swapped":
        swap(writer, message)
    elif path.startswith("/close/"):
        writer.write(frame(8, struct.pack("!H", int(path.rsplit("/", 1)[1]))))
        return False
    elif path == "/vanish":
        return False
    elif path != "/silent":
        changed = {"/wrong-bytes": message[:-1] + b"!", "/short": message[:-1]}.get(path, message)
        writer.write(frame(2, changed))
    return True


async def upgrade(reader, writer):
    """The path, once the WebSocket is agreed on."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    path = head.split(" ")[1]
    if path.startswith("/status/"):
        writer.write(f"HTTP/1.1 {path.rsplit('/', 1)[1]} No\r\nContent-Length: 0\r\n\r\n".encode())
        return None
    key = next(line.split(": ")[1] for line in head.split("\r\n") if line.lower().startswith("sec-websocket-key"))
    accept = base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()
    if path == "/accept":
        accept = accept[::-1]
    writer.write(("HTTP/1.1 101 Yes\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                  f"Sec-WebSocket-Accept: {accept}\r\n\r\n").encode())
    return path


async def serve(reader, writer):
    try:
        path = await upgrade(reader, writer)
        while path:
            message = await read_message(reader)
            if message is None or not answer(path, writer, message):
                break
            await writer.drain()
        await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
        pass  # the client has gone
    finally:
        writer.close()


async def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1], sys.argv[2])
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    print(json.dumps({"listening": server.sockets[0].getsockname()[1]}), flush=True)
    await asyncio.Future()


asyncio.run(main())
