"""wssgate dev --install, with real stores in a home of the tests' own, and programs that verify by them alone.

What it does as root to the system's store is done in a mount namespace, to a copy; where this user may make none,
that is skipped. All else is done by somebody who is not root.
"""

import asyncio
import functools
import os
import pathlib
import pwd
import re
import shutil
import ssl
import subprocess
import unittest

from chromium import TALK, Chromium
from harness import HERE, PATIENCE, PeerTest, free_port, node, program, wssgate_program

NOBODY = 65534
STORE = "/usr/local/share/ca-certificates"
# What update-ca-certificates and its hooks write to.
CHANGED = (STORE, "/etc/ssl", "/var/lib/ca-certificates-java", "/var/lib/dpkg")
# Runs the rest of the command line where all of that is a copy in the folder $1.
ON_COPIES = f"""set -e
for folder in {" ".join(CHANGED)}; do
  [ -d "$folder" ] || continue
  copy=$1/$(echo "$folder" | tr / _)
  cp -a "$folder" "$copy"
  mount --bind "$copy" "$folder"
done
shift
exec "$@"
"""
JAVA = """
public class Connect {
  public static void main(String[] to) throws Exception {
    var plain = new java.net.Socket("127.0.0.1", Integer.parseInt(to[1]));
    var factory = (javax.net.ssl.SSLSocketFactory) javax.net.ssl.SSLSocketFactory.getDefault();
    var socket = (javax.net.ssl.SSLSocket) factory.createSocket(plain, to[0], Integer.parseInt(to[1]), true);
    var settings = socket.getSSLParameters();
    settings.setEndpointIdentificationAlgorithm("HTTPS");
    socket.setSSLParameters(settings);
    try {
      socket.startHandshake();
      System.out.println("trusted");
    } catch (javax.net.ssl.SSLException refusal) {
      System.out.println("refused: " + refusal.getMessage());
    }
  }
}
"""


@functools.lru_cache
def may_isolate():
    """Whether this user may have a mount namespace."""
    return os.geteuid() == 0 and shutil.which("unshare") is not None and \
        subprocess.run(["unshare", "-m", "mount", "--bind", "/usr/local", "/usr/local"], capture_output=True,
                       timeout=PATIENCE, check=False).returncode == 0


@functools.lru_cache
def runs_java():
    """Whether there is a Java that compiles what it runs."""
    return shutil.which("keytool") is not None and shutil.which("javac") is not None


class TrustTest(PeerTest):
    """`wssgate dev` for app.test, a home in which its CA can be installed, and who lives there."""

    user = NOBODY if os.geteuid() == 0 else os.geteuid()

    @classmethod
    def set_up_class(cls):
        cls.home = pathlib.Path(cls.folder) / "home"
        cls.home.mkdir()
        cls.certs = cls.home / "certs"
        cls.wssgate_binary = pathlib.Path(cls.folder) / "wssgate"
        shutil.copy(wssgate_program(), cls.wssgate_binary)  # where everybody may run it
        cls.as_user = {}
        if os.geteuid() == 0:
            cls.as_user = {"user": cls.user, "group": cls.user, "extra_groups": []}
            for path in (cls.folder, cls.home):
                os.chown(path, cls.user, cls.user)
        cls.dev = cls.child("dev", cls.dev_command("--port", "0", "app.test"), env=cls.environment(), cwd=cls.home,
                            **cls.as_user)
        cls.dev.wait_for("greeting", lambda: "Ctrl-C" in cls.dev.output())
        cls.port = int(re.search(r"wss://app\.test:(\d+)/", cls.dev.output())[1])
        cls.url = f"wss://app.test:{cls.port}/"
        cls.ca = cls.certs / "dev-ca" / "ca.pem"

    @classmethod
    def environment(cls, **more):
        """This process's, but for whose home it is, and what says where stores are."""
        left_out = ("SUDO_UID", "SUDO_GID", "SUDO_USER", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "JAVA_HOME",
                    "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
        kept = {name: value for name, value in os.environ.items() if name not in left_out}
        return dict(kept, HOME=str(cls.home), **more)

    @classmethod
    def dev_command(cls, *options):
        return [cls.wssgate_binary, "dev", *options, "--folder", cls.certs]

    def dev_as_user(self, *options, **variables):
        done = subprocess.run(self.dev_command(*options), capture_output=True, text=True, timeout=180, check=False,
                              env=self.environment(**variables), cwd=self.home, **self.as_user)
        self.assertEqual(done.stderr, "")
        return done

    def as_root_on_copies(self, script, **variables):
        """Runs a shell's script as root, with copies in the place of all that it may change."""
        if not may_isolate():
            self.skipTest("only root may have a mount namespace, and not everywhere")
        copies = os.path.join(self.folder, "copies")
        os.makedirs(copies)
        self.addCleanup(shutil.rmtree, copies)
        return subprocess.run(["unshare", "-m", "/bin/sh", "-c", ON_COPIES, "sh", copies, "/bin/sh", "-c", script],
                              capture_output=True, text=True, timeout=180, check=False, cwd=self.home,
                              env=self.environment(**variables))

    def assert_step(self, text, store, outcome, what=""):
        self.assertRegex(text, rf"(?m)^  {store} +{outcome} +.*{re.escape(str(what))}")


class Install(TrustTest):
    def test_chromium_trusts_it_by_its_own_store_alone(self):
        page, socket = self.url.replace("wss:", "https:"), TALK % self.url
        with Chromium(self.home) as browser:
            self.assertEqual(browser.open(page), "net::ERR_CERT_AUTHORITY_INVALID")
        installed = self.dev_as_user("--install")
        self.assert_step(installed.stdout, "Chromium", "(done|already there)", self.home)
        with Chromium(self.home) as browser:
            self.assertIsNone(browser.open(page))
            self.assertEqual(browser.evaluate(socket), ["from the browser", 4001])
        removed = self.dev_as_user("--uninstall")
        self.assert_step(removed.stdout, "Chromium", "removed", self.home)
        with Chromium(self.home) as browser:
            self.assertEqual(browser.open(page), "net::ERR_CERT_AUTHORITY_INVALID")

    def test_a_profile_of_firefox_has_it_as_a_ca_for_servers(self):
        profile = self.home / ".mozilla" / "firefox" / "a1b2 c3.default"
        self.nss("mkdir", "-p", profile)
        self.nss(program("certutil", "libnss3-tools"), "-N", "--empty-password", "-d", f"sql:{profile}")
        for outcome in ("done", "already there"):
            self.assert_step(self.dev_as_user("--install").stdout, "Firefox", outcome, profile)
        listed = self.nss("certutil", "-L", "-d", f"sql:{profile}")
        self.assertRegex(listed, r"(?m)^wssgate development CA [0-9a-f]{8} +C,, *$")
        for outcome in ("removed", "not in it"):
            self.assert_step(self.dev_as_user("--uninstall").stdout, "Firefox", outcome, profile)
        self.assertNotIn("wssgate", self.nss("certutil", "-L", "-d", f"sql:{profile}"))

    def nss(self, *command):
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=PATIENCE,
                              **self.as_user).stdout

    def test_what_needs_root_is_told_and_changes_nothing(self):
        if not os.path.isdir(STORE):
            self.skipTest("this is not Debian")
        before = sorted(os.listdir(STORE))
        done = self.dev_as_user("--install")
        self.assertEqual(done.returncode, 1)
        self.assert_step(done.stdout, "system", "NEEDS ROOT", STORE)
        self.assertIn(f"\n  sudo {self.wssgate_binary} dev --install --folder {self.certs}\n", done.stdout)
        self.assertEqual(sorted(os.listdir(STORE)), before)

    def test_the_printed_variables_are_all_that_node_and_python_need(self):
        exports = re.findall(r"^  export (.*)$", self.dev_as_user("--install").stdout, re.MULTILINE)
        variables = dict(word.split("=", 1) for line in exports for word in line.split())
        self.assertEqual(variables["NODE_EXTRA_CA_CERTS"], str(self.ca))
        script = pathlib.Path(self.folder) / "talk.mjs"
        script.write_text(f"""
            import {{ createRequire }} from "node:module";
            const WebSocket = createRequire({str(HERE / "x.mjs")!r})("ws");
            const lookup = (name, options, done) =>
              options.all ? done(null, [{{ address: "127.0.0.1", family: 4 }}]) : done(null, "127.0.0.1", 4);
            const socket = new WebSocket({self.url!r}, {{ lookup }});
            socket.on("open", () => socket.send("from Node"));
            socket.on("message", (data) => {{ console.log(String(data)); socket.close(); }});
            socket.on("error", (error) => console.log(error.code));
        """)
        for more, said in (({}, "UNABLE_TO_GET_ISSUER_CERT_LOCALLY\n"), (variables, "from Node\n")):
            done = self.run_program(node(), script, env=self.environment(**more))
            self.assertEqual((done.stdout, done.stderr), (said, ""))
        talk = f"""
            import asyncio, ssl, websockets
            async def talk():
                async with websockets.connect({self.url!r}, ssl=ssl.create_default_context(), host="127.0.0.1",
                                              server_hostname="app.test") as it:
                    await it.send("from Python")
                    print(await it.recv())
            try:
                asyncio.run(talk())
            except ssl.SSLCertVerificationError as refusal:
                print(refusal.verify_message)
        """
        talk = "\n".join(line[12:] for line in talk.splitlines())
        for more, said in (({}, "unable to get local issuer certificate\n"), (variables, "from Python\n")):
            done = self.run_program("/usr/bin/python3", "-c", talk, env=self.environment(**more))
            self.assertEqual((done.stdout, done.stderr), (said, ""))

    def test_uninstall_where_there_is_no_ca_says_so(self):
        done = subprocess.run([self.wssgate_binary, "dev", "--uninstall", "--folder", self.home / "nothing"],
                              capture_output=True, text=True, timeout=PATIENCE, check=False, env=self.environment())
        self.assertEqual(done.returncode, 1)
        self.assertIn("there is no local CA in", done.stderr)
        self.assertFalse((self.home / "nothing").exists())

    def test_a_ca_that_was_replaced_goes_when_the_new_one_comes(self):
        folder = self.home / "others"
        self.addCleanup(shutil.rmtree, folder)

        def at(*options):
            return subprocess.run([self.wssgate_binary, "dev", *options, "--folder", folder], capture_output=True,
                                  text=True, timeout=180, check=False, env=self.environment(), **self.as_user).stdout

        first = re.match(r"wssgate development CA \w+", at("--install"))[0]
        said = at("--install", "app.example.com")
        self.assertIn("made just now, in place of the one before: it may not certify 'app.example.com'", said)
        self.assertIn(f"{first}, which was replaced\n\n  Chromium  removed", said)
        second = re.search(r"^wssgate development CA \w+(?= \()", said, re.MULTILINE)[0]
        listed = self.nss("certutil", "-L", "-d", f"sql:{self.home}/.pki/nssdb")
        self.assertNotIn(first, listed)
        self.assertIn(second, listed)
        at("--uninstall")
        self.assertNotIn(second, self.nss("certutil", "-L", "-d", f"sql:{self.home}/.pki/nssdb"))


class System(TrustTest):
    """As root, on a copy of this machine's store."""

    def test_curl_openssl_and_python_trust_it_without_any_option(self):
        ask = f"""
            curl -sS -o /dev/null --resolve app.test:{self.port}:127.0.0.1 https://app.test:{self.port}/; echo curl $?
            openssl s_client -connect 127.0.0.1:{self.port} -servername app.test -verify_hostname app.test \
              -verify_return_error </dev/null 2>&1 | grep "Verify return code"
            /usr/bin/python3 -c 'import socket, ssl
            with socket.create_connection(("127.0.0.1", {self.port})) as plain:
                print(ssl.create_default_context().wrap_socket(plain, server_hostname="app.test").version())
            ' 2>&1 | tail -1
        """.replace("            ", "")
        # Root trusts no CA in a folder of somebody else's.
        roots = pathlib.Path(self.folder) / "roots"
        install, remove = (f"{self.wssgate_binary} dev {option} --folder {roots}"
                           for option in ("--install", "--uninstall"))
        done = self.as_root_on_copies(f"""
            cp -r {self.certs} {roots}
            {install} && {install} >/dev/null; echo installed $?
            ls -l {STORE}/wssgate*
            {ask}
            {remove}; echo uninstalled $?
            find {STORE} /etc/ssl/certs -name 'wssgate*'
            {ask}
        """)
        said = done.stdout
        self.assertEqual(done.stderr.replace(
            "curl: (60) SSL certificate problem: unable to get local issuer certificate", "").count("curl:"), 0, said)
        installed, removed = said.split("installed 0\n", 1)
        self.assert_step(installed, "system", "done", STORE)
        self.assertRegex(removed, r"-rw-r--r-- .*/wssgate-dev-[0-9a-f]{16}\.crt")
        trusted, distrusted = removed.split("uninstalled 0\n", 1)
        self.assertIn("curl 0\n", trusted)
        self.assertIn("Verify return code: 0 (ok)", trusted)
        self.assertIn("TLSv1.3\n", trusted)
        self.assert_step(trusted, "system", "removed", STORE)
        self.assertNotIn("wssgate", distrusted)
        self.assertIn("curl 60\n", distrusted)
        self.assertNotIn("(ok)", distrusted)
        self.assertIn("CERTIFICATE_VERIFY_FAILED", distrusted)
        if runs_java():
            self.assert_step(installed, "Java", "already there", "which follows the system's store")
            self.assert_step(trusted, "Java", "removed")

    def test_root_trusts_no_ca_that_somebody_else_may_have_put_there(self):
        done = self.as_root_on_copies(f"""
            {" ".join(map(str, self.dev_command("--install")))}; echo refused $?
            find {STORE} -name 'wssgate*'
        """)
        self.assertEqual(done.stdout, "refused 1\n")
        self.assertIn(f"'{self.certs}/dev-ca' belongs to another user ({self.user}, and you are 0)", done.stderr)

    def test_an_update_that_failed_is_not_taken_for_one(self):
        folder = pathlib.Path(self.folder) / "failing"
        (folder / "bin").mkdir(parents=True)
        failing = folder / "bin" / "update-ca-certificates"
        failing.write_text("#!/bin/sh\nexit 1\n")
        failing.chmod(0o755)
        wssgate = f"{self.wssgate_binary} dev --folder {folder}/certs"
        done = self.as_root_on_copies(f"""
            export JAVA_HOME=/nonexistent
            {wssgate} --install >/dev/null; echo installed $?
            PATH={folder}/bin:$PATH {wssgate} --uninstall >/dev/null; echo failed $?
            {wssgate} --uninstall; echo removed $?
            {wssgate} --uninstall; echo again $?
        """)
        self.assertIn("installed 0\nfailed 1\n", done.stdout, done.stderr)
        self.assertRegex(done.stdout, r"(?m)^  system +removed +/etc/ssl/certs/ca-certificates.crt$")
        self.assertIn("removed 0\n", done.stdout)
        self.assert_step(done.stdout.split("removed 0\n")[1], "system", "not in it")
        self.assertIn("again 0\n", done.stdout)

    def test_with_sudo_what_is_the_users_stays_theirs(self):
        """The home is that of who called sudo, and whatever is made in it belongs to them."""
        users = pathlib.Path(self.folder) / "passwd"
        home = pathlib.Path(self.folder) / "tester"
        home.mkdir()
        if may_isolate():
            os.chmod(self.folder, 0o711)
            os.chown(home, 54321, 54321)
        users.write_text(pathlib.Path("/etc/passwd").read_text()
                         + f"wssgate-tester:x:54321:54321::{home}:/bin/sh\n")
        done = self.as_root_on_copies(f"""
            mount --bind {users} /etc/passwd
            # It ends, since the port is taken, but has made its certificate by then.
            {self.wssgate_binary} dev --port {self.port} --folder {home}/certs >/dev/null 2>&1
            {self.wssgate_binary} dev --install --folder {home}/certs
        """, SUDO_UID="54321", SUDO_GID="54321", SUDO_USER="wssgate-tester")
        self.assertEqual(done.stderr, "")
        self.assert_step(done.stdout, "system", "done", STORE)
        self.assert_step(done.stdout, "Chromium", "done", home / ".pki" / "nssdb")
        made = list(home.rglob("*"))
        self.assertGreater(len(made), 11)
        self.assertEqual({path.stat().st_uid for path in made}, {54321}, made)
        self.assertEqual({path.stat().st_gid for path in made}, {54321}, made)


    @unittest.skipUnless(os.geteuid() == 0, "only root can be who sudo has called")
    def test_dev_by_sudo_becomes_its_caller_and_renews_as_them(self):
        sudo = {"SUDO_UID": str(NOBODY), "SUDO_GID": str(NOBODY), "SUDO_USER": pwd.getpwuid(NOBODY).pw_name}
        dev = self.child("sudo", self.dev_command("--port", "0", "by-sudo.test"), env=self.environment(**sudo),
                         cwd=self.home)
        dev.wait_for("greeting", lambda: "Ctrl-C" in dev.output())
        ids = re.findall(r"(?m)^[UG]id:\t(.*)$", pathlib.Path(f"/proc/{dev.process.pid}/status").read_text())
        self.assertEqual(ids, ["\t".join([str(NOBODY)] * 4)] * 2)
        chain, = self.certs.glob("dev/by-sudo.test-*/fullchain.pem")
        chain.unlink()
        dev.wait_for("renewal", chain.exists)
        self.assertEqual({chain.stat().st_uid, (chain.parent / "privkey.pem").stat().st_uid}, {NOBODY})
        self.assertEqual(dev.terminate(), 0)


class StolenKey(TrustTest):
    """Whoever has the CA's key can make certificates for local names that clients take, and for no others."""

    ORGANIZATION = "/O=wssgate development"

    @classmethod
    def set_up_class(cls):
        super().set_up_class()
        cls.ports = {name: cls.serve_with_stolen_key(name) for name in ("app.test", "example.com")}

    @classmethod
    def serve_with_stolen_key(cls, name):
        stolen = cls.forge(name, f"{cls.ORGANIZATION}/CN={name}", f"DNS:{name}", "serverAuth")
        port = free_port()
        server = cls.child(f"server-{name}", ["openssl", "s_server", "-accept", port, "-cert", f"{stolen}.pem",
                                              "-key", f"{stolen}.key", "-cert_chain",
                                              cls.certs / "dev-ca" / "issuer.pem", "-www"])
        server.wait_for("accepting", lambda: "ACCEPT" in server.output())
        return port

    @classmethod
    def forge(cls, label, subject, alternative, usage):
        """Makes a certificate and its key with the CA's; gives both files' path without its end."""
        ca = cls.certs / "dev-ca"
        stolen = pathlib.Path(cls.folder) / f"stolen-{label}"
        subprocess.run([program("openssl", "openssl"), "req", "-x509",
                        "-config", cls.certificates.folder / "openssl.cnf", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj", subject,
                        "-keyout", f"{stolen}.key", "-out", f"{stolen}.pem",
                        "-CA", ca / "issuer.pem", "-CAkey", ca / "issuer.key",
                        "-addext", f"subjectAltName={alternative}", "-addext", "basicConstraints=critical,CA:FALSE",
                        "-addext", "keyUsage=critical,digitalSignature", "-addext", f"extendedKeyUsage={usage}"],
                       check=True, capture_output=True, timeout=PATIENCE)
        return stolen

    def test_for_people_and_programs_whoever_looks_at_no_usage(self):
        """OpenSSL verifies without a purpose here, as verifiers do that ignore a CA's extendedKeyUsage."""
        for label, subject, alternative, usage, said in (
                ("client", "/CN=alice", "DNS:app.test", "clientAuth", "permitted subtree violation"),
                ("code", "/O=Somebody/CN=Somebody", "DNS:app.test", "codeSigning", "permitted subtree violation"),
                ("mail", f"{self.ORGANIZATION}/CN=a", "email:alice@example.com", "emailProtection",
                 "permitted subtree violation"),
                ("mail-of-the-subject", f"{self.ORGANIZATION}/CN=a/emailAddress=alice@example.com", "DNS:app.test",
                 "emailProtection", "permitted subtree violation"),
                ("uri", f"{self.ORGANIZATION}/CN=a", "URI:spiffe://example.com/a", "clientAuth",
                 "permitted subtree violation"),
                ("server", f"{self.ORGANIZATION}/CN=a", "DNS:app.test", "serverAuth", "OK")):
            stolen = self.forge(label, subject, alternative, usage)
            done = self.run_program("openssl", "verify", "-CAfile", self.ca, "-untrusted",
                                    self.certs / "dev-ca" / "issuer.pem", f"{stolen}.pem")
            self.assertIn(said, done.stdout + done.stderr, label)

    def test_openssl(self):
        for name, said in (("app.test", "0 (ok)"), ("example.com", "47 (permitted subtree violation)")):
            done = self.run_program("openssl", "s_client", "-connect", f"127.0.0.1:{self.ports[name]}", "-servername",
                                    name, "-verify_hostname", name, "-CAfile", self.ca, stdin="")
            self.assertIn(f"Verify return code: {said}", done.stdout)

    def test_curl(self):
        for name, code in (("app.test", 0), ("example.com", 60)):
            port = self.ports[name]
            done = self.run_program(program("curl", "curl"), "-sS", "-o", os.devnull, "--cacert", self.ca, "--resolve",
                                    f"{name}:{port}:127.0.0.1", f"https://{name}:{port}/")
            self.assertEqual(done.returncode, code, done.stderr)

    def test_node(self):
        script = """
            const [name, port] = process.argv.slice(1);
            const socket = require("node:tls").connect({ host: "127.0.0.1", port, servername: name }, () => {
              console.log("trusted"); socket.destroy(); });
            socket.on("error", (error) => console.log(error.message));
        """
        for name, said in (("app.test", "trusted"), ("example.com", "permitted subtree violation")):
            done = self.run_program(node(), "-e", script, name, self.ports[name],
                                    env=self.environment(NODE_EXTRA_CA_CERTS=str(self.ca)))
            self.assertEqual(done.stdout, said + "\n", done.stderr)

    def test_python(self):
        async def connect(name):
            trust = ssl.create_default_context(cafile=self.ca)
            _, writer = await asyncio.open_connection("127.0.0.1", self.ports[name], ssl=trust, server_hostname=name)
            writer.close()
        asyncio.run(connect("app.test"))
        with self.assertRaisesRegex(ssl.SSLCertVerificationError, "permitted subtree violation"):
            asyncio.run(connect("example.com"))

    def test_chromium(self):
        self.dev_as_user("--install")
        with Chromium(self.home, names="*") as browser:
            self.assertIsNone(browser.open(f"https://app.test:{self.ports['app.test']}/"))
            self.assertRegex(browser.open(f"https://example.com:{self.ports['example.com']}/"), "net::ERR_CERT_")

    @unittest.skipUnless(runs_java(), "needs a Java with its compiler")
    def test_java(self):
        """Java takes no constraints from a root: it is the CA below it that keeps to them."""
        jvm = self.home / "jvm"
        keystore = jvm / "lib" / "security" / "cacerts"
        keystore.parent.mkdir(parents=True)
        (jvm / "bin").mkdir()
        (jvm / "bin" / "keytool").symlink_to(os.path.realpath(program("keytool", "default-jdk-headless")))
        shutil.copy("/etc/ssl/certs/java/cacerts", keystore)
        if os.geteuid() == 0:
            os.chown(keystore, self.user, self.user)
        for outcome in ("done", "already there"):
            said = self.dev_as_user("--install", JAVA_HOME=str(jvm)).stdout
            self.assert_step(said, "Java", outcome, keystore)
        source = pathlib.Path(self.folder) / "Connect.java"
        source.write_text(JAVA)
        for name, said in (("app.test", r"trusted\n"), ("example.com", "refused: .*name constraints")):
            done = self.run_program("java", f"-Djavax.net.ssl.trustStore={keystore}", source, name, self.ports[name])
            self.assertRegex(done.stdout, said, done.stderr)
        self.assert_step(self.dev_as_user("--uninstall", JAVA_HOME=str(jvm)).stdout, "Java", "removed", keystore)
        done = self.run_program("java", f"-Djavax.net.ssl.trustStore={keystore}", source, "app.test",
                                self.ports["app.test"])
        self.assertIn("refused: ", done.stdout)
