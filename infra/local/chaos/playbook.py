"""The playbook of the run: the sample playbook, with people who work around the clock, so that the run does not depend
on the hour, and a form whose deadlines are over in a minute, so that its ladder is climbed amid the faults."""

import copy
import json

# Most leads come through here; nobody is pressed while the run lasts.
CALM = "chaos"
# Ten seconds to accept, two offers, then back to marketing.
URGENT = "chaos-urgent"
REPS = {CALM: [f"chaos-{n}" for n in range(1, 6)], URGENT: [f"urgent-{n}" for n in range(1, 4)]}
SECRET = "leadline/chaos-webhook"

CALM_POLICY = {
    "policy": CALM,
    "when": {"field": "form", "is": CALM},
    "max_offers": 1,
    "accept": {"within": "PT10H", "ladder": [{"at": "due", "do": "notify_manager"}]},
}
URGENT_POLICY = {
    "policy": URGENT,
    "when": {"field": "form", "is": URGENT},
    "max_offers": 2,
    "accept": {
        "within": "PT10S",
        "ladder": [
            {"at": "50%", "do": "remind"},
            {"at": "due", "do": "reassign"},
            {"at": "due", "do": "notify_manager"},
            {"at": "+PT3S", "do": "return_to_marketing"},
        ],
    },
}


def text(sample: dict, sink_url: str) -> str:
    """The playbook as JSON, made from the sample that every deployment begins with."""
    book = copy.deepcopy(sample)
    for form, reps in REPS.items():
        book["forms"][form] = book["forms"]["demo-request"]
        for rep in reps:
            book["reps"][rep] = {"name": rep, "email": f"{rep}@acme.example", "calendar": "around-the-clock"}
        book["pools"][form] = {"members": reps, "manager": f"head-of-{form}@acme.example"}
        route = {"route": form, "pool": form, "when": {"field": "form", "is": form}}
        book["routing"]["routes"].insert(0, route)
    for rule in book["scoring"]["interest"]["rules"]:
        if rule["rule"] == "asked-for-a-demo":
            rule["when"] = {"field": "form", "in": ["demo-request", *REPS]}
    book["sla"][:0] = [CALM_POLICY, URGENT_POLICY]
    notifications = book["notifications"]
    # Mail to prospects proves nothing here and costs the emulator time.
    notifications.pop("acknowledgement", None)
    notifications["channels"] = {"sink": {"webhook": {"url": sink_url, "secret": SECRET}}}
    notifications["offers"] = notifications["escalations"] = ["sink"]
    return json.dumps(book)
