#!/usr/bin/env python3
"""What many hosts with certificates of their own cost: see README.md.

    bench/many_hosts.py [--build build/release] [--counts 1,1000,10000] [--rounds 3]

wssgate, and nginx and HAProxy where they are installed, serve the same certificates with one worker
each, one after the other, round by round. Everything stands on loopback and in a temporary folder.
"""

import argparse
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

PATIENCE = 180  # seconds: no step takes longer
HANDSHAKES = 1000


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def name(number):
    return f"h{number:05}.example.com"


CLIENT = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
CLIENT.check_hostname = False
CLIENT.verify_mode = ssl.CERT_NONE


def leaf(port, number):
    """The certificate that a full handshake shows."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as plain:
        with CLIENT.wrap_socket(plain, server_hostname=name(number)) as tls:
            return tls.getpeercert(binary_form=True)


def der(path):
    text = path.read_text()
    end = "-----END CERTIFICATE-----"
    return ssl.PEM_cert_to_DER_cert(text[: text.index(end) + len(end)] + "\n")


def family(pid):
    """A process and its descendants."""
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children")
    try:
        below = [int(child) for child in children.read_text().split()]
    except FileNotFoundError:
        return []
    return [pid] + [each for child in below for each in family(child)]


def cpu(pid):
    """Seconds of CPU of a process tree: of all its threads that live, and of its dead children."""
    total = 0.0
    for each in family(pid):
        fields = pathlib.Path(f"/proc/{each}/stat").read_text().rsplit(")", 1)[1].split()
        own, dead = sum(map(int, fields[11:13])), sum(map(int, fields[13:15]))
        total += (own + dead) / os.sysconf("SC_CLK_TCK")
    return total


def pss(pid):
    """KiB of a process tree, each page divided among those that share it."""
    total = 0
    for each in family(pid):
        for line in pathlib.Path(f"/proc/{each}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1])
    return total


class Proxy:
    """A program under measurement, serving the hosts of a folder."""

    def __init__(self, folder, port, count):
        self.folder, self.port, self.count = folder, port, count
        self.log = open(folder / f"{self.title}.log", "ab")
        began = time.monotonic()
        self.process = subprocess.Popen(self.command(), stdout=self.log, stderr=self.log)
        self.wait_for(lambda shown: True)
        self.start_wall = time.monotonic() - began
        self.start_cpu = cpu(self.process.pid)

    def wait_for(self, good):
        give_up = time.monotonic() + PATIENCE
        while time.monotonic() < give_up:
            if self.process.poll() is not None:
                sys.exit(f"{self.title} ended; see {self.log.name}")
            try:
                if good(leaf(self.port, 0)):
                    return
            except OSError:
                pass
            time.sleep(0.01)
        sys.exit(f"{self.title} does not serve; see {self.log.name}")

    def reload(self):
        """One certificate has changed: (seconds until it serves, seconds of CPU)."""
        self.change()
        wanted = der(self.folder / "certs" / "h00000" / "fullchain.pem")
        began, cpu_before = time.monotonic(), cpu(self.process.pid)
        self.ask()
        self.wait_for(lambda shown: shown == wanted)
        wall = time.monotonic() - began
        self.settle()
        return wall, cpu(self.process.pid) - cpu_before

    def change(self):
        """The first host's certificate changes places with the other one that it has."""
        serving, other = self.folder / "certs" / "h00000", self.folder / "renewed"
        aside = self.folder / "aside"
        serving.rename(aside)
        other.rename(serving)
        aside.rename(other)

    def ask(self):
        self.process.send_signal(signal.SIGHUP)

    def settle(self):
        """Until the processes of before are gone, and nothing is being done."""
        quiet, last = 0, cpu(self.process.pid)
        while quiet < 8:
            time.sleep(0.1)
            now = cpu(self.process.pid)
            quiet = quiet + 1 if now - last < 0.02 else 0
            last = now

    def handshakes(self):
        """Seconds of CPU for one full handshake with a host chosen at random."""
        chosen = random.Random(1)
        before = cpu(self.process.pid)
        for _ in range(HANDSHAKES):
            leaf(self.port, chosen.randrange(self.count))
        return (cpu(self.process.pid) - before) / HANDSHAKES

    def stop(self):
        self.process.terminate()
        self.process.wait(PATIENCE)
        self.log.close()


class Wssgate(Proxy):
    title = "wssgate"
    binary = ""

    def command(self):
        return [self.binary, "run", "-c", str(self.folder / "wssgate.yaml")]

    def ask(self):
        command = [self.binary, "reload", "-c", str(self.folder / "wssgate.yaml")]
        # It may have seen the files change before it was asked.
        subprocess.run(command, check=True, stdout=self.log, stderr=self.log, timeout=PATIENCE)


class Nginx(Proxy):
    title = "nginx"

    def command(self):
        lines = [
            "daemon off; worker_processes 1; user root;" if os.getuid() == 0 else "daemon off;",
            f"pid {self.folder}/nginx.pid; error_log stderr;",
            "events { worker_connections 1024; }",
            "http { access_log off; server_names_hash_max_size 131072; ssl_session_cache off;",
            f"client_body_temp_path {self.folder}/nginx; proxy_temp_path {self.folder}/nginx;",
            f"fastcgi_temp_path {self.folder}/nginx; uwsgi_temp_path {self.folder}/nginx;",
            f"scgi_temp_path {self.folder}/nginx;",
        ]
        for i in range(self.count):
            pair = self.folder / "certs" / f"h{i:05}"
            lines.append(
                f"server {{ listen 127.0.0.1:{self.port} ssl; server_name {name(i)};"
                f" ssl_certificate {pair}/fullchain.pem; ssl_certificate_key {pair}/privkey.pem;"
                " location / { proxy_pass http://127.0.0.1:9; } }"
            )
        file = self.folder / "nginx.conf"
        file.write_text("\n".join(lines) + "\n}\n")
        return ["nginx", "-c", str(file), "-p", str(self.folder), "-e", "stderr"]


class HAProxy(Proxy):
    title = "haproxy"

    def command(self):
        file = self.folder / "haproxy.cfg"
        file.write_text(
            "global\n  nbthread 1\n  hard-stop-after 1s\n"
            "defaults\n  mode http\n  timeout connect 5s\n  timeout client 30s\n"
            "  timeout server 30s\n"
            f"frontend f\n  bind 127.0.0.1:{self.port} ssl strict-sni crt {self.folder}/pem\n"
            "  default_backend b\nbackend b\n  server s 127.0.0.1:9\n"
        )
        return ["haproxy", "-W", "-f", str(file)]

    def change(self):
        super().change()
        pair = self.folder / "certs" / "h00000"
        both = (pair / "fullchain.pem").read_text() + (pair / "privkey.pem").read_text()
        (self.folder / "pem" / "h00000.pem").write_text(both)

    def ask(self):
        self.process.send_signal(signal.SIGUSR2)


def measure(kind, folder, port, count, reload_count):
    proxy = kind(folder, port, count)
    proxy.settle()
    result = {"start s": proxy.start_wall, "start CPU s": proxy.start_cpu}
    result["PSS KiB"] = pss(proxy.process.pid)
    result["handshake CPU us"] = proxy.handshakes() * 1e6
    reloads = [proxy.reload() for _ in range(reload_count)]
    result["reload s"] = statistics.median(wall for wall, _ in reloads)
    result["reload CPU s"] = statistics.median(used for _, used in reloads)
    result["PSS after reloads KiB"] = pss(proxy.process.pid)
    proxy.stop()
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="build/release", help="with wssgate and bench/make_hosts")
    parser.add_argument("--counts", default="1,1000,10000", help="of hosts; the first is the base")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--reloads", type=int, default=10)
    parser.add_argument("--only", default="", help="wssgate,nginx,haproxy: these alone")
    options = parser.parse_args()
    build = pathlib.Path(options.build).resolve()
    Wssgate.binary = str(build / "wssgate")
    kinds = [Wssgate] + [each for each in (Nginx, HAProxy) if shutil.which(each.title)]
    if options.only:
        kinds = [each for each in kinds if each.title in options.only.split(",")]

    print(f"{'hosts':>6} {'':8} {'start':>7} {'CPU':>7} {'PSS':>8} {'a host':>7} {'reloaded':>9}"
          f" {'reload':>7} {'CPU':>7} {'handshake CPU':>14}")
    base = {}
    for count in map(int, options.counts.split(",")):
        with tempfile.TemporaryDirectory(prefix="many-hosts-") as made:
            folder, port = pathlib.Path(made), free_port()
            generator = str(build / "bench" / "make_hosts")
            subprocess.run([generator, made, str(count), str(port)], check=True)
            results = {kind: [] for kind in kinds}
            for _ in range(options.rounds):
                for kind in kinds:
                    results[kind].append(measure(kind, folder, port, count, options.reloads))
        for kind in kinds:
            middle = {key: statistics.median(each[key] for each in results[kind])
                      for key in results[kind][0]}
            base.setdefault(kind, middle["PSS KiB"])
            each = (middle["PSS KiB"] - base[kind]) / (count - 1) if count > 1 else 0
            print(f"{count:6} {kind.title:8} {middle['start s']:5.2f} s {middle['start CPU s']:5.2f} s"
                  f" {middle['PSS KiB'] / 1024:4.0f} MiB {each:4.1f} KiB"
                  f" {middle['PSS after reloads KiB'] / 1024:5.0f} MiB {middle['reload s']:5.2f} s"
                  f" {middle['reload CPU s']:5.2f} s {middle['handshake CPU us']:11.0f} us",
                  flush=True)


if __name__ == "__main__":
    main()
