"""wssgate, nginx and HAProxy, each with one worker and with many hosts that have certificates of their own."""

import os
import pathlib
import random
import shutil
import signal
import socket
import ssl
import subprocess
import time

from comparison import machine

PATIENCE = 180  # seconds: no step takes longer
HANDSHAKES = 1000

CLIENT = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
CLIENT.check_hostname = False
CLIENT.verify_mode = ssl.CERT_NONE


def host_name(number):
    return f"h{number:05}.example.com"


def leaf(port, number):
    """The certificate that a full handshake shows."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as plain:
        with CLIENT.wrap_socket(plain, server_hostname=host_name(number)) as tls:
            return tls.getpeercert(binary_form=True)


def der(path):
    text = path.read_text()
    end = "-----END CERTIFICATE-----"
    return ssl.PEM_cert_to_DER_cert(text[: text.index(end) + len(end)] + "\n")


class ManyHosts:
    """A proxy that serves what make_hosts has written to a folder. Use it in a `with` statement."""

    title = ""

    def __init__(self, folder, port, count, backend):
        self.folder, self.port, self.count, self.backend = pathlib.Path(folder), port, count, backend
        self.log = open(self.folder / f"{self.title}.log", "ab")
        began = time.monotonic()
        self.process = subprocess.Popen(self.command(), stdout=self.log, stderr=self.log, process_group=0)
        self.pid = self.process.pid
        try:
            self.wait_for(lambda shown: True)
        except BaseException:
            self.stop()
            raise
        self.start_wall = time.monotonic() - began
        self.start_cpu = machine.cpu(self.pid)

    def command(self):
        raise NotImplementedError

    def wait_for(self, good):
        give_up = time.monotonic() + PATIENCE
        while time.monotonic() < give_up:
            if self.process.poll() is not None:
                break
            try:
                if good(leaf(self.port, 0)):
                    return
            except OSError:
                pass
            time.sleep(0.01)
        tail = pathlib.Path(self.log.name).read_text(errors="replace")[-2000:]
        raise RuntimeError(f"{self.title} does not serve, or not what it should:\n{tail}")

    def reload(self):
        """One certificate has changed: (seconds until it serves, seconds of CPU)."""
        self.change()
        wanted = der(self.folder / "certs" / "h00000" / "fullchain.pem")
        began, cpu_before = time.monotonic(), machine.cpu(self.pid)
        self.ask()
        self.wait_for(lambda shown: shown == wanted)
        wall = time.monotonic() - began
        self.settle()
        return wall, machine.cpu(self.pid) - cpu_before

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
        """Until nothing is being done any more, and nothing is left of what was before."""
        quiet, last = 0, machine.cpu(self.pid)
        give_up = time.monotonic() + PATIENCE
        while quiet < 8 and time.monotonic() < give_up:
            time.sleep(0.1)
            now = machine.cpu(self.pid)
            quiet = quiet + 1 if now - last < 0.02 else 0
            last = now

    def handshakes(self, choice):
        """Seconds of CPU for one full handshake with the hosts of these numbers, in turn."""
        before = machine.cpu(self.pid)
        for number in choice:
            leaf(self.port, number)
        return (machine.cpu(self.pid) - before) / len(choice)

    def random_hosts(self):
        chosen = random.Random(1)
        return [chosen.randrange(self.count) for _ in range(HANDSHAKES)]

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            pass
        machine.kill_group(self.process, PATIENCE)
        self.log.close()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.stop()


class Wssgate(ManyHosts):
    title = "wssgate"
    binary = ""

    def command(self):
        return [self.binary, "run", "-c", str(self.folder / "wssgate.yaml")]

    def ask(self):
        command = [self.binary, "reload", "-c", str(self.folder / "wssgate.yaml")]
        # It may have seen the files change before it was asked.
        subprocess.run(command, check=True, stdout=self.log, stderr=self.log, timeout=PATIENCE)


class Nginx(ManyHosts):
    title = "nginx"

    def command(self):
        lines = [
            "daemon off; worker_processes 1; user root;" if os.getuid() == 0 else "daemon off;",
            f"pid {self.folder}/nginx.pid; error_log stderr;",
            "events { worker_connections 1024; }",
            "http { access_log off; server_names_hash_max_size 131072; ssl_session_cache off;",
            "ssl_protocols TLSv1.2 TLSv1.3;",
            f"client_body_temp_path {self.folder}/nginx; proxy_temp_path {self.folder}/nginx;",
            f"fastcgi_temp_path {self.folder}/nginx; uwsgi_temp_path {self.folder}/nginx;",
            f"scgi_temp_path {self.folder}/nginx; proxy_http_version 1.1;",
            "proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;",
        ]
        for i in range(self.count):
            pair = self.folder / "certs" / f"h{i:05}"
            lines.append(
                f"server {{ listen 127.0.0.1:{self.port} ssl; server_name {host_name(i)};"
                f" ssl_certificate {pair}/fullchain.pem; ssl_certificate_key {pair}/privkey.pem;"
                f" location / {{ proxy_pass http://127.0.0.1:{self.backend}; }} }}"
            )
        file = self.folder / "nginx.conf"
        file.write_text("\n".join(lines) + "\n}\n")
        return [shutil.which("nginx", path=SEARCHED), "-c", str(file), "-p", str(self.folder), "-e", "stderr"]


class HAProxy(ManyHosts):
    title = "haproxy"

    def command(self):
        file = self.folder / "haproxy.cfg"
        file.write_text(
            "global\n  nbthread 1\n  hard-stop-after 30s\n"
            "defaults\n  mode http\n  timeout connect 5s\n  timeout client 30s\n"
            "  timeout server 30s\n  timeout tunnel 1h\n"
            f"frontend f\n  bind 127.0.0.1:{self.port} ssl strict-sni crt {self.folder}/pem\n"
            f"  default_backend b\nbackend b\n  server s 127.0.0.1:{self.backend}\n"
        )
        return [shutil.which("haproxy", path=SEARCHED), "-W", "-f", str(file)]

    def change(self):
        super().change()
        pair = self.folder / "certs" / "h00000"
        both = (pair / "fullchain.pem").read_text() + (pair / "privkey.pem").read_text()
        (self.folder / "pem" / "h00000.pem").write_text(both)

    def ask(self):
        self.process.send_signal(signal.SIGUSR2)


SEARCHED = os.environ.get("PATH", "") + ":/usr/sbin"
KINDS = [Wssgate, Nginx, HAProxy]


def installed(kind):
    return kind is Wssgate or shutil.which(kind.title, path=SEARCHED) is not None
