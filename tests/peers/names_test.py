"""A backend that moves: its name leads elsewhere, and nobody tells wssgate. In a mount namespace of its own
wssgate sees an /etc/hosts of the test's, so this needs root."""

import os
import subprocess
import unittest

from harness import HERE, PATIENCE, PeerTest, eventually, program


@unittest.skipUnless(os.geteuid() == 0, "only root can give a process an /etc/hosts of its own")
class Names(PeerTest):
    @classmethod
    def set_up_class(cls):
        cls.app = cls.backend("fastify_app.mjs", 0, HERE / "pages")
        cls.hosts = os.path.join(cls.folder, "hosts")
        cls.lead_to("127.0.0.9")  # where nobody listens
        cls.gate = cls.wssgate(
            {"app.test": [("/", "moving")]},
            upstreams={"moving": f"{{endpoints: [\"moving.test:{cls.app.port}\"]}}"},
            more="resolver: {interval: 200ms}\n",
            prefix=["unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"', cls.hosts])

    @classmethod
    def lead_to(cls, *addresses):
        # In place: what is mounted is the file, not its name.
        with open(cls.hosts, "w") as hosts:
            hosts.writelines(f"{address} moving.test\n" for address in addresses)

    def status(self):
        answer = subprocess.run([program("curl", "curl"), "--silent", "--max-time", str(PATIENCE), "--output",
                                 os.devnull, "--write-out", "%{http_code}", "--cacert", self.certificates.root,
                                 "--resolve", f"app.test:{self.gate.port}:127.0.0.1",
                                 self.gate.url("app.test", "/facts", scheme="https")],
                                capture_output=True, text=True, timeout=PATIENCE)
        return answer.stdout

    def test_a_backend_that_moves_is_followed(self):
        self.assertEqual(self.status(), "502")
        self.lead_to("127.0.0.1")
        eventually("the new address to be used", lambda: self.status() == "200")
        self.lead_to()
        eventually("a line about the name", lambda: '"name_unresolved"' in self.gate.errors())
        self.assertEqual(self.status(), "200", "the last good answer goes on")


if __name__ == "__main__":
    unittest.main()
