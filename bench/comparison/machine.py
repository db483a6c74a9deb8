"""The machine: its cores, what processes use of it, and how it is described."""

import os
import pathlib
import platform
import resource
import socket
import subprocess


def free_port():
    """A port of 127.0.0.1 that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def family(pid):
    """A process and its descendants."""
    found = [pid]
    try:
        for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += family(int(child))
    except FileNotFoundError:  # it has ended meanwhile
        pass
    return found


def cpu(pid):
    """Seconds of CPU of a process tree: of all its threads that live, and of its dead children."""
    total = 0.0
    for each in family(pid):
        try:
            fields = pathlib.Path(f"/proc/{each}/stat").read_text().rsplit(")", 1)[1].split()
        except FileNotFoundError:
            continue
        total += sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    return total


def thread_cpu(pid):
    """Seconds of CPU of each thread of a process tree, by its number."""
    used = {}
    for each in family(pid):
        for task in pathlib.Path(f"/proc/{each}/task").iterdir():
            used[task.name] = int((task / "schedstat").read_text().split()[0]) / 1e9
    return used


def pss(pid):
    """Bytes of a process tree, each page divided among those that share it."""
    total = 0
    for each in family(pid):
        for line in pathlib.Path(f"/proc/{each}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1]) * 1024
    return total


def raise_descriptors():
    """Lets this process and those that it starts have as many descriptors as it may: how many."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most


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
