"""What is measured of each proxy: a row a kind of work, each with the figure to reach."""

import contextlib
import dataclasses
import time

from comparison import machine
from comparison.load import figures_of
from comparison.peers import Served


@dataclasses.dataclass
class Sample:
    """One measurement of one proxy. `value`, in the row's unit, is what is compared; less is better unless it says."""

    value: float
    rate: float = 0.0  # units of work a second
    p50: float = 0.0  # µs
    p99: float = 0.0
    errors: int = 0
    limited: bool = False  # the load was what limited the rate
    more: dict = dataclasses.field(default_factory=dict)


def sample_of(figures, value, more=None):
    """Raises RuntimeError where no work was done."""
    if not figures["work"]["count"] or not value:
        raise RuntimeError(f"no work was done; errors: {figures['errors']['by_reason']}")
    latency = figures["latency"]
    return Sample(value=value, rate=figures["work"]["per_second"], p50=latency["p50"], p99=latency["p99"],
                  errors=figures["errors"]["total"], limited=figures["load_generator"]["limited"], more=more or {})


class Row:
    """Less is better, unless it says. `reach` is what wssgate's share of the best peer's value may be."""

    key = title = unit = ""
    reach = None
    more_is_better = False
    http_alone = False
    most_rounds = 5  # where each starts its proxies

    def takes(self, peer):
        return peer.speaks_http or not self.http_alone

    def begin(self, peer, stand):
        """What is measured in all rounds, as a context: the proxy that stays started; or the peer, if each
        measurement starts its own."""
        return contextlib.nullcontext(peer)

    def measure(self, subject, stand, seconds):
        """One sample of what begin() gave."""
        raise NotImplementedError

    def checks(self, ours, best):
        """Whether wssgate's figures are what is to be reached: (good, why) each. `best` is the best peer's."""
        ratio = ours.ratio.middle
        return [(ratio <= self.reach, f"{ratio:.2f} × {best.label}, to reach {self.reach:.2f}")]

    def note(self, stand):
        """What a reader has to know of this row on this machine."""
        return ""


class Work(Row):
    """CPU time of the proxy for a unit of work, one worker on a core of its own."""

    most_rounds = 1000

    def __init__(self, key, title, unit, reach, load, path="/", http_alone=False):
        self.key, self.title, self.unit, self.reach = key, title, unit, reach
        self.load_options, self.path, self.http_alone = load, path, http_alone

    def begin(self, peer, stand):
        return Served(peer, stand)

    def measure(self, served, stand, seconds):
        figures = stand.load(served, *self.load_options, "--duration", f"{seconds * 1000:.0f}ms",
                             "--warmup", "200ms", path=self.path)
        server = figures["server"]
        return sample_of(figures, server.get("cpu_us_per_unit", server.get("cpu_ns_per_unit")))


def settled_pss(pid):
    """Once it has not changed for a second; at the latest after ten."""
    last, since, began = machine.pss(pid), time.monotonic(), time.monotonic()
    while time.monotonic() - since < 1 and time.monotonic() - began < 10:
        time.sleep(0.1)
        now = machine.pss(pid)
        if now != last:
            last, since = now, time.monotonic()
    return last


class IdleTunnels(Row):
    """Memory for each open tunnel that does nothing, and what stays when all have closed."""

    key, title, unit = "idle", "idle tunnel, memory", "KB"
    reach, at_most, may_stay = 0.78, 14.5, 0.1
    most, ramp = 2000, 500  # few handshakes at once: their memory is no tunnel's, but is kept all the same

    def tunnels(self, stand):
        return min(self.most, stand.most_tunnels())

    def measure(self, peer, stand, seconds):
        with Served(peer, stand) as served:
            stand.load(served, "idle", "-c", 50, "--hold", "200ms")  # what is made at the first use is no tunnel's
            before = settled_pss(served.pid)
            tunnels = self.tunnels(stand)
            figures = stand.load(served, "idle", "-c", tunnels, "--ramp", self.ramp, "--hold", f"{seconds + 1:.0f}s")
            server = figures["server"]
            left = settled_pss(served.pid) - before
        taken = server["pss_kib_at_peak"] * 1024 - before
        return Sample(value=taken / tunnels / 1000, errors=figures["errors"]["total"],
                      more={"tunnels": tunnels, "left_share": left / taken, "left_mib": left / 2**20})

    def checks(self, ours, best):
        left = ours.more["left_share"]
        return super().checks(ours, best) + [
            (ours.value.middle <= self.at_most, f"{ours.value.middle:.1f} KB, to reach {self.at_most} KB"),
            (left <= self.may_stay, f"{left:.0%} left after closing, to reach {self.may_stay:.0%}")]

    def note(self, stand):
        return (f"{self.tunnels(stand)} tunnels, opened {self.ramp} a second, frame telemetry and pings on; PSS. "
                "Left: of that, when all have closed. Most programs keep it for the next ones.")


class TwoWorkers(Row):
    """How many handshakes two workers do, against one."""

    key, title, unit = "workers", "two workers against one, full handshakes", "×"
    at_least, even = 1.9, 0.9
    more_is_better = True

    def measure(self, peer, stand, seconds):
        one, _ = self._handshakes(peer, stand, seconds, 1)
        two, shares = self._handshakes(peer, stand, seconds, 2)
        for figures in (one, two):
            sample_of(figures, figures["server"]["cpu_us_per_unit"])
        cost = {count: each["server"]["cpu_us_per_unit"] for count, each in ((1, one), (2, two))}
        by_rate = two["work"]["per_second"] / one["work"]["per_second"]
        by_cost = 2 * cost[1] / cost[2]
        sample = sample_of(two, by_rate if stand.cores.suffice_for(2) else by_cost)
        sample.more = {"by_rate": by_rate, "by_cost": by_cost, "evenness": shares[1] / shares[0] if shares[0] else 0.0}
        return sample

    @staticmethod
    def _handshakes(peer, stand, seconds, workers):
        with Served(peer, stand, workers) as served:
            before = machine.thread_cpu(served.pid)
            figures = stand.load(served, "handshake", "--kind", "full", "-c", 32, "--duration",
                                 f"{seconds * 1000:.0f}ms", "--warmup", "500ms", workers=workers)
            after = machine.thread_cpu(served.pid)
        used = sorted((after[each] - before.get(each, 0.0) for each in after), reverse=True)
        return figures, (used + [0.0])[:2]

    def checks(self, ours, best):
        even = ours.more["evenness"]
        return [(ours.value.middle >= self.at_least, f"{ours.value.middle:.2f} ×, to reach {self.at_least}"),
                (even >= self.even, f"evenness {even:.2f}, to reach {self.even}")]

    def note(self, stand):
        even = "Evenness: CPU time of the less busy worker over the busier one's (Caddy's threads are no workers)."
        if stand.cores.suffice_for(2):
            return even
        return ("There is no core for the load besides the two workers', so the rate says nothing; this is twice the "
                "CPU time of a handshake with one worker over that with two: what contention leaves. " + even)


class Storm(Row):
    """Latency in open tunnels while others shake hands as fast as they are let."""

    key, title, unit = "storm", "open tunnels' p99 in a storm of handshakes", "µs"
    reach, against_quiet = 1.0, 2
    most = 1000

    def tunnels(self, stand):
        return min(self.most, stand.most_tunnels() - 200)

    def echo(self, stand, served, seconds):
        count = self.tunnels(stand)
        # They connect all at once, which takes its time on a busy machine.
        return stand.start_load(served, "echo", "-c", count, "--rate", count, "--size", 128, "--warmup", "1s",
                                "--timeout", "60s", "--duration", f"{seconds + 1:.0f}s")

    def measure(self, peer, stand, seconds):
        with Served(peer, stand) as served:
            quiet = figures_of(self.echo(stand, served, seconds), 120)
            during = self.echo(stand, served, seconds)
            # After the echo's clients, with which it shares a core on small machines.
            storm = stand.start_load(served, "handshake", "--kind", "full", "-c", 100, "--warmup", "500ms",
                                     "--timeout", "60s", "--duration", f"{seconds + 3:.0f}s", niceness=10)
            stormy = figures_of(during, 120)
            handshakes = figures_of(storm, 120)
        sample_of(quiet, quiet["latency"]["p99"])
        sample = sample_of(stormy, stormy["latency"]["p99"])
        sample.errors += quiet["errors"]["total"]
        sample.more = {"quiet_p99": quiet["latency"]["p99"], "handshakes": handshakes["work"]["per_second"],
                       "against_quiet": stormy["latency"]["p99"] / quiet["latency"]["p99"],
                       "late_p99": stormy["load_generator"]["late_us_p99"], "tunnels": self.tunnels(stand)}
        return sample

    def checks(self, ours, best):
        share = ours.more["against_quiet"]
        return super().checks(ours, best) + [
            (share <= self.against_quiet, f"{share:.1f} × its quiet p99, to reach {self.against_quiet}")]

    def note(self, stand):
        small = "" if len(stand.cores.load()) > 1 else \
            " Both loads and the backend share one core, so much of these times is the load's own."
        return (f"{self.tunnels(stand)} tunnels, each with a message a second at fixed times (open loop); 100 clients "
                f"shake hands in a closed loop, at a lower priority.{small}")


FULL = ("handshake", "--kind", "full", "-c", 16)
RESUMED = ("handshake", "--kind", "resumed", "-c", 16)
UPGRADE = ("handshake", "--kind", "upgrade", "-c", 16)

ROWS = [
    Work("full", "full handshake", "µs", 0.88, FULL),
    Work("resumed", "resumed handshake", "µs", 0.92, RESUMED),
    Work("upgrade", "handshake and WebSocket upgrade", "µs", 0.85, UPGRADE),
    Work("echo-64", "echo of 128 B, 64 tunnels", "µs", 0.98, ("echo", "--size", 128, "-c", 64)),
    Work("echo-1", "echo of 128 B, 1 tunnel", "µs", 0.98, ("echo", "--size", 128, "-c", 1)),
    Work("bulk-up", "bulk up, 1 MiB messages", "ns/B", 0.90,
         ("bulk", "--direction", "up", "--size", "1MiB", "-c", 4), path="/sink"),
    Work("bulk-down", "bulk down, 1 MiB messages", "ns/B", 0.80,
         ("bulk", "--direction", "down", "-c", 4), path="/source?size=1MiB"),
    Work("get", "HTTP GET, keep-alive", "µs", 0.95, ("get", "-c", 64), http_alone=True),
    IdleTunnels(),
    TwoWorkers(),
    Storm(),
]
