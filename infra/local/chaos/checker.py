"""The checker: what clients know, held against what the API says in the end. Pure: a record in, verdicts out."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from chaos.history import History, mailbox
from chaos.sink import Hook

UNDER_WAY = {"received", "enriched", "scored"}
HELD = {"offered", "accepted", "working", "qualified"}
# Stages of leads that do not answer for an address.
BESIDE = {"quarantined", "merged"}
# After these an offer stands no more, and a notification of it that was still owed is beside the point.
LETS_GO = {"rejected", "reassigned", "returned_to_marketing", "disqualified", "recycled", "won", "lost"}
ASSIGNS = {"offered", "reassigned"}


@dataclass
class Record:
    """Everything that was seen when all had come to rest."""

    history: History
    leads: list[dict]
    timelines: dict[str, list[dict]]
    # What GET /submissions says: the lead of each acknowledged id, none for one that is not known.
    receipts: dict[str, str | None]
    reps: dict[str, dict] = field(default_factory=dict)
    pools: dict[str, dict] = field(default_factory=dict)
    hooks: list[Hook] = field(default_factory=list)
    # Ids of leads that were still restless when waiting was given up.
    restless: list[str] = field(default_factory=list)


@dataclass
class Verdict:
    """Harm by class, in Jepsen's words where it has one, and what there was to judge."""

    lost: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    duplicated: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    misrouted: list[str] = field(default_factory=list)
    broken_timelines: list[str] = field(default_factory=list)
    notifications: list[str] = field(default_factory=list)
    # Never acknowledged, and there all the same: allowed.
    recovered: int = 0
    repeated_attempts: int = 0

    def harm(self) -> dict[str, list[str]]:
        """What must be empty."""
        named = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {name.replace("_", " "): found for name, found in named.items() if isinstance(found, list)}


def check(record: Record) -> Verdict:
    """Judges a record."""
    verdict = Verdict()
    submissions(record, verdict)
    mailboxes(record, verdict)
    for lead in record.leads:
        settled(record, lead, verdict)
        timeline(lead, record.timelines.get(lead["lead_id"], []), verdict)
    answers(record, verdict)
    loads(record, verdict)
    turns(record, verdict)
    hooks(record, verdict)
    return verdict


def submissions(record: Record, verdict: Verdict) -> None:
    """Every acknowledged submission is at exactly one lead, and nothing is there that nobody sent."""
    at: dict[str, list[str]] = defaultdict(list)
    for lead_id, events in record.timelines.items():
        for event in events:
            if event["kind"] in ("captured", "touched", "quarantined"):
                at[event["details"]["submission_id"]].append(lead_id)
    leads = {lead["lead_id"]: lead for lead in record.leads}
    for submission_id, places in at.items():
        if len(places) > 1:
            verdict.duplicated.append(f"submission {submission_id} stands in {len(places)} places: {places}")
    acknowledged = set()
    unknown: Counter[str] = Counter()
    for submission in record.history.submissions:
        name = f"submission number {submission.number}"
        if submission.refused:
            verdict.lost.append(f"{name} was refused with {submission.refused}")
        if len(submission.acknowledged) > 1:
            verdict.duplicated.append(f"{name} was given several ids: {submission.acknowledged}")
        if not submission.acknowledged and submission.sent:
            unknown[mailbox(submission.email)] += 1
        for submission_id in submission.acknowledged:
            acknowledged.add(submission_id)
            lead_id = record.receipts.get(submission_id)
            if lead_id is None or lead_id not in leads:
                verdict.lost.append(f"{submission_id} was acknowledged and has no lead")
            elif lead_id not in at.get(submission_id, []):
                verdict.lost.append(f"{submission_id} was acknowledged, and {lead_id} knows nothing of it")
            elif mailbox(leads[lead_id]["contact"]["email"]) != mailbox(submission.email):
                verdict.unexpected.append(f"{submission_id} is with another person's lead {lead_id}")
    for submission_id, places in at.items():
        if submission_id in acknowledged:
            continue
        owner = mailbox(leads[places[0]]["contact"]["email"]) if places[0] in leads else ""
        if unknown[owner] > 0:
            unknown[owner] -= 1
            verdict.recovered += 1
        else:
            verdict.unexpected.append(f"{submission_id} at {places[0]} was sent by nobody")


def mailboxes(record: Record, verdict: Verdict) -> None:
    """One lead per mailbox."""
    sent = {mailbox(s.email) for s in record.history.submissions if s.sent}
    holders = Counter(mailbox(lead["contact"]["email"]) for lead in record.leads if lead["stage"] not in BESIDE)
    for box, count in holders.items():
        if count > 1:
            verdict.duplicated.append(f"{count} leads have one mailbox")
        if box not in sent:
            verdict.unexpected.append("a lead has a mailbox that nobody submitted")


def settled(record: Record, lead: dict, verdict: Verdict) -> None:
    """No lead is left on its way, without the owner it should have, or owing something."""
    name, stage = lead["lead_id"], lead["stage"]
    if stage in UNDER_WAY:
        verdict.stuck.append(f"{name} is {stage}")
    elif name in record.restless:
        verdict.stuck.append(f"{name} is {stage} and does not come to rest, due {lead['due_at']}")
    if (stage in HELD) != (lead["owner"] is not None) and stage not in ("won", "lost"):
        verdict.stuck.append(f"{name} is {stage}, its owner is {lead['owner']}")


def cycles(events: list[dict]):
    """The events, each with the cycle and the offer that it belongs to."""
    cycle, offer = 1, 0
    for event in events:
        details = event["details"]
        if event["kind"] == "woken":
            cycle, offer = details["cycle"], 0
        if event["kind"] in ASSIGNS:
            offer = details["offer"]
        yield cycle, offer, event
        if event["kind"] == "returned_to_marketing":
            cycle, offer = cycle + 1, 0


def timeline(lead: dict, events: list[dict], verdict: Verdict) -> None:
    """A timeline has no gap; each offer is one assignment to somebody new; each step of a ladder comes once."""
    name = lead["lead_id"]
    if [event["seq"] for event in events] != list(range(1, lead["version"] + 1)):
        verdict.broken_timelines.append(f"{name} at {lead['version']} has {[e['seq'] for e in events]}")
    offers, had, steps = set(), set(), set()
    latest = None
    for cycle, offer, event in cycles(events):
        kind, details = event["kind"], event["details"]
        if kind in ASSIGNS:
            if (cycle, offer) in offers:
                verdict.misrouted.append(f"{name} was assigned twice in cycle {cycle}, offer {offer}")
            if (cycle, details["rep_id"]) in had:
                verdict.misrouted.append(f"{name} was offered to {details['rep_id']} twice in cycle {cycle}")
            offers.add((cycle, offer))
            had.add((cycle, details["rep_id"]))
            latest = (details["rep_id"], offer)
        elif kind in ("reminded", "manager_told", "breached", "nobody_left"):
            step = (cycle, offer, kind, details.get("clock"), details.get("step"))
            if step in steps:
                verdict.misrouted.append(f"{name} escalated twice: {step}")
            steps.add(step)
    if lead["stage"] in HELD and lead["owner"]:
        held = (lead["owner"]["rep_id"], lead["owner"]["offer"])
        if held != latest:
            verdict.misrouted.append(f"{name} is held by {held}, its timeline says {latest}")


def answers(record: Record, verdict: Verdict) -> None:
    """What sales were told has been done, has been done."""
    done = {"accept": "accepted", "reject": "rejected"}
    for answer in record.history.answers:
        if answer.status != 200:
            continue
        events = record.timelines.get(answer.lead_id, [])
        if not any(e["kind"] == done[answer.verb] and e["details"]["rep_id"] == answer.rep_id for e in events):
            verdict.lost.append(f"{answer.verb} of {answer.lead_id} by {answer.rep_id} was answered 200")


def loads(record: Record, verdict: Verdict) -> None:
    """A rep's load is the number of leads that the rep holds."""
    held = Counter(lead["owner"]["rep_id"] for lead in record.leads if lead["stage"] in HELD and lead["owner"])
    for rep_id, rep in record.reps.items():
        if rep["open"] != held[rep_id]:
            verdict.misrouted.append(f"{rep_id} has a load of {rep['open']} and holds {held[rep_id]} leads")


def turns(record: Record, verdict: Verdict) -> None:
    """A pool has given exactly one turn for each assignment that was somebody's turn."""
    given = Counter(
        event["details"]["pool_id"]
        for events in record.timelines.values()
        for event in events
        if event["kind"] in ASSIGNS and "basis" not in event["details"]
    )
    for pool_id, pool in record.pools.items():
        if pool["turns"] != given[pool_id]:
            verdict.misrouted.append(f"pool {pool_id} counts {pool['turns']} turns, timelines say {given[pool_id]}")


def expected_hooks(lead_id: str, events: list[dict]) -> tuple[set[str], set[str]]:
    """The webhook ids that a timeline makes certain, and those that it makes possible."""
    possible, certain, confirmed = set(), set(), {}
    listed = list(cycles(events))
    for _, _, event in listed:
        if event["kind"] == "notified":
            confirmed |= {effect: event["seq"] for effect in event["details"]["effects"]}
    for cycle, offer, event in listed:
        kind, details, prefix = event["kind"], event["details"], f"{lead_id}.{cycle}"
        if kind in ASSIGNS:
            effect = f"{prefix}.offer.{offer}"
            possible.add(effect)
            let_go = [e["seq"] for _, _, e in listed if e["seq"] > event["seq"] and e["kind"] in LETS_GO]
            # Told before the offer ended, or never ended.
            if confirmed.get(effect, float("inf")) < min(let_go, default=float("inf")) or not let_go:
                certain.add(effect)
        if kind == "reassigned":
            possible.add(f"{prefix}.moved.{offer - 1}")
        if kind == "manager_told":
            possible.add(f"{prefix}.manager.{offer}.{details['clock']}.{details['step']}")
        if kind == "returned_to_marketing":
            possible.add(f"{prefix}.returned.{event['seq']}")
    # Nothing but an offer can be beside the point, and nothing is owed at rest.
    certain |= {effect for effect in possible if ".offer." not in effect}
    return certain, possible


def hooks(record: Record, verdict: Verdict) -> None:
    """Attempts may repeat, ids may not multiply; what was to be told has been told, and every attempt is signed."""
    seen = Counter(hook.id for hook in record.hooks)
    verdict.repeated_attempts = sum(seen.values()) - len(seen)
    certain, possible = set(), set()
    for lead_id, events in record.timelines.items():
        sure, maybe = expected_hooks(lead_id, events)
        certain |= sure
        possible |= maybe
    for hook_id in sorted(certain - set(seen)):
        verdict.notifications.append(f"{hook_id} never arrived")
    for hook_id in sorted(set(seen) - possible):
        verdict.notifications.append(f"{hook_id} has no cause in a timeline")
    for hook in record.hooks:
        if not hook.verified:
            verdict.notifications.append(f"an attempt of {hook.id} does not verify")
