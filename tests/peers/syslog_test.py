"""log: {output: syslog}, with a real rsyslogd where there is one, and with nobody behind /dev/log. Each wssgate
sees a /dev of the test's own, so this needs root."""

import os
import pathlib
import shutil
import socket
import subprocess
import unittest

from harness import PATIENCE, PeerTest, Child, eventually, program, wssgate_program

# A /dev with little in it but a link to the test's socket; then what follows.
WITH_LOG = """
set -e
mkdir -p "$0/dev"
for node in null zero full random urandom; do
  touch "$0/dev/$node"
  mount --bind "/dev/$node" "$0/dev/$node"
done
[ -L "$0/dev/log" ] || ln -s "$0/log" "$0/dev/log"
mount --rbind "$0/dev" /dev
exec "$@"
"""

RSYSLOG = """
module(load="imuxsock" SysSock.Use="off")
input(type="imuxsock" Socket="{folder}/log")
template(name="parsed" type="string"
         string="%pri%|%syslogfacility-text%|%syslogseverity-text%|%programname%|%procid%|%msg%\\n")
action(type="omfile" file="{folder}/received" template="parsed")
"""


def may_isolate():
    return os.geteuid() == 0 and subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode == 0


@unittest.skipUnless(may_isolate(), "only root may have a /dev of its own, and not everywhere")
class Syslog(PeerTest):
    @classmethod
    def set_up_class(cls):
        cls.certificates.serve("test.example")

    def setUp(self):
        self.place = pathlib.Path(self.folder, self.id().rsplit(".", 1)[-1])
        self.place.mkdir()
        self.config = self.place / "wssgate.yaml"
        self.config.write_text(f"""
listeners: [{{address: "127.0.0.1:0"}}]
admin: {{address: "unix:{self.place}/admin.sock"}}
certificates: {{folders: [{self.certificates.served}], roots: [{self.certificates.root}]}}
hosts: [{{names: [test.example], routes: [{{path: /, upstream: web}}]}}]
upstreams: {{web: {{endpoints: ["127.0.0.1:9"], tls: {{server_name: web, verify: off}}}}}}
log: {{output: syslog, access: syslog, format: text}}
""")

    def wssgate(self, *arguments):
        command = ["unshare", "--mount", "sh", "-c", WITH_LOG, self.place, wssgate_program(), *arguments,
                   "-c", self.config]
        child = Child(self.place, f"wssgate-{arguments[0]}", command)
        self.addCleanup(child.kill)
        return child

    def serve(self):
        gate = self.wssgate("run")
        gate.wait_for("its admin socket", (self.place / "admin.sock").exists)
        return gate

    def told_by(self, command):
        """What 'check' says, which finds no problem."""
        child = self.wssgate(command)
        self.assertEqual(child.process.wait(PATIENCE), 0)
        return child.errors()

    def bind(self):
        """Somebody who reads the socket, or could."""
        reader = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(reader.close)
        reader.settimeout(PATIENCE)
        reader.bind(str(self.place / "log"))
        return reader

    def test_a_socket_that_is_missing_or_left_is_told_of_and_waited_for(self):
        self.bind()
        self.assertNotIn("syslog", self.told_by("check"))
        for reason, leave in (("Connection refused", lambda: self.bind().close()), ("No such file or directory", bool)):
            with self.subTest(reason=reason):
                (self.place / "log").unlink()
                leave()
                told = self.told_by("check")
                for output in ("output", "access"):
                    self.assertIn(f"log.{output}: cannot write 'syslog': /dev/log: {reason}", told)
                self.assertIn("see that rsyslog or another syslog daemon runs", told)
                gate = self.serve()
                self.assertIn(f"/dev/log: {reason}", gate.errors())
                (self.place / "log").unlink(missing_ok=True)
                with self.bind() as reader:
                    gate.process.send_signal(1)  # SIGHUP: a reload has something to say, verify: off
                    line = reader.recv(4096).decode()
                self.assertRegex(line, rf"^<\d+>... .\d \d\d:\d\d:\d\d wssgate\[{gate.process.pid}\]: ")
                self.assertEqual(gate.terminate(), 0)

    def start_rsyslogd(self):
        file = self.place / "rsyslog.conf"
        file.write_text(RSYSLOG.format(folder=self.place))
        child = Child(self.place, "rsyslogd", [program("rsyslogd", "rsyslog"), "-n", "-f", file,
                                               "-i", self.place / "rsyslogd.pid"])
        self.addCleanup(child.kill)
        child.wait_for("its socket", self.is_read)
        return child

    def is_read(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:
            return client.connect_ex(str(self.place / "log")) == 0

    def received(self, wanted):
        """The parts of the first line that holds this, as rsyslogd parsed it."""
        def look():
            file = self.place / "received"
            lines = file.read_text().splitlines() if file.exists() else []
            return next((line.split("|", 5) for line in lines if wanted in line), None)
        return eventually(f"rsyslogd to write {wanted}", look)

    @unittest.skipUnless(shutil.which("rsyslogd"), "rsyslogd (of Debian's package rsyslog) is not installed")
    def test_rsyslogd_takes_the_lines_apart(self):
        daemon = self.start_rsyslogd()
        gate = self.serve()
        pid = str(gate.process.pid)
        for text, level, priority in (("upstream_not_verified", "warning", "28"), (" serving: ", "info", "30")):
            parts = self.received(text)
            self.assertEqual(parts[:5], [priority, "daemon", level, "wssgate", pid])
            self.assertRegex(parts[5], rf"^ \d{{4}}-\d\d-\d\dT[0-9:.]+Z \w+ +{text.split(':')[0].strip()}")

        daemon.kill()  # the socket stays, and nobody reads it
        self.assertFalse(self.is_read())
        daemon = self.start_rsyslogd()
        client = self.run_program(program("curl", "curl"), "--silent", "--cacert", self.certificates.root,
                                  "--resolve", f"test.example:{self.port()}:127.0.0.1",
                                  "--output", os.devnull, "--write-out", "%{http_code}",
                                  f"https://test.example:{self.port()}/after")
        self.assertEqual(client.stdout, "502")
        parts = self.received("path=/after")
        self.assertEqual(parts[:5], ["30", "daemon", "info", "wssgate", pid])
        self.assertIn(" request ", parts[5])

    def port(self):
        return self.received(" serving: ")[5].rsplit("listeners=127.0.0.1:", 1)[1].split()[0]


if __name__ == "__main__":
    unittest.main()
