"""The README's first example, as it stands there: its backend, its configuration, and a client."""

import re
import socket

from harness import HERE, PeerTest, Wssgate, eventually, free_port, node

ROOT = HERE.parent.parent


def block(language):
    """The README's first block of code in this language."""
    return re.search(rf"```{language}\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)[1]


def answers(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class FirstExample(PeerTest):
    def test_it_works(self):
        port = free_port()
        # Next to the npm packages, so that its imports are found.
        server = HERE / "node_modules" / f"readme_{port}.mjs"
        server.write_text(block("js").replace("3000", str(port)))
        self.addCleanup(server.unlink)
        backend = self.child("server", [node(), server])
        backend.wait_for("listening", lambda: answers(port))

        self.certificates.serve("chat.example.com")
        gate = self._kept(ReadmeGate(self.folder, self.certificates, port))
        opened, echo, _ = self.node_client(gate.url("chat.example.com"), ["send", "hello"], ["receive"],
                                           ["close", 1000], ["ended"])
        self.assertTrue(opened["open"])
        self.assertEqual(echo, {"text": "hello"})
        said = f"from 127.0.0.1 to chat.example.com:{gate.port}\n"
        eventually("the backend's line", lambda: backend.output() == said)

    def test_its_configuration_is_the_one_in_conf(self):
        self.assertTrue((ROOT / "conf" / "simple.yaml").read_text().endswith(block("yaml")))


class ReadmeGate(Wssgate):
    """Serves the README's configuration, but for what only root may do and what is in use on a machine."""

    def __init__(self, folder, certificates, backend_port):
        self._backend_port = backend_port
        super().__init__(folder, certificates, {})

    def _configuration(self, certificates, hosts, upstreams):
        text = block("yaml")
        for old, new in ((r"0\.0\.0\.0:443", f"127.0.0.1:{self.port}"), (r".*\[::\].*\n", ""),
                         (r"folders: .*", f"folders: [{certificates.served}]\n  roots: [{certificates.root}]"),
                         (r"127\.0\.0\.1:3000", f"127.0.0.1:{self._backend_port}")):
            text, found = re.subn(old, new, text)
            assert found == 1, f"the README's configuration has no {old}"
        return text
