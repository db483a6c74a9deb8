"""From samples to figures: medians, spreads, ratios and verdicts."""

import dataclasses
import statistics

SUBJECTS = ("wssgate", "against")  # our builds; all others are peers


@dataclasses.dataclass
class Figure:
    """A median of rounds with its spread."""

    middle: float
    least: float
    most: float

    @classmethod
    def of(cls, values):
        return cls(statistics.median(values), min(values), max(values))


@dataclasses.dataclass
class Entry:
    """One proxy in one row."""

    label: str
    value: Figure
    ratio: Figure | None  # to the best peer, round by round; nothing for that one itself
    rate: float
    p50: float
    p99: float
    errors: int
    limited: int  # rounds in which the load limited the rate
    rounds: int
    more: dict  # medians


def _middle(samples, key):
    return statistics.median(sample[key] for sample in samples)


def _entry(label, samples, best_samples):
    ratio = None
    if best_samples:
        by_round = {sample["round"]: sample["value"] for sample in best_samples}
        shared = [sample["value"] / by_round[sample["round"]] for sample in samples if sample["round"] in by_round]
        ratio = Figure.of(shared) if shared else None
    more = {key: statistics.median(sample["more"][key] for sample in samples) for key in samples[0]["more"]}
    return Entry(label, Figure.of([sample["value"] for sample in samples]), ratio, _middle(samples, "rate"),
                 _middle(samples, "p50"), _middle(samples, "p99"), sum(sample["errors"] for sample in samples),
                 sum(sample["limited"] for sample in samples), len(samples), more)


def entries(row, samples):
    """The figures of all proxies in a row, ours first, then from the best on."""
    by_label = {}
    for sample in samples:
        if sample["row"] == row.key:
            by_label.setdefault(sample["label"], []).append(sample)
    sign = -1 if row.more_is_better else 1
    order = sorted(by_label, key=lambda label: sign * statistics.median(each["value"] for each in by_label[label]))
    peers = [label for label in order if label not in SUBJECTS]
    # The yardstick is the best peer; where there is none, two builds of ours are compared with each other.
    best = peers[0] if peers else "wssgate"
    ours = [label for label in SUBJECTS if label in by_label]
    return [_entry(label, by_label[label], by_label.get(best) if label != best else None) for label in ours + peers]


def verdict(row, found):
    """(reached or not, why) for wssgate, or nothing where that cannot be said."""
    ours = next((entry for entry in found if entry.label == "wssgate"), None)
    best = next((entry for entry in found if entry.label not in SUBJECTS), None)
    if ours is None or best is None or ours.ratio is None:
        return None
    checks = row.checks(ours, best)
    return all(good for good, _ in checks), "; ".join(why for _, why in checks)
