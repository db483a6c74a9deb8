#!/usr/bin/python3
"""What wssgate endures, with figures: see README.md.

    bench/endurance.py idle      [--tunnels 20000]              open tunnels that do nothing, and what one costs
    bench/endurance.py reloads   [--tunnels 2000] [--times 1000]  no reload drops one of them
    bench/endurance.py upgrades  [--times 10]                   nobody who connects meanwhile is refused
    bench/endurance.py slow      [--connections 200]            slowhttptest in its modes

All of them take --program build/release/wssgate. Everything stands on loopback and in a temporary folder.
"""

import argparse
import asyncio
import http.client
import json
import multiprocessing
import os
import pathlib
import random
import resource
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests" / "peers"), str(ROOT / "bench")]

import websockets  # noqa: E402

from harness import Certificates, Wssgate, eventually, program  # noqa: E402
from soak import SoakBackend, memory  # noqa: E402

NAME = "localhost"  # which slowhttptest can look up
PATIENCE = 600  # seconds: no step takes longer
SHARE = 2500  # tunnels of one process of clients
AT_ONCE = 16  # handshakes of one process of clients


class Stand:
    """A gate with its backends, in a folder of its own."""

    def __init__(self, folder, number=0, timeouts="", backends=2):
        self.folder = pathlib.Path(folder) / f"gate-{number}"
        self.certificates = Certificates(self.folder / "certificates")
        self.backends = [SoakBackend(self.folder, "app", each) for each in range(backends)]
        for backend in self.backends:
            eventually(f"the backend {backend.name}", backend.serving)
        upstreams = {kind: "{endpoints: [" + ", ".join(f'"127.0.0.1:{getattr(each, kind)}"' for each in self.backends) +
                           "]}" for kind in ("websocket", "http")}
        self.certificates.serve(NAME)
        self.gate = Wssgate(self.folder, self.certificates, {NAME: [("/", "websocket"), ("/http", "http")]},
                            f"timeouts: {{{timeouts}}}\n" if timeouts else "", upstreams)
        self.trust = ssl.create_default_context(cafile=self.certificates.root)

    def status(self):
        return self.admin("GET", "/status")

    def admin(self, method, path):
        with socket.socket(socket.AF_UNIX) as plain:
            plain.settimeout(PATIENCE)
            plain.connect(str(self.folder / "admin.sock"))
            plain.sendall(f"{method} {path} HTTP/1.1\r\nHost: wssgate\r\nContent-Length: 0\r\n\r\n".encode())
            answer = http.client.HTTPResponse(plain)
            answer.begin()
            return json.loads(answer.read())

    def get(self):
        """A new connection and one request; raises what goes wrong."""
        with socket.create_connection(("127.0.0.1", self.gate.port), timeout=30) as plain:
            with self.trust.wrap_socket(plain, server_hostname=NAME) as tls:
                tls.sendall(f"GET /http/x HTTP/1.1\r\nHost: {NAME}\r\nConnection: close\r\n\r\n".encode())
                answer = http.client.HTTPResponse(tls)
                answer.begin()
                body = answer.read()
                if answer.status != 200 or json.loads(body)["pool"] != "app":
                    raise AssertionError(f"answered {answer.status} {body!r}")


def hold_tunnels(port, root, count, source, orders):
    """A process of clients: opens tunnels, then echoes through all of them whenever it is told to."""
    descriptors(count + 100)
    trust = ssl.create_default_context(cafile=root)

    async def opened(turns):
        async with turns:
            tunnel = await websockets.connect(
                f"wss://{NAME}:{port}/", ssl=trust, server_hostname=NAME, host="127.0.0.1", port=port,
                local_addr=(source, 0), ping_interval=None, compression=None, open_timeout=PATIENCE)
            await tunnel.recv()
            return tunnel

    async def echoes(tunnel):
        message = random.randbytes(100)
        try:
            await tunnel.send(message)
            return await asyncio.wait_for(tunnel.recv(), PATIENCE) == message
        except websockets.WebSocketException:
            return False

    async def main():
        turns = asyncio.Semaphore(AT_ONCE)
        tunnels = await asyncio.gather(*(opened(turns) for _ in range(count)))
        orders.send(len(tunnels))
        while await asyncio.to_thread(orders.recv) == "echo":
            orders.send(sum(await asyncio.gather(*(echoes(tunnel) for tunnel in tunnels))))

    asyncio.run(main())
    os._exit(0)  # without closing thousands one by one


class Clients:
    """Processes that hold tunnels to a gate, each from an address of its own."""

    def __init__(self, stand, count):
        self.lines = []
        self.count = count
        for number in range(-(-count // SHARE)):
            ours, theirs = multiprocessing.Pipe()
            share = min(SHARE, count - number * SHARE)
            process = multiprocessing.Process(target=hold_tunnels, daemon=True, args=(
                stand.gate.port, stand.certificates.root, share, f"127.0.0.{number + 2}", theirs))
            process.start()
            theirs.close()
            self.lines.append((process, ours))

    def answers(self):
        """What all processes have said, added up."""
        total = 0
        for _, line in self.lines:
            if not line.poll(PATIENCE):
                raise AssertionError("a process of clients says nothing")
            total += line.recv()
        return total

    def echo(self):
        for _, line in self.lines:
            line.send("echo")
        return self.answers()

    def end(self):
        for process, line in self.lines:
            line.send("end")
            process.join(PATIENCE)


def descriptors(wanted):
    """Raises this process's limit as far as it may."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most < wanted:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, wanted))
            return wanted
        except (OSError, ValueError):
            pass
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most


def idle(options, folder):
    most = descriptors(2 * options.tunnels + 500)
    gates = -(-2 * options.tunnels // (most - 500))
    # From here on 1024, as a shell has it: wssgate has to raise its limit itself.
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, most))
    if gates > 1:
        print(f"a process may have {most} descriptors here: {gates} gates share the tunnels")
    share = options.tunnels // gates
    stands = [Stand(folder, number) for number in range(gates)]
    before = [memory(stand.gate.process.pid) for stand in stands]
    for stand in stands:
        began = time.monotonic()
        stand.clients = Clients(stand, share)
        opened = stand.clients.answers()
        print(f"{opened} tunnels opened in {time.monotonic() - began:.0f} s", flush=True)
    print(f"idle for {options.seconds} s", flush=True)
    time.sleep(options.seconds)
    for stand, alone in zip(stands, before):
        used, opened = memory(stand.gate.process.pid), stand.status()["tunnels"]["open"]
        print(f"gate: {opened} tunnels open; memory {alone} KiB before, {used} KiB with them: "
              f"{(used - alone) / opened:.1f} KiB a tunnel", flush=True)
        right = stand.clients.echo()
        print(f"gate: {right} of {share} echo a message after that; ended: {stand.status()['tunnels']['ended']}", flush=True)
        stand.clients.end()
        eventually("no tunnel to be open", lambda: stand.status()["tunnels"]["open"] == 0)
        print(f"gate: memory {memory(stand.gate.process.pid)} KiB, {stand.status()['connections']} connections after all "
              "have gone", flush=True)
        if (opened, right) != (share, share):
            sys.exit("FAILED: not all tunnels lived")


def reloads(options, folder):
    stand = Stand(folder)
    clients = Clients(stand, options.tunnels)
    print(f"{clients.answers()} tunnels open", flush=True)
    text = stand.gate.config.read_text()
    began, before = time.monotonic(), memory(stand.gate.process.pid)
    changed = 0
    for number in range(options.times):
        stand.gate.config.write_text(text + f"limits: {{header_fields: {100 + number % 50}}}\n")
        answer = stand.admin("POST", "/reload")
        if not answer["ok"]:
            sys.exit(f"FAILED: {answer}")
        changed += answer["changed"]
    took = time.monotonic() - began
    left, right = stand.status()["tunnels"]["open"], clients.echo()
    print(f"{options.times} reloads in {took:.0f} s, {changed} of them changed what serves; {left} of {options.tunnels} tunnels open, {right} echo; memory "
          f"{before} KiB before, {memory(stand.gate.process.pid)} KiB after")
    clients.end()
    if (left, right) != (options.tunnels, options.tunnels):
        sys.exit("FAILED: reloads have dropped tunnels")


def upgrades(options, folder):
    stand = Stand(folder, timeouts="drain: 5s")
    served, failures, over = [0], [], threading.Event()

    def visit():
        while not over.is_set():
            try:
                stand.get()
                served[0] += 1
            except (OSError, AssertionError, http.client.HTTPException) as failure:
                failures.append(repr(failure))

    visitors = [threading.Thread(target=visit) for _ in range(4)]
    for visitor in visitors:
        visitor.start()
    pid = stand.gate.process.pid
    try:
        for _ in range(options.times):
            old = pid
            os.kill(old, signal.SIGUSR2)
            pid = eventually("another process to serve", lambda: other_process(stand, old))
            time.sleep(1)
    finally:
        over.set()
        for visitor in visitors:
            visitor.join(60)
        if pid != stand.gate.process.pid:
            os.kill(pid, signal.SIGTERM)
    print(f"{options.times} upgrades: {served[0]} connections and requests served, {len(failures)} refused or broken")
    if failures:
        sys.exit(f"FAILED, among others with: {failures[:5]}")


def other_process(stand, old):
    try:
        pid = stand.status()["pid"]
    except OSError:
        return None  # the path of the socket changes hands
    return pid if pid != old else None


def add_server_name(stand, line):
    """A process that puts TLS with a server name around what comes in plain: slowhttptest sends none."""
    async def carry(reader, writer):
        try:
            while data := await reader.read(4096):
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.transport.abort()

    async def relay(reader, writer):
        try:
            to_gate = await asyncio.open_connection("127.0.0.1", stand.gate.port, ssl=stand.trust, limit=4096,
                                                    server_hostname=NAME)
        except OSError:
            writer.transport.abort()
            return
        await asyncio.gather(carry(reader, to_gate[1]), carry(to_gate[0], writer))

    async def main():
        server = await asyncio.start_server(relay, "127.0.0.1", 0, limit=4096)
        line.send(server.sockets[0].getsockname()[1])
        await asyncio.Future()

    descriptors(4096)
    asyncio.run(main())


def slow(options, folder):
    tool = program("slowhttptest", "slowhttptest")
    modes = {"slow head": ["-H", "-i", "2"], "slow body": ["-B", "-i", "2", "-s", "8192"],
             "range": ["-R", "-t", "GET"], "slow read": ["-X", "-w", "10", "-y", "20", "-n", "5", "-z", "5", "-k", "3"]}
    for mode, arguments in modes.items():
        stand = Stand(folder, mode.replace(" ", "-"), "request_head: 5s, idle_http: 5s")
        ours, theirs = multiprocessing.Pipe()
        relay = multiprocessing.Process(target=add_server_name, daemon=True, args=(stand, theirs))
        relay.start()
        path = "/http/large/64" if mode == "slow read" else "/http/x"
        command = [tool, *arguments, "-c", options.connections, "-r", "100", "-l", "40", "-p", "10",
                   "-u", f"http://{NAME}:{ours.recv()}{path}"]
        process = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        longest, times, most = 0.0, 0, 0
        while process.poll() is None:
            began = time.monotonic()
            stand.get()
            longest, times = max(longest, time.monotonic() - began), times + 1
            most = max(most, stand.status()["connections"])
            time.sleep(0.1)
        process.communicate()
        eventually("all connections to end", lambda: stand.status()["connections"] == 0)
        reasons = {}
        for line in stand.gate.output().splitlines():
            reason = json.loads(line).get("reason", "none")
            reasons[reason] = reasons.get(reason, 0) + 1
        print(f"{mode}: {most} connections at most, all cut off; a client that behaves was served {times} times, in "
              f"{longest:.2f} s at most; reasons {reasons}, refused {stand.status()['refused']}", flush=True)
        relay.kill()
        stand.gate.terminate()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", default=str(ROOT / "build" / "release" / "wssgate"))
    commands = parser.add_subparsers(required=True)
    for run, numbers in ((idle, {"tunnels": 20_000, "seconds": 60}), (reloads, {"tunnels": 2000, "times": 1000}),
                         (upgrades, {"times": 10}), (slow, {"connections": 200})):
        command = commands.add_parser(run.__name__)
        command.set_defaults(run=run)
        for option, default in numbers.items():
            command.add_argument(f"--{option}", type=int, default=default)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))  # ends its processes too
    os.environ["WSSGATE"] = options.program
    with tempfile.TemporaryDirectory(prefix="wssgate-endurance-", ignore_cleanup_errors=True) as folder:
        try:
            options.run(options, folder)
        except AssertionError as failure:
            sys.exit(f"FAILED: {failure}")


if __name__ == "__main__":
    main()
