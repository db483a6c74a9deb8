"""What the peers' tests stand on: certificates, wssgate and other programs as child processes.

Every process is started here, is ended by its own id, and every wait has an end. The wssgate to drive
is named by the environment variable WSSGATE.
"""

import atexit
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
PATIENCE = 30  # seconds that anything here may take; far more than it does

# All traffic stays on this machine; a proxy of the user's is not asked.
for variable in [name for name in os.environ if name.lower().endswith("_proxy")]:
    del os.environ[variable]


def program(name, package):
    """The path of a program that these tests need. A missing one is a failure, not a skip."""
    found = shutil.which(name)
    if found is None:
        raise AssertionError(f"{name} is not installed, and these tests need it: install the Debian package {package}")
    return found


def node():
    if not (HERE / "node_modules" / "ws").is_dir():
        raise AssertionError(f"the npm packages are missing: run 'npm ci' in {HERE}, or ./test")
    return program("node", "nodejs")


def wssgate_program():
    path = os.environ.get("WSSGATE", "")
    if not os.access(path, os.X_OK):
        raise AssertionError(f"WSSGATE={path!r} names no program: set it to the built wssgate (ctest does)")
    return path


def free_port():
    """A port of 127.0.0.1 that was free a moment ago, for programs that cannot say which one they got."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def eventually(what, look):
    """Looks until look() gives something true, and returns that."""
    give_up = time.monotonic() + PATIENCE
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > give_up:
            raise AssertionError(f"waited {PATIENCE} s in vain for {what}")
        time.sleep(0.01)


class Certificates:
    """A root, an intermediate, and leaves by name, made with the openssl command."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.served = self.folder / "served"  # what wssgate is given: a subfolder a leaf
        self.root = self.folder / "root.pem"
        (self.folder / "openssl.cnf").write_text("[req]\ndistinguished_name = name\n[name]\n")
        authority = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"]
        self._make("root", "wssgate peers' root", authority, issuer=None)
        self._make("intermediate", "wssgate peers' intermediate", authority, issuer="root")

    def _make(self, file, common_name, extensions, issuer):
        command = [program("openssl", "openssl"), "req", "-x509", "-config", self.folder / "openssl.cnf",
                   "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
                   "-subj", f"/CN={common_name}", "-keyout", self.folder / f"{file}.key",
                   "-out", self.folder / f"{file}.pem"]
        if issuer:
            command += ["-CA", self.folder / f"{issuer}.pem", "-CAkey", self.folder / f"{issuer}.key"]
        for extension in extensions:
            command += ["-addext", extension]
        subprocess.run(command, check=True, capture_output=True, timeout=PATIENCE)

    def client(self, name):
        """A client's certificate below the root, name.pem and name.key."""
        self._make(name, name, ["basicConstraints=critical,CA:FALSE", "keyUsage=critical,digitalSignature",
                                "extendedKeyUsage=clientAuth"], issuer="root")

    def serve(self, *names):
        """Puts a leaf for these names where wssgate finds it."""
        label = names[0].replace("*", "any")
        self._make(label, names[0], ["subjectAltName=" + ",".join(f"DNS:{name}" for name in names),
                                     "basicConstraints=critical,CA:FALSE",
                                     "keyUsage=critical,digitalSignature",
                                     "extendedKeyUsage=serverAuth"], issuer="intermediate")
        place = self.served / label
        place.mkdir(parents=True)
        leaf = (self.folder / f"{label}.pem").read_text()
        (place / "fullchain.pem").write_text(leaf + (self.folder / "intermediate.pem").read_text())
        shutil.move(self.folder / f"{label}.key", place / "privkey.pem")


class Child:
    """A process of ours with its output in files. Ended when the tests end, if not before."""

    def __init__(self, folder, name, command, **options):
        self.name = name
        self.stdout = pathlib.Path(folder) / f"{name}.out"
        self.stderr = pathlib.Path(folder) / f"{name}.err"
        with open(self.stdout, "wb") as out, open(self.stderr, "wb") as err:
            self.process = subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL,
                                            stdout=out, stderr=err, **options)
        atexit.register(self.kill)

    def output(self):
        return self.stdout.read_text(errors="replace")

    def errors(self):
        return self.stderr.read_text(errors="replace")

    def events(self):
        """The complete lines of JSON that it has printed, oldest first."""
        lines = self.output().split("\n")[:-1]
        return [json.loads(line) for line in lines if line.startswith("{")]

    def event(self, what, wanted):
        """Waits for the first printed event for which wanted(event) is true."""
        def look():
            return next((event for event in self.events() if wanted(event)), None)
        try:
            return eventually(what, look)
        except AssertionError as vain:
            raise AssertionError(f"{vain}; {self.name} wrote:\n"
                                 f"{self.output()[-4000:]}{self.errors()[-4000:]}") from None

    def wait_for(self, what, look):
        """Waits for look() to be true, but no longer than the process lives."""
        def looked():
            found = look()
            if not found and self.process.poll() is not None:
                raise AssertionError(f"{self.name} ended with {self.process.returncode} before {what}:\n"
                                     f"{self.output()}{self.errors()}")
            return found
        return eventually(f"{self.name}: {what}", looked)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(PATIENCE)

    def terminate(self):
        """Ends it orderly and returns its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)


class Backend(Child):
    """A program of backends/, which prints {"listening": PORT} once it serves."""

    def __init__(self, folder, file, *arguments, name=None):
        path = HERE / "backends" / file
        interpreter = "/usr/bin/python3" if path.suffix == ".py" else node()
        super().__init__(folder, name or path.stem, [interpreter, path, *arguments])
        self.port = self.wait_for("listening", self._listening)

    def _listening(self):
        return next((event["listening"] for event in self.events() if "listening" in event), None)


class Wssgate(Child):
    """wssgate run, on a port of its own, with certificates of its own.

    `hosts` maps each host's names (separated by spaces) to its routes, and a route is (path, port of the
    backend on 127.0.0.1) or (path, port, more YAML). `upstreams` are named sections of YAML, and a route may
    have such a name in the place of its port. `prefix` is a command that ends by running what follows it.
    """

    def __init__(self, folder, certificates, hosts, more="", upstreams=None, prefix=()):
        self.port = free_port()
        self.config = pathlib.Path(folder) / "wssgate.yaml"
        self.config.write_text(self._configuration(certificates, hosts, upstreams or {}) + more)
        super().__init__(folder, "wssgate", [*prefix, wssgate_program(), "run", "-c", self.config])
        self.wait_for("serving", lambda: '"serving"' in self.errors())

    def _configuration(self, certificates, hosts, upstreams):
        lines = ["listeners:", f"  - address: 127.0.0.1:{self.port}",
                 f"admin: {{address: \"unix:{self.config.parent}/admin.sock\"}}",
                 "certificates:", f"  folders: [{certificates.served}]", f"  roots: [{certificates.root}]",
                 "hosts:"]
        ports = set()
        for names, routes in hosts.items():
            quoted = ", ".join(f'"{name}"' for name in names.split())
            lines += [f"  - names: [{quoted}]", "    routes:"]
            for path, port, *rest in routes:
                upstream = port if port in upstreams else f"port-{port}"
                lines.append(f"      - {{path: {path}, upstream: {upstream}{''.join(', ' + more for more in rest)}}}")
                if port not in upstreams:
                    ports.add(port)
        lines.append("upstreams:")
        for port in sorted(ports):
            lines += [f"  port-{port}:", f"    endpoints: [127.0.0.1:{port}]"]
        lines += [f"  {name}: {section}" for name, section in upstreams.items()]
        return "\n".join(lines) + "\n"

    def url(self, name, path="/", scheme="wss"):
        return f"{scheme}://{name}:{self.port}{path}"

    def access(self, **wanted):
        """Waits for the access line that has these fields."""
        return self.event(f"an access line with {wanted}",
                          lambda line: all(line.get(key) == value for key, value in wanted.items()))

    def refusal(self, **wanted):
        """Waits for the log line of a refused connection that has these fields."""
        def matches(line):
            return line.get("event") == "connection_refused" and \
                all(line.get(key) == value for key, value in wanted.items())

        def look():
            lines = [json.loads(line) for line in self.errors().split("\n")[:-1]]
            return next((line for line in lines if matches(line)), None)
        return eventually(f"a refusal with {wanted}", look)


class PeerTest(unittest.TestCase):
    """Tests with one temporary folder and one set of child processes a class: see set_up_class()."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="wssgate-peers-")
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.children = []
        cls.addClassCleanup(cls._end_children)
        cls.certificates = Certificates(os.path.join(cls.folder, "certificates"))
        cls.set_up_class()

    @classmethod
    def set_up_class(cls):
        """Starts what the tests of the class share; overridden."""

    @classmethod
    def _end_children(cls):
        gates = [child for child in cls.children if isinstance(child, Wssgate)]
        for child in cls.children:
            if child not in gates:
                child.kill()
        for gate in gates:
            code = gate.terminate()
            assert code == 0, f"wssgate ended with {code}:\n{gate.errors()[-4000:]}"

    @classmethod
    def backend(cls, file, *arguments, name=None):
        return cls._kept(Backend(cls.folder, file, *arguments, name=name))

    @classmethod
    def wssgate(cls, hosts, more="", upstreams=None, prefix=()):
        """Serves these hosts, with a certificate for each."""
        for names in hosts:
            cls.certificates.serve(*names.split())
        return cls._kept(Wssgate(cls.folder, cls.certificates, hosts, more, upstreams, prefix))

    @classmethod
    def child(cls, name, command, **options):
        return cls._kept(Child(cls.folder, name, command, **options))

    @classmethod
    def _kept(cls, child):
        cls.children.append(child)
        return child

    def node_client(self, url, *steps, **options):
        """Runs clients/ws_client.mjs to its end, and returns the events that it printed."""
        client = self.start_node_client(url, *steps, **options)
        client.process.wait(PATIENCE)
        self.assertEqual(client.errors(), "")
        return client.events()

    def start_node_client(self, url, *steps, protocols=(), ca=None, trust=True, **options):
        """Starts clients/ws_client.mjs with these steps; `options` are those of `ws`."""
        script = {"url": url, "steps": steps, "protocols": protocols, "options": options}
        if trust:
            script["ca"] = str(ca or self.certificates.root)
        name = f"client-{len(self.children)}"
        file = pathlib.Path(self.folder) / f"{name}.json"
        file.write_text(json.dumps(script))
        return self.child(name, [node(), HERE / "clients" / "ws_client.mjs", file])

    def run_program(self, *command, stdin=None, **options):
        """Runs a program to its end; its output is text, and its exit code is not judged."""
        return subprocess.run([str(part) for part in command], input=stdin, capture_output=True, timeout=PATIENCE,
                              text=not isinstance(stdin, bytes), errors=None if isinstance(stdin, bytes) else "replace",
                              **options)
