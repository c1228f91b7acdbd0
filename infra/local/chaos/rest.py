"""Waiting until everything has come to rest, by condition; and saying what is stuck when nothing moves any more."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone

from chaos.api import Api
from chaos.checker import UNDER_WAY, Record, expected_hooks
from chaos.history import History
from chaos.sink import Sink

# A watchdog runs at most two minutes after a second re-drive, a delivery five minutes after its second failure.
NO_PROGRESS_SECONDS = 330
LIMIT_SECONDS = 900
# A deadline nearer than this is worth waiting for.
SOON = timedelta(minutes=5)
AT_ONCE = 6


def instant(text: str) -> datetime:
    """An instant of the API, to the microsecond."""
    return datetime.fromisoformat(text)


def is_at_rest(lead: dict, now: datetime) -> bool:
    """Whether nothing is owed for a lead and no deadline is near: its next due time is then that of a clock or of a
    wake-up far ahead, and not of the watchdog that runs behind whatever is owed."""
    if lead["stage"] in UNDER_WAY:
        return False
    if lead["due_at"] is None:
        return True
    timers = [clock["next_step_at"] for clock in lead["clocks"]] + [lead["wake_at"]]
    known = lead["due_at"] in timers
    return known and instant(lead["due_at"]) > now + SOON


def restless(api: Api) -> tuple[list[dict], list[dict]]:
    """All leads, and those of them that are not at rest."""
    leads = api.leads()
    now = datetime.now(timezone.utc)
    return leads, [lead for lead in leads if not is_at_rest(lead, now)]


def wait(api: Api) -> list[dict]:
    """Waits until all leads are at rest; gives those that are not when there is no progress or the limit has come."""
    began = moved = time.monotonic()
    seen: dict[str, int] = {}
    told = began
    while True:
        leads, open_ones = restless(api)
        if not open_ones:
            return []
        now = time.monotonic()
        versions = {lead["lead_id"]: lead["version"] for lead in leads}
        if versions != seen:
            moved, seen = now, versions
        if now - told > 20:
            told = now
            print(f"      {len(open_ones)} of {len(leads)} leads are not at rest", flush=True)
        if now - moved > NO_PROGRESS_SECONDS or now - began > LIMIT_SECONDS:
            show(api, open_ones, now - moved)
            return open_ones
        time.sleep(2)


def show(api: Api, leads: list[dict], still: float) -> None:
    """What is stuck, with the end of its story."""
    print(f"      NO PROGRESS for {still:.0f} s; {len(leads)} leads are not at rest:", flush=True)
    for lead in leads[:10]:
        due, clocks = lead["due_at"], [clock["next_step_at"] for clock in lead["clocks"]]
        print(f"      {lead['lead_id']} {lead['stage']} version {lead['version']} due {due} clocks {clocks}")
        for event in api.timeline(lead["lead_id"])[-4:]:
            print(f"        {event['seq']} {event['at']} {event['kind']}: {event['summary']}", flush=True)


def read(api: Api, history: History, leads: list[dict], pools: list[str], reps: list[str]) -> Record:
    """Reads everything that the checker needs, through the public API."""
    ids = [lead["lead_id"] for lead in leads]
    acknowledged = [submission_id for s in history.submissions for submission_id in s.acknowledged]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        timelines = dict(zip(ids, pool.map(api.timeline, ids)))
        receipts = pool.map(lambda submission_id: api.get(f"/submissions/{submission_id}"), acknowledged)
        leads_of = {name: answer and answer["lead_id"] for name, answer in zip(acknowledged, receipts)}
    return Record(
        history=history,
        leads=leads,
        timelines=timelines,
        receipts=leads_of,
        reps={name: api.get(f"/reps/{name}") for name in reps},
        pools={name: api.get(f"/pools/{name}") for name in pools},
    )


def wait_for_hooks(record: Record, sink: Sink) -> None:
    """Waits for webhooks that are certain to come: a delivery with its own retries is no part of a lead's row."""
    certain = set()
    for lead_id, events in record.timelines.items():
        certain |= expected_hooks(lead_id, events)[0]
    deadline = time.monotonic() + NO_PROGRESS_SECONDS
    while missing := certain - {hook.id for hook in sink.seen()}:
        if time.monotonic() > deadline:
            print(f"      {len(missing)} webhooks have not arrived", flush=True)
            return
        time.sleep(1)
