"""wssbench: as the load, and as the backend behind all proxies."""

import json
import os
import socket
import subprocess
import time

from comparison import machine

PATIENCE = 30  # seconds

# Go's servers would choose another suite than OpenSSL's: one for all.
SUITE = "TLS_AES_128_GCM_SHA256"


def load_command(wssbench, mode, url, port, root, folder):
    """(the command, the file that its figures will be in); more options may be appended."""
    result = folder / f"load-{time.monotonic_ns()}.json"
    return [wssbench, mode, url, "--quiet", "--connect", f"127.0.0.1:{port}", "--ca", root, "--tls", "1.3",
            "--ciphers", SUITE, "--json", result], result


def figures_of(started, patience):
    """The figures of (a wssbench that was started, its file); it is ended when it takes too long."""
    process, result = started
    try:
        output, _ = process.communicate(timeout=patience)
    except subprocess.TimeoutExpired:
        process.kill()
        output, _ = process.communicate()
    if not result.exists():
        raise RuntimeError(f"wssbench told nothing: {output[-1000:]}")
    return json.loads(result.read_text())


class Backend:
    """`wssbench backend` on a free port. Use it in a `with` statement: leaving it ends the process."""

    def __init__(self, wssbench, cores=None):
        self.port = machine.free_port()
        prepare = (lambda: os.sched_setaffinity(0, cores)) if cores else None
        self.process = subprocess.Popen([str(wssbench), "backend", "--listen", f"127.0.0.1:{self.port}"],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, preexec_fn=prepare)
        give_up = time.monotonic() + PATIENCE
        while self.process.poll() is None and time.monotonic() < give_up:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=5).close()
                return
            except OSError:
                time.sleep(0.02)
        self.process.kill()
        raise RuntimeError(f"'{wssbench} backend' does not serve")

    def close(self):
        self.process.kill()
        self.process.wait(PATIENCE)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()
