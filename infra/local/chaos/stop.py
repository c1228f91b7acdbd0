"""A worker that stands still past the visibility timeout of its message, while another takes the message over; then the
first goes on with what it had decided. Only one of them may count."""

import os
import signal
import time
from datetime import datetime, timezone
from pathlib import Path

from chaos.clients import people, submit
from chaos.ground import JOURNAL, Ground
from chaos.history import History
from chaos.playbook import CALM
from chaos.rest import is_at_rest
from chaos.sink import Sink

# Where each function stands still; and the event by which the other worker has been through.
STOPS = {
    "enrich": ("before_commit", "enriched"),
    "score": ("before_commit", "scored"),
    "route": ("before_commit", "offered"),
    "notify": ("after_telling", "notified"),
}
VISIBILITY_SECONDS = 3
# The functions may stand still for so long; the emulator ends them after that, as AWS would.
FUNCTION_SECONDS = 60
LIMIT = 40
STOPPED = Path(f"{JOURNAL}.stopped")


def state(pid: int) -> str:
    """A process's state, T for one that stands still; nothing when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return ""


def until(what: str, look):
    """Looks until there is something to see; ends the run when there is nothing in time."""
    deadline = time.monotonic() + LIMIT
    while not (found := look()):
        if time.monotonic() > deadline:
            raise SystemExit(f"Waited {LIMIT} s for {what}.")
        time.sleep(0.1)
    return found


def stop(ground: Ground, sink: Sink, history: History, seed: int) -> dict:
    """One worker of each function stands still, and goes on when it is too late."""
    lacks = []
    for function, (place, event) in STOPS.items():
        lacks += stand_still(ground, sink, history, seed, function, place, event)
        print(f"      {function} stood still {place.replace('_', ' ')} and went on too late", flush=True)
    return {"stopped": list(STOPS), "missing": lacks}


def stand_still(
    ground: Ground, sink: Sink, history: History, seed: int, function: str, place: str, event: str
) -> list[str]:
    """One worker; what is wrong afterwards."""
    sqs, queue = ground.client("sqs"), ground.values[f"QUEUE_{function.upper()}"]
    visibility = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["VisibilityTimeout"])["Attributes"]
    STOPPED.unlink(missing_ok=True)
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": str(VISIBILITY_SECONDS)})
    armed = {"FAIL_POINTS": f"{place}=stop:1", "FAIL_POINTS_JOURNAL": str(JOURNAL)}
    ground.configure(function, armed, Timeout=FUNCTION_SECONDS)
    pid, before = None, ground.batches(function)
    try:
        (submission,) = people(1, CALM, f"{ground.run}t-{function}", seed)
        history.submissions.append(submission)
        submit(ground.api, submission, seed)
        until(f"{function} to stand still", STOPPED.exists)
        pid = int(until("the worker to be named", lambda: STOPPED.read_text().split())[3])
        until(f"process {pid} to stand still", lambda: state(pid) == "T")
        began = time.monotonic()
        lead_id = ground.api.get(f"/submissions/{submission.acknowledged[0]}")["lead_id"]
        until(f"another worker's {event}", lambda: event in kinds(ground, lead_id))
        took_over = time.monotonic() - began
        attempts = ground.decisions(lead_id, function)
    finally:
        if pid:
            os.kill(pid, signal.SIGCONT)
    # The end of the one that took over, and the end of the one that stood still.
    until(f"process {pid} to come to its end", lambda: ground.batches(function) >= before + 2)
    # Only this one: others may be waiting for a sweep that is switched off just now.
    until(f"{lead_id} to come to rest", lambda: rests(ground, lead_id))
    lacks = judge(ground, sink, lead_id, function)
    if took_over < VISIBILITY_SECONDS - 1:
        lacks.append(f"{function}: the message was taken over after {took_over:.1f} s, before it was visible again")
    if attempts is not None and attempts < 2:
        lacks.append(f"{function}: the worker that stood still had decided nothing")
    if state(pid) == "":
        lacks.append(f"{function}: the worker that stood still did not live to go on")
    sqs.set_queue_attributes(QueueUrl=queue, Attributes=visibility)
    ground.configure(function, {}, Timeout=10)
    return lacks


def kinds(ground: Ground, lead_id: str) -> list[str]:
    return [event["kind"] for event in ground.api.timeline(lead_id)]


def rests(ground: Ground, lead_id: str) -> bool:
    return is_at_rest(ground.api.get(f"/leads/{lead_id}"), datetime.now(timezone.utc))


def judge(ground: Ground, sink: Sink, lead_id: str, function: str) -> list[str]:
    """One assignment, one notification, no gap; the checker looks at the rest."""
    found = kinds(ground, lead_id)
    ids = {hook.id for hook in sink.seen() if hook.lead_id == lead_id}
    lacks = [f"{function}: {found}"] if any(found.count(k) != 1 for k in ("enriched", "scored", "offered")) else []
    return lacks + ([f"{function}: {sorted(ids)}"] if ids != {f"{lead_id}.1.offer.1"} else [])
