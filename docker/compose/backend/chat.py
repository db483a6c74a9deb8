#!/usr/bin/python3
"""A WebSocket echo on port 3000: the example's stand-in for an application."""

import asyncio

import websockets


async def echo(socket):
    async for message in socket:
        await socket.send(message)


async def main():
    async with websockets.serve(echo, "0.0.0.0", 3000):
        await asyncio.Future()


asyncio.run(main())
