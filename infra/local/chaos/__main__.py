"""make chaos: breaks the deployment in every way that one machine can, and checks that no lead is harmed. Ends with one
line of JSON; the exit status is 0 only when there was no harm, and enough was broken for that to mean something."""

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from dataclasses import asdict

import emulator
from progress import Steps
from settings import CHAOS, ROOT, emulator_kind, functions

from chaos import playbook, rest
from chaos.checker import Verdict, check
from chaos.ground import BINARIES, WEBHOOK_SECRET, Ground
from chaos.history import History
from chaos.kills import Guard, kills
from chaos.sink import Sink
from chaos.stop import stop
from chaos.storm import storm

PHASES = ("kills", "stop", "storm")
# From the Makefile: the same packages and features in every cargo call, and here the one that lets workers die.
BUILD = ["cargo", "build", *os.environ["WORKSPACE"].split(), "--features", "leadline-runtime/fail-points"]
SHOWN = 10


def main() -> None:
    for interruption in (signal.SIGTERM, signal.SIGINT):  # so that the emulator is stopped then, too
        signal.signal(interruption, lambda *_: sys.exit("Interrupted."))
    if emulator_kind() != "ministack":
        sys.exit("make chaos restarts its emulator, so it needs one of its own: EMULATOR=ministack.")
    phases = [os.environ["ONLY"]] if os.environ.get("ONLY") else list(PHASES)
    if not set(phases) <= set(PHASES):
        sys.exit(f"ONLY={phases[0]} is not known. Use one of {', '.join(PHASES)}.")
    submissions, total = int(os.environ.get("SUBMISSIONS") or 2_000), int(os.environ.get("KILLS") or 500)
    seed = int(os.environ.get("SEED") or secrets.randbelow(1_000_000))
    print(f"SEED={seed}", flush=True)
    steps = Steps(total=3 + len(phases) + ("kills" in phases))
    began, result, verdict, ground, sink = time.monotonic(), {"seed": seed}, None, None, None
    try:
        with steps.step("Building the functions with their fail points"):
            build()
        began = time.monotonic()
        with steps.step("Deploying onto an emulator that keeps its state"):
            ground = Ground()
            sink = Sink(WEBHOOK_SECRET, seed)
            ground.publish(playbook.text(ground.playbook(), sink.url))
            history = History()
        guard = None
        if "kills" in phases:
            with steps.step(f"{total} kills between commit and send"):
                result["kills"] = kills(ground, history, total, seed)
            guard = Guard(ground, history, seed)
        if "stop" in phases:
            with steps.step("Workers that stand still past their visibility timeout"):
                result["stop"] = stop(ground, sink, history, seed)
        if guard:
            with steps.step("The same kills without the sweep"):
                result["guard"] = guard.judge()
        if "storm" in phases:
            with steps.step(f"The storm: {submissions} submissions"):
                result["storm"] = storm(ground, sink, history, submissions, seed)
        with steps.step("Coming to rest, and adding up"):
            verdict = judged(ground, sink, history, result)
    finally:
        if ground:
            ground.stop()
        else:
            emulator.stop(CHAOS)
        if sink:
            sink.stop()
        steps.save(CHAOS.folder / "times.tsv")
    sys.exit(told(result, verdict, time.monotonic() - began))


def build() -> None:
    """Builds and places the binaries, apart from the deployable ones."""
    binaries = [argument for name in (*functions(), "leadctl") for argument in ("--bin", name)]
    for command in ([*BUILD, *binaries], ["make", "--no-print-directory", "place", f"INTO={BINARIES.relative_to(ROOT)}"]):
        if subprocess.run(command, cwd=ROOT).returncode != 0:
            sys.exit(f"{' '.join(command)} failed.")


def judged(ground: Ground, sink: Sink, history: History, result: dict) -> Verdict:
    """Waits until all has come to rest, reads everything back and checks it."""
    began = time.monotonic()
    left = rest.wait(ground.api)
    result["settle_seconds"] = round(time.monotonic() - began)
    reps = [rep for names in playbook.REPS.values() for rep in names]
    record = rest.read(ground.api, history, ground.api.leads(), list(playbook.REPS), reps)
    record.restless = [lead["lead_id"] for lead in left]
    rest.wait_for_hooks(record, sink)
    record.hooks = sink.seen()
    (CHAOS.folder / "record.json").write_text(json.dumps(asdict(record)))
    result["leads"] = len(record.leads)
    result["events"] = sum(len(events) for events in record.timelines.values())
    result["answers"] = len(history.answers)
    result["hooks"] = len(record.hooks)
    return check(record)


def told(result: dict, verdict: Verdict | None, seconds: float) -> int:
    """Prints what was found, and in the end one line of JSON; the exit status."""
    harm = verdict.harm() if verdict else {}
    for name, found in harm.items():
        for line in found[:SHOWN]:
            print(f"HARM, {name}: {line}")
        if len(found) > SHOWN:
            print(f"HARM, {name}: and {len(found) - SHOWN} more")
    lacks = [f"{phase}: {lack}" for phase, seen in result.items() if isinstance(seen, dict) for lack in seen["missing"]]
    for lack in lacks:
        print(f"MISSING, {lack}")
    passed = verdict is not None and not any(harm.values()) and not lacks
    if not passed:
        print(f"The emulator's log is {(CHAOS.folder / 'emulator.log').relative_to(ROOT)}.")
    result |= {
        "harm": {name: len(found) for name, found in harm.items()},
        "recovered": verdict.recovered if verdict else None,
        "repeated_attempts": verdict.repeated_attempts if verdict else None,
        "seconds": round(seconds),
        "passed": passed,
    }
    print(json.dumps(result), flush=True)
    return 0 if passed else 1


if __name__ == "__main__":
    main()
