"""Servers with one fault each, for the doctor: OpenSSL's s_server, nginx, HAProxy, and sockets that misbehave.

All listen on addresses of 127.0.0.0/8. What is a thread here ends with its socket.
"""

import base64
import datetime
import hashlib
import pathlib
import re
import shutil
import socket
import struct
import subprocess
import threading

from harness import PATIENCE, Child, eventually, free_port, program

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
DAY = datetime.timedelta(days=1)


class Authority:
    """A CA with a database, so that it can choose dates, revoke, and answer OCSP requests."""

    def __init__(self, folder, label, issuer=None):
        self.folder, self.label, self.issuer = pathlib.Path(folder), label, issuer
        self.folder.mkdir(parents=True, exist_ok=True)
        self.file("index").write_text("")
        self.file("index.attr").write_text("unique_subject = no\n")
        self.file("cnf").write_text(f"""
[req]
distinguished_name = any
[ca]
default_ca = this
[this]
database = {self.file("index")}
new_certs_dir = {self.folder}
certificate = {self.file("pem")}
private_key = {self.file("key")}
rand_serial = yes
default_md = sha256
default_crl_days = 1
policy = any
[any]
commonName = supplied
""")
        usage = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"]
        if issuer:
            issuer.sign(label, f"Doctor's {label}", usage)
        else:
            self.openssl("req", "-x509", "-config", self.file("cnf"), "-newkey", "ec", "-pkeyopt",
                         "ec_paramgen_curve:P-256", "-nodes", "-days", "3650", "-subj", f"/CN=Doctor's {label}",
                         "-keyout", self.file("key"), "-out", self.file("pem"),
                         *[part for each in usage for part in ("-addext", each)])

    def file(self, ending, label=None):
        return self.folder / f"{label or self.label}.{ending}"

    @staticmethod
    def openssl(*command):
        done = subprocess.run([program("openssl", "openssl"), *map(str, command)], capture_output=True, text=True,
                              timeout=PATIENCE)
        assert done.returncode == 0, f"openssl {command[0]}: {done.stderr}"

    def sign(self, label, common_name, extensions, start=-1 * DAY, end=90 * DAY, key=("ec", "P-256"), md="sha256"):
        """label.key and label.pem, in force from `start` to `end` from now."""
        kind, size = key
        new_key = ["-newkey", "ec", "-pkeyopt", f"ec_paramgen_curve:{size}"] if kind == "ec" else \
            ["-newkey", f"rsa:{size}"]
        self.openssl("req", "-new", "-config", self.file("cnf"), *new_key, "-nodes", "-subj", f"/CN={common_name}",
                     "-keyout", self.file("key", label), "-out", self.file("csr", label))
        self.file("ext", label).write_text("\n".join(extensions) + "\n")
        now = datetime.datetime.now(datetime.timezone.utc)
        dates = [(now + offset).strftime("%Y%m%d%H%M%SZ") for offset in (start, end)]
        self.openssl("ca", "-batch", "-notext", "-config", self.file("cnf"), "-in", self.file("csr", label),
                     "-out", self.file("pem", label), "-startdate", dates[0], "-enddate", dates[1], "-md", md,
                     "-extfile", self.file("ext", label))

    def leaf(self, label, names, more=(), usage="serverAuth", **options):
        """A server's certificate for these names."""
        self.sign(label, names[0], ["subjectAltName=" + ",".join(f"DNS:{name}" for name in names),
                                    "basicConstraints=critical,CA:FALSE", "keyUsage=critical,digitalSignature",
                                    f"extendedKeyUsage={usage}", *more], **options)
        return label

    def revoke(self, label):
        self.openssl("ca", "-config", self.file("cnf"), "-revoke", self.file("pem", label), "-crl_reason",
                     "keyCompromise")

    def staple(self, label, *dates):
        """The file of an OCSP response about a leaf of this CA."""
        request, response = self.file("ocsp-request", label), self.file("staple", label)
        self.openssl("ocsp", "-issuer", self.file("pem"), "-cert", self.file("pem", label), "-no_nonce",
                     "-reqout", request)
        self.openssl("ocsp", "-index", self.file("index"), "-CA", self.file("pem"), "-rsigner", self.file("pem"),
                     "-rkey", self.file("key"), "-reqin", request, "-respout", response, *(dates or ("-ndays", "1")))
        return response


class SServer(Child):
    """openssl s_server; it answers each GET with a page."""

    def __init__(self, folder, name, authority, label, *options, chain=(), host="127.0.0.1", port=0):
        command = [program("openssl", "openssl"), "s_server", "-accept", f"{host}:{port}", "-www", "-cert",
                   authority.file("pem", label), "-key", authority.file("key", label)]
        if chain:
            file = pathlib.Path(folder) / f"{name}.chain"
            file.write_text("".join(path.read_text() for path in chain))
            command += ["-cert_chain", file]
        super().__init__(folder, name, [*command, *options])
        self.host = host
        self.port = int(self.wait_for("listening", lambda: re.search(r"ACCEPT \S+:(\d+)", self.output()))[1])

    @property
    def address(self):
        return f"{self.host}:{self.port}"


def installed(name):
    """The path of a proxy that these tests do without where it is not there: Debian starts it once installed."""
    return shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin")


def listens(port, host="127.0.0.1"):
    with socket.socket() as probe:
        return probe.connect_ex((host, port)) == 0


class Nginx(Child):
    """nginx with these `server` blocks; PORT in them is replaced."""

    def __init__(self, folder, name, servers):
        home = pathlib.Path(folder) / name
        home.mkdir()
        self.port = free_port()
        temporary = "".join(f"  {kind}_temp_path {home}/{kind};\n"
                            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        # As root its worker would be nobody, who may not read the keys' folder.
        config = home / "nginx.conf"
        config.write_text(f"daemon off;\nmaster_process off;\npid {home}/pid;\nerror_log stderr;\n"
                          f"events {{ worker_connections 64; }}\nhttp {{\n  access_log off;\n{temporary}"
                          f"{servers.replace('PORT', str(self.port))}\n}}\n")
        super().__init__(folder, name, [installed("nginx"), "-e", "stderr", "-p", home, "-c", config])
        self.wait_for("listening", lambda: listens(self.port))


class HAProxy(Child):
    """HAProxy with these sections; PORT in them is replaced."""

    def __init__(self, folder, name, sections):
        self.port = free_port()
        config = pathlib.Path(folder) / f"{name}.cfg"
        config.write_text("global\n  maxconn 64\ndefaults\n  mode http\n  timeout connect 2s\n  timeout client 20s\n"
                          f"  timeout server 20s\n{sections.replace('PORT', str(self.port))}\n")
        super().__init__(folder, name, [installed("haproxy"), "-db", "-f", config])
        self.wait_for("listening", lambda: listens(self.port))


class Listener:
    """A socket on port 0 that gives each connection to `serve`, in a thread of its own."""

    def __init__(self, serve, host="127.0.0.1"):
        self.serve, self.host = serve, host
        self.socket = socket.create_server((host, 0))
        self.port = self.socket.getsockname()[1]
        self.address = f"{host}:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        connection.settimeout(PATIENCE)
        with connection:
            try:
                self.serve(connection)
            except OSError:
                pass  # the doctor has left

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


class FullQueue:
    """A port that answers no SYN: its queue is full, and nobody accepts."""

    def __init__(self):
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.socket.listen(0)
        self.port = self.socket.getsockname()[1]
        self.waiting = []
        eventually("a full queue", self._is_full)

    def _is_full(self):
        client = socket.socket()
        self.waiting.append(client)
        client.settimeout(0.5)
        return client.connect_ex(("127.0.0.1", self.port)) != 0

    def close(self):
        for each in (*self.waiting, self.socket):
            each.close()


def silent(connection):
    while connection.recv(4096):
        pass


def banner(connection):
    connection.sendall(b"SSH-2.0-Example_1.0\x1b[31m\r\n")
    silent(connection)


def end(connection):
    connection.recv(4096)


def reset(connection):
    """With an unread byte the kernel would send a reset as well, but not in every case."""
    connection.recv(4096)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def first_segment_only(port):
    """A middlebox that looks for the server name in the first segment, and cuts what does not fit into it.

    What a segment holds at most decides, since on a busy machine two of them may be read as one.
    """
    def serve(connection):
        first = connection.recv(1400)
        if len(first) < 5 or len(first) < 5 + struct.unpack("!H", first[3:5])[0]:
            return connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        with socket.create_connection(("127.0.0.1", port), PATIENCE) as server:
            server.sendall(first)
            back = threading.Thread(target=pump, args=(server, connection), daemon=True)
            back.start()
            pump(connection, server)
            back.join(PATIENCE)
    return serve


def pump(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def read_head(connection):
    head = b""
    while b"\r\n\r\n" not in head:
        more = connection.recv(4096)
        if not more:
            return ""
        head += more
    return head.decode("latin-1")


def websocket_backend(connection):
    """Plain HTTP. Does what the path names: /dead, /close, /accept, /subprotocol, /garbage, /status/N."""
    head = read_head(connection)
    if not head:
        return
    path = head.split(" ")[1]
    key = re.search(r"(?im)^sec-websocket-key: *(\S+)", head)
    if path.startswith("/status/") or key is None:
        status = path.rsplit("/", 1)[1] if path.startswith("/status/") else "200"
        extra = "Location: https://www.test/?token=secret\r\n" if status.startswith("3") else ""
        connection.sendall(f"HTTP/1.1 {status} So\r\nServer: so \x1b[31m\r\n{extra}Content-Length: 0\r\n\r\n"
                           .replace(" \x1b[31m", "").encode())
        return
    accept = base64.b64encode(hashlib.sha1((key[1] + GUID).encode()).digest()).decode()
    accept = accept[::-1] if path == "/accept" else accept
    more = "Sec-WebSocket-Protocol: nobody.asked\r\n" if path == "/subprotocol" else ""
    connection.sendall(f"HTTP/1.1 101 Yes\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n{more}"
                       f"Sec-WebSocket-Accept: {accept}\r\n\r\n".encode())
    if path == "/close":
        connection.sendall(b"\x88\x02" + struct.pack("!H", 1008))
    elif path == "/garbage":
        connection.sendall(b"\xff" * 64)
    elif path == "/subprotocol":
        ping = connection.recv(4096)
        mask, payload = ping[2:6], ping[6:]
        connection.sendall(bytes([0x8A, len(payload)]) + bytes(b ^ mask[i % 4] for i, b in enumerate(payload)))
    silent(connection)
