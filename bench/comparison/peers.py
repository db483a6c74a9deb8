"""The proxies that are compared: how each is configured, started, reloaded and ended."""

import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import string
import subprocess
import time

from comparison import machine

TEMPLATES = pathlib.Path(__file__).resolve().parent.parent / "peers"
PATIENCE = 30  # seconds that a proxy may take to serve, and to end
HOST = "bench.example.com"


class Template(string.Template):
    """Configuration files have '$' of their own: names to be filled in are written @{name}."""

    delimiter = "@"


class Peer:
    """A kind of proxy. `label` names it on the command line and in tables."""

    label = package = template = ""
    speaks_http = True
    of_openssl = True  # its memory and handshakes rest on the same library as wssgate's

    def __init__(self):
        self.program = shutil.which(self.package, path=os.environ.get("PATH", "") + ":/usr/sbin")

    def version(self):
        return self._version([self.program, "-v"])

    def _version(self, command):
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
        found = re.search(r"\d+(\.\d+)+\S*", done.stdout + done.stderr)
        return found[0] if found else "unknown"

    def settings(self, stand):
        """More values for its template."""
        return {}

    def command(self, config):
        raise NotImplementedError

    def environment(self, stand, workers):
        return {}

    def reload(self, served):
        """Has it read its files again; returns when it has been asked to."""
        served.process.send_signal(signal.SIGHUP)


class Wssgate(Peer):
    label, template = "wssgate", "wssgate.yaml"

    def __init__(self, program, label="wssgate"):
        self.program, self.label = str(program), label

    def version(self):
        return self._version([self.program, "--version"])

    def command(self, config):
        return [self.program, "run", "-c", config]

    def reload(self, served):
        subprocess.run([self.program, "reload", "-c", served.config], check=True, timeout=PATIENCE,
                       stdout=subprocess.DEVNULL)


class Nginx(Peer):
    label, package, template = "nginx", "nginx", "nginx.conf"
    buffers = ""

    def settings(self, stand):
        return {"buffers": self.buffers, "user": "user root;" if os.getuid() == 0 else ""}

    def command(self, config):
        return [self.program, "-c", config, "-p", config.parent, "-e", "stderr"]


class NginxTuned(Nginx):
    label = "nginx-tuned"
    buffers = "proxy_buffer_size 16k; proxy_buffers 8 16k; proxy_busy_buffers_size 32k;"


class HAProxy(Peer):
    label, package, template = "haproxy", "haproxy", "haproxy.cfg"

    def command(self, config):
        return [self.program, "-W", "-f", config]

    def reload(self, served):
        served.process.send_signal(signal.SIGUSR2)


class Nghttpx(Peer):
    label, package, template = "nghttpx", "nghttpx", "nghttpx.conf"

    def version(self):
        return self._version([self.program, "--version"])

    def settings(self, stand):
        return {"user": "user=root" if os.getuid() == 0 else ""}

    def command(self, config):
        return [self.program, f"--conf={config}"]


class Hitch(Peer):
    label, package, template = "hitch", "hitch", "hitch.conf"
    speaks_http = False

    def version(self):
        return self._version([self.program, "--version"])

    def settings(self, stand):
        return {"user": 'user = "nobody"' if os.getuid() == 0 else ""}  # it refuses to work as root

    def command(self, config):
        return [self.program, f"--config={config}"]


class Caddy(Peer):
    label, package, template = "caddy", "caddy", "Caddyfile"
    of_openssl = False
    admin = "off"

    def version(self):
        return self._version([self.program, "version"])

    def settings(self, stand):
        return {"admin": self.admin}

    def command(self, config):
        return [self.program, "run", "--config", config, "--adapter", "caddyfile"]

    def environment(self, stand, workers):
        home = str(stand.folder)
        return {"GOMAXPROCS": str(workers), "HOME": home, "XDG_DATA_HOME": home, "XDG_CONFIG_HOME": home}


class CaddyWithAdmin(Caddy):
    """As it has to be to be reloaded."""

    @property
    def admin(self):
        return f"127.0.0.1:{self.port}"

    def __init__(self):
        super().__init__()
        self.port = machine.free_port()

    def reload(self, served):
        # It answers when the connections of before have ended.
        served.helpers.append(subprocess.Popen(
            [self.program, "reload", "--force", "--config", served.config, "--adapter", "caddyfile", "--address",
             self.admin], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))


PEERS = [Nginx, NginxTuned, HAProxy, Nghttpx, Hitch, Caddy]


class Served:
    """A running proxy. Use it in a `with` statement: leaving it ends the proxy."""

    def __init__(self, peer, stand, workers=1):
        self.peer, self.stand = peer, stand
        self.port = machine.free_port()
        self.folder = stand.new_folder(peer.label)
        self.config = self.folder / peer.template
        self.config.write_text(self._configuration(workers))
        self.log = open(self.folder / "log", "wb")
        self.helpers = []  # commands to it that may still run
        cores = stand.cores.proxy(workers)
        # In a group of its own, so that all of it can be ended and nothing else is.
        self.process = subprocess.Popen(
            [str(part) for part in peer.command(self.config)], stdin=subprocess.DEVNULL, stdout=self.log,
            stderr=self.log, env={**os.environ, **peer.environment(stand, workers)}, process_group=0,
            preexec_fn=lambda: os.sched_setaffinity(0, cores))
        self.pid = self.process.pid
        try:
            self._wait_until_it_serves()
        except BaseException:
            self.stop()
            raise

    def _configuration(self, workers):
        template = Template((TEMPLATES / self.peer.template).read_text())
        return template.substitute(self.stand.settings(), port=self.port, workers=workers, folder=self.folder,
                                   **self.peer.settings(self.stand))

    def _wait_until_it_serves(self):
        give_up = time.monotonic() + PATIENCE
        while time.monotonic() < give_up and self.process.poll() is None:
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=5) as plain:
                    with self.stand.trust.wrap_socket(plain, server_hostname=HOST):
                        return
            except (OSError, ssl.SSLError):
                time.sleep(0.02)
        raise RuntimeError(f"{self.peer.label} does not serve:\n{self.logged()}")

    def logged(self):
        return (self.folder / "log").read_text(errors="replace")[-2000:]

    def reload(self):
        self.peer.reload(self)

    def stop(self):
        for helper in self.helpers:
            helper.kill()
            helper.wait(PATIENCE)
        for _ in range(2):  # the second time, for those that wait for open connections first
            if self.process.poll() is None:
                self.process.terminate()
                try:
                    self.process.wait(3)
                except subprocess.TimeoutExpired:
                    pass
        machine.kill_group(self.process, PATIENCE)
        self.log.close()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.stop()
