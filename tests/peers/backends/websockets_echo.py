"""An echo server on Python's `websockets`, which is stricter about frames than most.

    /usr/bin/python3 websockets_echo.py [PORT]
"""

import asyncio
import json
import sys

import websockets


def say(event):
    print(json.dumps(event), flush=True)


async def answer(socket):
    try:
        async for message in socket:
            if message == "close":
                await socket.close(4003, "asked to")
            else:
                await socket.send(message)
    except websockets.ConnectionClosed:
        pass  # with what code is said below
    say({"closed": socket.close_code, "reason": socket.close_reason})


async def main():
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    server = await websockets.serve(answer, "127.0.0.1", port, max_size=128 * 1024 * 1024, subprotocols=["chat.v2"])
    say({"listening": server.sockets[0].getsockname()[1]})
    await asyncio.Future()


asyncio.run(main())
