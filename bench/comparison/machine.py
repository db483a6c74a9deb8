"""The machine: its cores, what processes use of it, and how it is described."""

import os
import pathlib
import platform
import resource
import signal
import socket
import subprocess
import sys


def free_port():
    """A port of 127.0.0.1 that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _read(path):
    """A file of /proc; empty where its process has ended meanwhile."""
    try:
        return pathlib.Path(path).read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _tasks(pid):
    try:
        return sorted(os.listdir(f"/proc/{pid}/task"), key=int)
    except FileNotFoundError:
        return []


def family(pid):
    """A process and its descendants."""
    found = [pid]
    for task in _tasks(pid):
        for child in _read(f"/proc/{pid}/task/{task}/children").split():
            found += family(int(child))
    return found


def cpu(pid):
    """Seconds of CPU of a process tree: of all its threads that live, and of its dead children."""
    ticks = 0
    for each in family(pid):
        fields = _read(f"/proc/{each}/stat").rpartition(")")[2].split()
        ticks += sum(map(int, fields[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def thread_cpu(pid):
    """Seconds of CPU of each thread of a process tree, by its number."""
    used = {}
    for each in family(pid):
        for task in _tasks(each):
            nanoseconds = _read(f"/proc/{each}/task/{task}/schedstat").split()[:1]
            used[task] = sum(map(int, nanoseconds)) / 1e9
    return used


def pss(pid):
    """Bytes of a process tree, each page divided among those that share it."""
    total = 0
    for each in family(pid):
        for line in _read(f"/proc/{each}/smaps_rollup").splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1]) * 1024
    return total


def raise_descriptors():
    """Lets this process and those that it starts have as many descriptors as it may: how many."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most


def end_orderly():
    """SIGTERM and SIGHUP leave all `with` statements, as Ctrl-C does: what was started is ended."""
    numbers = (signal.SIGTERM, signal.SIGHUP)

    def leave(received, _):
        for number in numbers:  # a second one would break off the cleaning up
            signal.signal(number, signal.SIG_IGN)
        sys.exit(128 + received)

    for number in numbers:
        signal.signal(number, leave)


def kill_group(process, patience):
    """Ends what is left of a process and its group, which it leads."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait(patience)


class Cores:
    """Who runs where: proxies on the first cores, load and backend on the others."""

    def __init__(self):
        self.all = sorted(os.sched_getaffinity(0))

    def proxy(self, workers=1):
        return set(self.all[:workers])

    def load(self, workers=1):
        """On what the proxy leaves; where it leaves nothing, everywhere."""
        return set(self.all[workers:] or self.all)

    def suffice_for(self, workers):
        """There is a core for the load besides the proxy's."""
        return len(self.all) > workers


def _first_line(command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, errors="replace")
    return (done.stdout + done.stderr).strip().split("\n")[0]


def _processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def describe():
    """Words for what measured figures depend on."""
    release = pathlib.Path("/etc/os-release").read_text()
    system = next((line.split("=", 1)[1].strip('"') for line in release.splitlines()
                   if line.startswith("PRETTY_NAME=")), "Linux")
    return {"processor": _processor(), "cores": len(os.sched_getaffinity(0)), "system": system,
            "kernel": platform.release(), "openssl": " ".join(_first_line(["openssl", "version"]).split()[:2]),
            "load": round(os.getloadavg()[0], 1)}
