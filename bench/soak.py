#!/usr/bin/python3
"""Everything that production does to a proxy, at once and for long: see README.md.

    bench/soak.py [--minutes 60] [--program build/release/wssgate]

Fails at the first wrong answer, and at the end where memory, descriptors or counts have not returned to
what they were. Everything stands on loopback and in a temporary folder.
"""

import argparse
import asyncio
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests" / "peers"), str(ROOT / "bench")]

from harness import Certificates, Child, Wssgate, eventually, wssgate_program  # noqa: E402
from soak_clients import PATIENCE, Host, Round, Wrong, new_counts, start_clients, stay_open  # noqa: E402

HOSTS = [Host("steady.test", "steady", steady=True), Host("plain.test", "plain"), Host("secure.test", "secure"),
         Host("through.test", "through", http=False)]
TERMINATED = [host for host in HOSTS if host.name != "through.test"]
SLACK = 8 * 1024  # KiB of memory that may come and go in a long soak, besides 15 %
CONFIGURATION = """\
listeners: [{{address: "127.0.0.1:{port}"}}]
admin: {{address: "unix:{folder}/admin.sock"}}
certificates: {{folders: [{served}], roots: [{root}]}}
# Long enough for clients that wait for a busy machine; only half ClientHellos are to run into one.
timeouts: {{client_hello: 20s, handshake: 30s, request_head: 30s, connect: 20s, upgrade: 30s, idle_http: {idle}s}}
hosts:
  - names: [steady.test]
    routes: [{{path: /, upstream: steady}}, {{path: /http, upstream: steady-http}}]
  - names: [plain.test]
    routes: [{{path: /, upstream: plain}}, {{path: /http, upstream: plain-http}}]
  - names: [secure.test]
    routes: [{{path: /, upstream: secure}}, {{path: /http, upstream: secure-http}}]
  - names: [through.test]
    passthrough: through
upstreams:
{upstreams}
"""


def unused_port():
    """One below those that connections of clients get: a backend that was killed wants its own back."""
    while True:
        port = random.randrange(15_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def memory(pid):
    """KiB of a process."""
    return int(pathlib.Path(f"/proc/{pid}/status").read_text().split("VmRSS:")[1].split()[0])


class SoakBackend:
    """A process of soak_backend.py, which can be killed and comes back on the same ports."""

    def __init__(self, folder, pool, number, pair=()):
        self.folder, self.name, self.pool, self.pair = folder, f"{pool}-{number}", pool, pair
        self.websocket, self.http = unused_port(), unused_port()
        self.start()

    def start(self):
        self.child = Child(self.folder, self.name, ["/usr/bin/python3", ROOT / "bench" / "soak_backend.py", self.pool,
                                                    self.websocket, self.http, *self.pair])

    def serving(self):
        if self.child.process.poll() is not None:
            raise AssertionError(f"the backend {self.name} ended: {self.child.errors()}")
        return "websocket" in self.child.output()


class Gate(Wssgate):
    """The wssgate under test. `variants` of its configuration differ in what a reload may change."""

    def __init__(self, folder, certificates, backends):
        self.folder, self.certificates, self.backends = folder, certificates, backends
        super().__init__(folder, certificates, {})

    def _configuration(self, certificates, hosts, upstreams):
        return self.variant(0)

    def variant(self, number):
        balance = ["least_connections", "round_robin", "random_two", "{hash: {by: client_address}}"][number % 4]
        tls = ", tls: {server_name: app.internal}"
        lines = []
        for pool in ("steady", "plain", "secure", "through"):
            members = [backend for backend in self.backends if backend.pool == pool]
            if number % 2 and len(members) > 1:
                members = members[:-1]  # its tunnels stay all the same
            for kind in ("websocket",) if pool == "through" else ("websocket", "http"):
                endpoints = ", ".join(f'"127.0.0.1:{getattr(member, kind)}"' for member in members)
                name = pool if kind == "websocket" else f"{pool}-http"
                lines.append(f"  {name}: {{endpoints: [{endpoints}], balance: {balance}, ejection: {{time: 1s}}"
                             f"{tls if pool == 'secure' else ''}}}")
        return CONFIGURATION.format(port=self.port, folder=self.folder, served=self.certificates.served,
                                    root=self.certificates.root, idle=60 + number % 3, upstreams="\n".join(lines))

    def admin(self):
        """Not by the configuration: that may be half written at this moment."""
        return f"unix:{self.folder}/admin.sock"

    def status(self):
        done = subprocess.run([wssgate_program(), "status", "--admin", self.admin(), "--json"], capture_output=True,
                              text=True, timeout=PATIENCE, check=True)
        return json.loads(done.stdout)

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def idle(self):
        """Nothing is open, and nothing is counted as if it were."""
        status = self.status()
        leases = sum(endpoint["connections"] for upstream in status["upstreams"] for endpoint in upstream["endpoints"])
        waiting = sum(upstream["waiting"] for upstream in status["upstreams"])
        return (status["connections"], status["tunnels"]["open"], leases, waiting) == (0, 0, 0, 0)


class Soak:
    """A whole soak in a folder: prepare, run rounds, judge."""

    def __init__(self, folder, each, slack):
        self.folder, self.each, self.slack, self.counts = pathlib.Path(folder), each, slack, new_counts()
        self.certificates = Certificates(self.folder / "certificates")
        self.certificates.serve("app.internal")
        self.certificates.serve("through.test")
        for host in TERMINATED:
            self.certificates.serve(host.name)
        self.renewals = self._renewals()
        served = self.certificates.served
        pair = {pool: (served / name / "fullchain.pem", served / name / "privkey.pem")
                for pool, name in (("secure", "app.internal"), ("through", "through.test"))}
        self.backends = [SoakBackend(self.folder, pool, number, pair.get(pool, ()))
                         for pool, many in (("steady", 1), ("plain", 3), ("secure", 2), ("through", 2))
                         for number in range(many)]
        for backend in self.backends:
            eventually(f"the backend {backend.name}", backend.serving)
        self.gate = Gate(self.folder, self.certificates, self.backends)
        self.rest = self.gate.descriptors()
        self.samples = []  # of memory, in KiB, each with no client left but the tunnels that stay
        self.reloads = 0

    def _renewals(self):
        """For each name two pairs of (chain, key), which take turns."""
        other = Certificates(self.folder / "renewals")
        for file in ("root.pem", "root.key", "intermediate.pem", "intermediate.key"):
            shutil.copy(self.certificates.folder / file, other.folder / file)
        pairs = {}
        for host in TERMINATED:
            other.serve(host.name)
            pairs[host.name] = [((place / "fullchain.pem").read_bytes(), (place / "privkey.pem").read_bytes())
                                for place in (self.certificates.served / host.name, other.served / host.name)]
        return pairs

    async def run(self, seconds, rounds):
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda loop, context: None)  # of transports that we abort
        whole = Round(self.gate.port, self.certificates.root, self.counts)
        staying = [asyncio.create_task(stay_open(whole, HOSTS[0])) for _ in range(5)]
        for number in range(rounds):
            await self._round(seconds / rounds, number, staying)
        whole.over.set()
        await asyncio.wait_for(asyncio.gather(*staying), 4 * PATIENCE)

    async def _round(self, seconds, number, staying):
        lap = Round(self.gate.port, self.certificates.root, self.counts)
        tasks = start_clients(lap, HOSTS, self.each, slow_hellos=number % 4 == 3)  # each holds its round up
        tasks += [asyncio.create_task(worker(lap)) for worker in (self._kill_backends, self._renew, self._reconfigure)]
        done, _ = await asyncio.wait(tasks + staying, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
        lap.over.set()
        if not done:
            done, pending = await asyncio.wait(tasks, timeout=6 * PATIENCE)
            if pending:
                raise Wrong(f"{len(pending)} clients hang: {pending}")
        for task in done:
            task.result()  # raises what it has failed with
        if self.gate.process.poll() is not None:
            raise Wrong(f"wssgate ended with {self.gate.process.returncode}: {self.gate.errors()[-4000:]}")
        await self._rest(len(staying))
        self.samples.append(memory(self.gate.process.pid))
        print(f"round {number + 1}: memory {self.samples[-1]} KiB, {self.gate.descriptors()} descriptors, "
              f"{self.counts['echoes']} echoes, {self.counts['requests']} requests, {self.reloads} reloads", flush=True)

    async def _rest(self, staying):
        """Until nothing is open but the tunnels that stay."""
        give_up = time.monotonic() + PATIENCE
        while True:
            status = await asyncio.to_thread(self.gate.status)
            if (status["connections"], status["tunnels"]["open"]) == (staying, staying):
                return
            if time.monotonic() > give_up:
                raise Wrong(f"with all clients but {staying} gone, {status['connections']} connections and "
                            f"{status['tunnels']['open']} tunnels are open after {PATIENCE} s")
            await asyncio.sleep(0.2)

    async def _kill_backends(self, lap):
        mortal = [backend for backend in self.backends if backend.pool != "steady"]
        while not lap.over.is_set():
            await lap.pause(3)
            backend = lap.chance.choice(mortal)
            backend.child.kill()
            self.counts["backends killed"] += 1
            await lap.pause(2)
            backend.start()
            give_up = time.monotonic() + PATIENCE
            while not backend.serving():
                if time.monotonic() > give_up:
                    raise AssertionError(f"the backend {backend.name} does not come back")
                await asyncio.sleep(0.05)

    async def _reload(self):
        """wssgate reload: whether everything on the disk serves."""
        process = await asyncio.create_subprocess_exec(
            wssgate_program(), "reload", "--admin", self.gate.admin(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        output, _ = await asyncio.wait_for(process.communicate(), PATIENCE)
        self.reloads += 1
        self.counts["reloads asked for"] += 1
        return process.returncode, output.decode()

    async def _renew(self, lap):
        """A renewal half written serves nothing new, a good one serves."""
        turn = 0
        while not lap.over.is_set():
            turn += 1
            name = lap.chance.choice(TERMINATED).name
            place = self.certificates.served / name
            old, new = self.renewals[name]
            for file, content in (("fullchain.pem", new[0][:len(new[0]) // 3]), ("fullchain.pem", new[0])):
                (place / file).write_bytes(content)  # half a chain, then one without its key
                code, output = await self._reload()
                if code != 1:
                    raise Wrong(f"half a renewal of {name} was taken: {output}")
                await self._shows(lap, name, old[0])
                self.counts["half renewals refused"] += 1
            (place / "privkey.pem").write_bytes(new[1])
            await self._reload_until_good(name)
            await self._shows(lap, name, new[0])
            self.counts["renewals"] += 1
            self.renewals[name] = [new, old]
            await lap.pause(2)

    async def _reload_until_good(self, what):
        """The other worker may have the configuration half written at this moment."""
        give_up = time.monotonic() + PATIENCE
        while True:
            code, output = await self._reload()
            if code == 0:
                return
            if time.monotonic() > give_up:
                raise Wrong(f"after {what} is good again a reload still says: {output}")
            await asyncio.sleep(0.1)

    async def _shows(self, lap, name, chain):
        reader, writer = await lap.open(Host(name, ""))
        shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        writer.transport.abort()
        text = chain.decode()
        leaf = text[:text.index("-----END CERTIFICATE-----") + len("-----END CERTIFICATE-----")]
        if shown != ssl.PEM_cert_to_DER_cert(leaf):
            raise Wrong(f"{name} shows another certificate than the one that is to serve")

    async def _reconfigure(self, lap):
        """Other configurations, half-written ones among them, by SIGHUP and by their change alone."""
        number = 0
        while not lap.over.is_set():
            number += 1
            text = self.gate.variant(number)
            self.gate.config.write_text(text[:lap.chance.randrange(len(text))])
            if number % 2:
                self.gate.process.send_signal(signal.SIGHUP)
            await lap.pause(0.5)
            self.gate.config.write_text(text)
            self.gate.process.send_signal(signal.SIGHUP)
            self.counts["reconfigurations"] += 1
            await lap.pause(2)
        self.gate.config.write_text(self.gate.variant(0))
        await self._reload()

    def judge(self):
        """The end: everything is back where it was. Returns the figures."""
        eventually("nothing to be open or counted as open", self.gate.idle)
        for backend in self.backends:
            backend.child.kill()  # ends the connections that wssgate has kept for other requests
        eventually(f"{self.rest} descriptors again", lambda: self.gate.descriptors() <= self.rest)
        part = max(1, len(self.samples) // 5)  # the first part is the warm-up
        before, after = max(self.samples[:2 * part]), statistics.median(self.samples[-part:])
        if after > before * 1.15 + self.slack:
            raise Wrong(f"memory has grown from {before} KiB after the warm-up to {after} KiB: {self.samples}")
        if self.gate.terminate() != 0:
            raise Wrong(f"wssgate ended with {self.gate.process.returncode}: {self.gate.errors()[-4000:]}")
        bugs = [line for line in self.gate.errors().splitlines() if "internal_error" in line]
        if bugs:
            raise Wrong(f"{len(bugs)} internal errors were logged, the first: {bugs[0]}")
        missing = [what for what in ("echoes", "tunnels", "requests", "large bodies", "slow hellos cut off", "stalls",
                                     "unknown names refused", "backends killed", "renewals", "reconfigurations",
                                     "clients killed or reset") if self.counts[what] == 0]
        if missing:
            raise Wrong(f"the soak has tried nothing of: {', '.join(missing)}")
        return {"memory after warm-up": before, "memory at the end": after, "descriptors": self.rest, **self.counts}


def soak(folder, seconds, rounds, each=1, slack=SLACK):
    """Runs a soak; the figures, or Wrong or AssertionError."""
    whole = Soak(folder, each, slack)
    try:
        asyncio.run(whole.run(seconds, rounds))
        return whole.judge()
    finally:
        for child in [whole.gate, *(backend.child for backend in whole.backends)]:
            child.kill()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--each", type=int, default=1, help="clients of each kind and host")
    parser.add_argument("--program", default=str(ROOT / "build" / "release" / "wssgate"))
    parser.add_argument("--keep", help="a new folder for logs and certificates, kept afterwards")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))  # ends its processes too
    os.environ["WSSGATE"] = options.program
    folder = options.keep or tempfile.mkdtemp(prefix="wssgate-soak-")
    try:
        figures = soak(folder, options.minutes * 60, max(5, round(options.minutes * 2)), options.each)
    except (Wrong, AssertionError) as failure:
        sys.exit(f"FAILED: {failure}")
    finally:
        if not options.keep:
            shutil.rmtree(folder, ignore_errors=True)
    for what, figure in figures.items():
        print(f"{what:40} {figure}")


if __name__ == "__main__":
    main()
