"""Headless Chromium, driven over the DevTools pipe: its own profile, and a home whose NSS database trusts a root."""

import base64
import json
import os
import pathlib
import select
import subprocess
import time

from harness import PATIENCE, program

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--remote-debugging-pipe"]
# For evaluate(), with a URL: [what came back, the close code].
TALK = """new Promise((resolve) => {
  const socket = new WebSocket(%r);
  socket.onopen = () => socket.send("from the browser");
  socket.onmessage = (event) => { socket.close(4001); socket.onclose = (end) => resolve([event.data, end.code]); };
  socket.onclose = (end) => resolve(["never opened", end.code]);
})"""


def trusting_home(folder, root):
    """A home folder in which Chromium trusts `root`, and no other private CA."""
    certutil = program("certutil", "libnss3-tools")
    database = pathlib.Path(folder) / ".pki" / "nssdb"
    database.mkdir(parents=True)
    for command in (["-N", "--empty-password"], ["-A", "-t", "C,,", "-n", "peers", "-i", str(root)]):
        subprocess.run([certutil, "-d", f"sql:{database}", *command], check=True, capture_output=True, timeout=PATIENCE)
    return folder


class Chromium:
    """One browser with one page. Use it in a `with` statement: leaving it ends the browser."""

    def __init__(self, home, names="*.test"):
        command = [program("chromium", "chromium"), *FLAGS, f"--user-data-dir={os.path.join(home, 'profile')}",
                   f"--host-resolver-rules=MAP {names} 127.0.0.1", "about:blank"]
        to_browser, self._write = os.pipe()
        self._read, from_browser = os.pipe()
        environment = dict(os.environ, HOME=str(home))
        for kept in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
            environment.pop(kept, None)
        # The pipe's ends are descriptors 3 and 4, whatever they are here.
        self._log = open(os.path.join(home, "chromium.log"), "wb")
        self._browser = subprocess.Popen(
            ["/bin/sh", "-c", f'exec "$@" 3<&{to_browser} 4>&{from_browser}', "sh", *command],
            pass_fds=(to_browser, from_browser), stdin=subprocess.DEVNULL, stdout=self._log,
            stderr=self._log, env=environment, start_new_session=True)
        os.close(to_browser)
        os.close(from_browser)
        self._buffer = b""
        self._events = []
        self._last = 0
        self._session = None
        self.complaints = []  # errors and warnings of the page's console, its policy's among them

    def __enter__(self):
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Log", "Runtime"):
            self._call(f"{domain}.enable")
        return self

    def __exit__(self, *_):
        try:
            self._session = None
            self._call("Browser.close")
            self._browser.wait(PATIENCE)
        except (AssertionError, OSError, subprocess.TimeoutExpired):
            self._browser.kill()
            self._browser.wait(PATIENCE)
        finally:
            os.close(self._write)
            os.close(self._read)
            self._log.close()

    def open(self, url):
        """Opens a page. Returns the network's error, such as net::ERR_CERT_AUTHORITY_INVALID, or None."""
        self._events.clear()
        answer = self._call("Page.navigate", url=url)
        self._until(lambda message: message.get("method") == "Page.loadEventFired", "the page to load")
        return answer.get("errorText")

    def evaluate(self, expression):
        """The value of a JavaScript expression in the page, awaited where it is a promise."""
        answer = self._call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            raise AssertionError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def look(self, width, height, scheme="light", scale=1):
        """How large the page's window is, and which colours its user prefers."""
        self._call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale,
                   mobile=False)
        self._call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def press(self, key, code=0):
        """A key of the keyboard, such as Tab (9) or Enter (13)."""
        text = {"text": "\r"} if key == "Enter" else {}
        for kind in ("keyDown", "keyUp"):
            self._call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, **text)

    def write(self, text):
        """Into what has the focus."""
        self._call("Input.insertText", text=text)

    def screenshot(self, file, height=None):
        """A picture of the window, or of the page's first `height` pixels."""
        clip = {}
        if height:
            width = self.evaluate("innerWidth")
            clip = {"clip": {"x": 0, "y": 0, "width": width, "height": height, "scale": 1},
                    "captureBeyondViewport": True}
        picture = self._call("Page.captureScreenshot", format="png", **clip)["data"]
        pathlib.Path(file).write_bytes(base64.b64decode(picture))

    def _call(self, method, **params):
        self._last += 1
        wanted = self._last
        message = {"id": wanted, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        answer = self._until(lambda message: message.get("id") == wanted, method)
        if "error" in answer:
            raise AssertionError(f"Chromium: {method}: {answer['error']['message']}")
        return answer["result"]

    def _until(self, wanted, what):
        give_up = time.monotonic() + PATIENCE
        while True:
            for i, message in enumerate(self._events):
                if wanted(message):
                    return self._events.pop(i)
            left = give_up - time.monotonic()
            if left <= 0 or not select.select([self._read], [], [], left)[0]:
                raise AssertionError(f"Chromium: waited {PATIENCE} s in vain for {what}")
            got = os.read(self._read, 1 << 20)
            if not got:
                raise AssertionError(f"Chromium ended while we waited for {what}:\n"
                                     + pathlib.Path(self._log.name).read_text(errors="replace")[-4000:])
            *complete, self._buffer = (self._buffer + got).split(b"\0")
            for message in complete:
                event = json.loads(message)
                self._note(event)
                self._events.append(event)

    def _note(self, event):
        about = event.get("params", {})
        if event.get("method") == "Log.entryAdded" and about["entry"]["level"] in ("error", "warning"):
            self.complaints.append(about["entry"]["text"])
        elif event.get("method") == "Runtime.exceptionThrown":
            self.complaints.append(str(about["exceptionDetails"]))
        elif event.get("method") == "Runtime.consoleAPICalled" and about["type"] in ("error", "warning"):
            self.complaints.append(str(about["args"]))
