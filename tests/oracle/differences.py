#!/usr/bin/env python3
"""Cases for the differential test of business time, with the oracle's answers; `shared/core/tests/business_time.rs` reads them.

    python3 differences.py VERSION [CASES] [SEED]

VERSION is the release of the IANA time zone data that the other side has, such as 2026e. The oracle takes its own from
the PyPI package `tzdata`, never from the machine, and refuses to work with another release.

One JSON object a line: a calendar, what to add to which start with the due instant, and how much work lies between two
instants. An answer is null where the oracle's painting, which ends at `painted_to`, does not reach. First come CASES
random calendars, then every change of the clock in thirty zones over ten years. The last line says how many there were.
Instants are seconds since the epoch.
"""

import json
import random
import sys
import zoneinfo
from datetime import datetime, timedelta, timezone

FIRST_YEAR, YEARS = 2016, 10
# Thirty zones whose clocks changed in those years: both hemispheres, half hours, changes at midnight, in the evening and by
# three hours, a night of Ramadan, moves that happened once.
EDGE_ZONES = """Europe/Berlin Europe/London Europe/Dublin Europe/Lisbon Europe/Athens Europe/Chisinau Atlantic/Azores
America/New_York America/Chicago America/Los_Angeles America/St_Johns America/Halifax America/Havana America/Nuuk
America/Scoresbysund America/Santiago America/Asuncion America/Sao_Paulo America/Mexico_City Australia/Sydney
Australia/Adelaide Australia/Lord_Howe Pacific/Auckland Pacific/Chatham Pacific/Apia Asia/Beirut Asia/Gaza Asia/Amman
Africa/Casablanca Antarctica/Troll""".split()
# Before, in and after a change; gaps and folds are half an hour, an hour or two long.
NEAR = [-86400, -7200, -3601, -1800, -1, 0, 1, 1800, 3599, 5400, 7200, 86400]


def refuse(why):
    sys.exit(f"The oracle cannot work: {why}")


def same_data(version):
    """Makes the PyPI package the only source of zones, in the release asked for."""
    try:
        import tzdata
    except ImportError:
        refuse(
            f"{sys.executable} has no PyPI package tzdata, which it takes time zones from (release {version} is needed). "
            "infra/local/prepare.sh installs it into .local/venv."
        )
    if tzdata.IANA_VERSION != version:
        refuse(
            f"its time zone data is of release {tzdata.IANA_VERSION} (PyPI tzdata {tzdata.__version__}), the product's of "
            f"{version}. Pin the same release in infra/local/requirements.txt."
        )
    zoneinfo.reset_tzpath(to=[])


def changes(zone):
    """Every instant in those years at which the zone's offset changes, to the second."""

    def offset(at):
        return datetime.fromtimestamp(at, zone).utcoffset()

    at = int(datetime(FIRST_YEAR, 1, 1, tzinfo=timezone.utc).timestamp())
    end = int(datetime(FIRST_YEAR + YEARS, 1, 1, tzinfo=timezone.utc).timestamp())
    while at < end:
        step = min(at + 86400, end)
        if offset(at) != offset(step):
            low, high = at, step
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if offset(middle) == offset(at) else (low, middle)
            yield high
        at = step


def hhmm(minutes):
    return f"{minutes // 60:02}:{minutes % 60:02}"


def calendars_at(oracle, zone_name, change):
    """Calendars whose hours begin and end around a change, on all days of the week."""
    zone = zoneinfo.ZoneInfo(zone_name)
    before = datetime.fromtimestamp(change - 1, zone) + timedelta(seconds=1)  # the wall clock that the change struck
    wall = before.hour * 60 + before.minute
    day = datetime.fromtimestamp(change, zone).date()

    def every_day(*hours):
        return {name: [[hhmm(a % 1440), hhmm(b % 1440)] for a, b in hours] for name in oracle.DAYS}

    def apart(a, b):
        return a % 1440 != b % 1440

    around = [(wall - 30, wall + 30), (wall + 15, wall + 240), (wall - 240, wall + 20)]
    yield {"zone": zone_name, "weekly": {name: [["00:00", "24:00"]] for name in oracle.DAYS}}
    yield {"zone": zone_name, "weekly": every_day((540, 1020))}
    yield {"zone": zone_name, "weekly": every_day((1320, 360)), "holidays": [(day - timedelta(days=1)).isoformat()]}
    for hours in around:
        if apart(*hours):
            yield {"zone": zone_name, "weekly": every_day(hours)}
    partial = {"date": day.isoformat(), "open": [[hhmm((wall - 20) % 1440), hhmm((wall + 25) % 1440)]]}
    yield {"zone": zone_name, "weekly": every_day((480, 720), (780, 1020)), "holidays": [partial]}


def line(doc, painted, adds, betweens):
    painted_to = painted.origin + len(painted.open) * 60
    return {"calendar": doc, "adds": adds, "betweens": betweens, "painted_to": painted_to}


def edge(oracle, doc, change):
    painted = oracle.Painted(doc, change - 86400, days=20)
    starts = [change + near for near in NEAR]
    adds, betweens = [], []
    for start in starts:
        # So long that it ends just before, in and just after the change, and some more.
        spans = {0, 1, 60, 3600, 8 * 3600}
        for end in (change - 1, change, change + 1, change + 1800, change + 5400):
            if end >= start:
                worked = painted.worked(start, end)
                spans |= {worked, worked + 1}
                betweens.append([start, end, worked])
        adds += [[start, "time", span, painted.due(start, span)] for span in sorted(spans)]
        adds += [[start, "days", days, painted.due_days(start, days)] for days in (1, 2)]
        adds.append([start, "elapsed", 5400, start + 5400])
    return line(doc, painted, adds, betweens)


def random_case(oracle, rng, zone_changes):
    zone = rng.choice(oracle.ZONES)
    start = oracle.random_start(rng, zone_changes[zone])
    doc = oracle.random_calendar(rng, zone, start)
    painted = oracle.Painted(doc, start)
    _, amount = oracle.random_span(rng)
    days, elapsed = rng.randrange(0, 8), rng.randrange(0, 500_000)
    until = start + rng.randrange(0, 20 * 86400)
    amount = amount if amount > 7 else rng.randrange(0, 200_000)
    worked = painted.worked(start, until)
    adds = [
        [start, "time", amount, painted.due(start, amount)],
        [start, "time", worked, painted.due(start, worked)],
        [start, "days", days, painted.due_days(start, days)],
        [start, "elapsed", elapsed, start + elapsed],
    ]
    return line(doc, painted, adds, [[start, until, worked]])


def main():
    same_data(sys.argv[1])
    import business_time as oracle

    cases = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000
    rng = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 1)

    def put(found):
        print(json.dumps(found, separators=(",", ":")))

    zone_changes = {zone: oracle.transitions(zoneinfo.ZoneInfo(zone)) for zone in oracle.ZONES}
    for _ in range(cases):
        put(random_case(oracle, rng, zone_changes))
    edges = 0
    for zone in EDGE_ZONES:
        for change in changes(zoneinfo.ZoneInfo(zone)):
            edges += 1
            for doc in calendars_at(oracle, zone, change):
                put(edge(oracle, doc, change))
    put({"cases": cases, "edges": edges, "zones": len(EDGE_ZONES)})


if __name__ == "__main__":
    main()
