"""What all proxies stand between: the load, the certificates, and the backend."""

import os
import pathlib
import ssl
import subprocess
import sys

from comparison import machine
from comparison.load import Backend, figures_of, load_command
from comparison.peers import HOST

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent.parent / "tests" / "peers"))
from harness import Certificates  # noqa: E402


class Stand:
    """Certificates and a backend in a folder, and the program that makes the load."""

    def __init__(self, folder, wssbench):
        self.folder, self.wssbench = pathlib.Path(folder), str(wssbench)
        self.cores = machine.Cores()
        self.descriptors = machine.raise_descriptors()
        self.made = 0
        certificates = Certificates(self.folder / "certificates")
        certificates.serve(HOST)
        self.root, self.served = certificates.root, certificates.served
        self.chain, self.key = (self.served / HOST / name for name in ("fullchain.pem", "privkey.pem"))
        self.key.chmod(0o600)
        self.pem = self.folder / "bundle.pem"
        self.pem.write_text(self.key.read_text() + self.chain.read_text())
        self.pem.chmod(0o600)
        self.trust = ssl.create_default_context(cafile=str(self.root))
        self.backend = Backend(self.wssbench, self.cores.load())

    def new_folder(self, label):
        self.made += 1
        folder = self.folder / f"{self.made:04}-{label}"
        folder.mkdir()
        return folder

    def settings(self):
        """The values of templates that are the same for all proxies."""
        return {"certificates": self.served, "root": self.root, "chain": self.chain, "key": self.key, "pem": self.pem,
                "backend": self.backend.port, "name": HOST, "connections": self.most_tunnels()}

    def most_tunnels(self):
        """A tunnel takes two descriptors of a proxy."""
        return min((self.descriptors - 200) // 2, 16384)

    def start_load(self, served, mode, *options, path="/", workers=1, niceness=0):
        """Starts wssbench against a proxy. What it returns is for figures_of()."""
        scheme = "https" if mode == "get" else "wss"
        cores = self.cores.load(workers)
        command, result = load_command(self.wssbench, mode, f"{scheme}://{HOST}:{served.port}{path}", served.port,
                                       self.root, served.folder)
        command += ["--threads", len(cores), "--pid", served.pid, *options]

        def prepare():
            os.sched_setaffinity(0, cores)
            os.nice(niceness)

        return subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, preexec_fn=prepare), result

    def load(self, served, mode, *options, **where):
        """The figures of one run."""
        return figures_of(self.start_load(served, mode, *options, **where), 120)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.backend.close()
