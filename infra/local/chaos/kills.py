"""Kills between commit and send: the row has changed, nobody has been woken. The sweep has to bring each lead home
within two ticks; and without the sweep none may come home, or the kills were none."""

import time
from concurrent.futures import ThreadPoolExecutor

from chaos import rest
from chaos.clients import crowd, people
from chaos.ground import Ground
from chaos.history import History
from chaos.playbook import CALM

# By the event of the commit that they die after. From the end of the line to its beginning: what is killed in one
# round never has to pass the fail point of the next on its way home.
VICTIMS = {"route": "offered", "score": "scored", "enrich": "enriched", "capture": "captured"}
DIES = "after_commit=abort:1"
TWO_TICKS = 120
# What the emulator may take for two hundred leads at once, in seconds.
SLACK = 20
KILL_SECONDS = 240
CLIENTS = 8


class Kills:
    """Leads whose worker died after a commit and before it woke anybody."""

    def __init__(self, ground: Ground, history: History, seed: int):
        self.ground, self.history, self.seed = ground, history, seed
        self.victims: dict[str, str] = {}
        self.deaths = 0

    def one_by_one(self, wanted: bool) -> None:
        """One message a run, so that one death is one lead; or what the template says."""
        for name in ("enrich", "score", "route"):
            size, width = (1, 10) if wanted else (10, 2 if name == "route" else 10)
            self.ground.client("lambda").update_event_source_mapping(
                UUID=self.ground.sources[name], BatchSize=size, ScalingConfig={"MaximumConcurrency": width}
            )

    def round(self, count: int, mark: str) -> None:
        """So many kills at each function of the line."""
        self.one_by_one(True)
        for victim in VICTIMS:
            self.kill(victim, count, mark)
        self.one_by_one(False)

    def kill(self, victim: str, count: int, mark: str) -> None:
        """Sends so many leads into a function that dies after every commit."""
        ground, before = self.ground, len(self.ground.deaths())
        ground.fail(**{victim: DIES})
        submissions = people(count, CALM, f"{ground.run}{mark}-{victim}", self.seed)
        self.history.submissions += submissions
        crowd(ground.api, submissions, self.seed, CLIENTS)
        deadline = time.monotonic() + KILL_SECONDS
        while len(ground.deaths()) - before < count:
            if time.monotonic() > deadline:
                raise SystemExit(f"Only {len(ground.deaths()) - before} of {count} kills at {victim}.")
            time.sleep(0.2)
        ground.fail()
        self.deaths += len(ground.deaths()) - before
        with ThreadPoolExecutor(rest.AT_ONCE) as pool:
            receipts = pool.map(lambda s: ground.api.get(f"/submissions/{s.acknowledged[0]}"), submissions)
            self.victims |= {receipt["lead_id"]: victim for receipt in receipts}
        print(f"      {count} kills at {victim}, after its commit and before its send", flush=True)

    def stories(self) -> dict[str, list[dict]]:
        """The timelines of all victims."""
        with ThreadPoolExecutor(rest.AT_ONCE) as pool:
            return dict(zip(self.victims, pool.map(self.ground.api.timeline, self.victims)))


def seconds_home(events: list[dict], killed_after: str) -> float | None:
    """From the commit whose send was lost until the lead's owner had been told; none while that is not so."""
    killed = next((e for e in events if e["kind"] == killed_after), None)
    told = [e for e in events if e["kind"] == "notified" and any(".offer." in i for i in e["details"]["effects"])]
    if not killed or not told:
        return None
    return (rest.instant(told[0]["at"]) - rest.instant(killed["at"])).total_seconds()


def kills(ground: Ground, history: History, total: int, seed: int) -> dict:
    """The kills, and how long each lead took to come home."""
    run = Kills(ground, history, seed)
    run.round(total // len(VICTIMS), "k")
    rest.wait(ground.api)
    stories = run.stories()
    home = {lead: seconds_home(events, VICTIMS[run.victims[lead]]) for lead, events in stories.items()}
    took = sorted(seconds for seconds in home.values() if seconds is not None)
    late = [lead for lead, seconds in home.items() if seconds is None or seconds > TWO_TICKS + SLACK]
    # Nobody else brings a lead home: one without a re-drive was not harmed, and the kill did not count.
    unharmed = [lead for lead, events in stories.items() if not any(e["kind"] == "redriven" for e in events)]
    seen = {
        "kills": run.deaths,
        "home": len(took),
        "median_seconds": round(took[len(took) // 2], 1) if took else None,
        "slowest_seconds": round(took[-1], 1) if took else None,
    }
    print(f"      {seen}", flush=True)
    lacks = [f"late: {late}"] * bool(late) + [f"unharmed: {unharmed}"] * bool(unharmed)
    return seen | {"missing": lacks}


class Guard:
    """The same without the sweep: proves that it is the sweep that brings leads home."""

    def __init__(self, ground: Ground, history: History, seed: int):
        self.run = Kills(ground, history, seed)
        # First, so that no sweep arms a timer for these leads.
        ground.schedule(False)
        self.run.round(1, "g")
        self.began = time.monotonic()

    def judge(self) -> dict:
        """After two ticks without a sweep nobody is home; with the sweep all come home."""
        time.sleep(max(0.0, self.began + TWO_TICKS + 5 - time.monotonic()))
        stranded = [lead for lead, events in self.run.stories().items() if self.is_out(lead, events)]
        self.run.ground.schedule(True)
        rest.wait(self.run.ground.api)
        home = [lead for lead, events in self.run.stories().items() if not self.is_out(lead, events)]
        seen = {"without_sweep": len(self.run.victims), "stranded": len(stranded), "home_with_sweep": len(home)}
        print(f"      {seen}", flush=True)
        lacks = ["came home without the sweep"] * (len(stranded) < len(VICTIMS))
        return seen | {"missing": lacks + ["did not come home with it"] * (len(home) < len(VICTIMS))}

    def is_out(self, lead: str, events: list[dict]) -> bool:
        return seconds_home(events, VICTIMS[self.run.victims[lead]]) is None
