"""The storm: faults on every call, restarts, dying workers and colliding sweeps, all at once, while people submit and
sales answer. Then calm."""

import time
from collections import Counter

from chaos.clients import Sales, crowd, planned
from chaos.ground import Ground, Restarts, Sweeps
from chaos.history import History, Submission
from chaos.proxy import Proxy
from chaos.sink import Sink

SHARE_OF_CALLS = 0.05
SHARE_OF_REPLIES = 0.3
FAIL_POINTS = ("before_commit", "after_commit", "after_send", "after_telling")
SWEEPS_AT_ONCE = 8
CLIENTS = 8
ACKNOWLEDGED_AT_LEAST = 0.9


class Scale:
    """What a storm of this size must show, and how it is made."""

    def __init__(self, submissions: int):
        full = submissions >= 1_000
        self.fired_at_least = 20 if full else 5
        self.restarts_at_least = 5 if full else 1
        self.gaps = (5.0, 40.0) if full else (3.0, 10.0)
        # A run passes three fail points or more, depending on its batch: about two or five in a hundred end early.
        share = 0.007 if full else 0.015
        self.dies = ",".join(f"{place}=abort:{share}" for place in FAIL_POINTS)
        self.sweeps_every = 40.0 if full else 10.0

    def restarts_by(self, submissions: list[Submission]) -> int:
        """How many restarts there must have been by now, however fast the machine is: they share the people evenly."""
        through = sum(bool(submission.acknowledged) for submission in submissions)
        return through * (self.restarts_at_least + 1) // (len(submissions) + 1)


def storm(ground: Ground, sink: Sink, history: History, count: int, seed: int) -> dict:
    """Everything at once until every client is through, then nothing any more; what there was of it."""
    scale = Scale(count)
    began = time.monotonic()
    earlier, before = len(ground.deaths()), ground.runs()
    submissions = planned(count, f"{ground.run}s", seed)
    history.submissions += submissions
    proxy = Proxy(ground.endpoint)
    try:
        ground.restart(0, proxy.url)
        ground.fail(**{name: scale.dies for name in ground.functions})
        proxy.inject(SHARE_OF_CALLS)
        sink.lose(SHARE_OF_REPLIES)
        sales = Sales(ground.api, sink, history, seed)
        restarts = Restarts(ground, proxy.url, scale.gaps, lambda: scale.restarts_by(submissions), seed)
        sweeps = Sweeps(ground, SWEEPS_AT_ONCE, scale.sweeps_every)
        try:
            crowd(ground.api, submissions, seed, CLIENTS)
        finally:
            sales.stop()
            sweeps.stop()
            restarts.stop()
        proxy.calm()
        sink.lose(0)
        # The functions go to the emulator directly from now on.
        ground.restart(0, None)
        ground.fail()
        fired, runs = proxy.fired(), ground.runs() - before + sweeps.counts.total()
    finally:
        proxy.stop()
    deaths = ground.deaths()[earlier:]
    seen = {
        "submissions": count,
        "acknowledged": sum(bool(s.acknowledged) for s in submissions),
        "faults": fired,
        "runs": runs,
        "aborts": len(deaths),
        "aborts_at": dict(Counter(f"{function} {place}" for function, place, _, _ in deaths).most_common()),
        "restarts": restarts.count,
        "sweeps": dict(sweeps.counts),
        "storm_seconds": round(time.monotonic() - began),
    }
    print(f"      calm after {seen['storm_seconds']} s: {seen}", flush=True)
    return seen | {"missing": missing(seen, scale)}


def missing(seen: dict, scale: Scale) -> list[str]:
    """What a storm lacks: one that hardly blew proves nothing."""
    lacks = [f"{name}: {n}" for name, n in seen["faults"].items() if n < scale.fired_at_least]
    if seen["aborts"] < scale.fired_at_least:
        lacks.append(f"aborts: {seen['aborts']}")
    if seen["restarts"] < scale.restarts_at_least:
        lacks.append(f"restarts: {seen['restarts']}")
    if seen["acknowledged"] < ACKNOWLEDGED_AT_LEAST * seen["submissions"]:
        lacks.append(f"acknowledged: {seen['acknowledged']}")
    return lacks
