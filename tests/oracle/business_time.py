#!/usr/bin/env python3
"""An independent, slow oracle for business time.

Written from the rules, not from the Rust code. It paints every open minute of a range of UTC minutes and
counts them from one to the next; there are no intervals to merge, sort or subtract.

    python3 business_time.py CASES [SEED] > business_time.ndjson

One JSON object a line: a calendar document, a start, a span, and what must come out. `next_close` is null when
the calendar does not close within the painted range of 60 days. Needs the standard library only; to use the
time zone data of the PyPI package `tzdata` instead of the machine's, set PYTHONTZPATH to an empty string.
"""

import functools
import json
import random
import sys
from datetime import date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

ZONES = """Europe/Berlin Europe/London Europe/Dublin America/New_York America/Los_Angeles America/St_Johns
America/Sao_Paulo America/Asuncion America/Havana America/Nuuk America/Scoresbysund America/Santiago
America/Caracas Australia/Lord_Howe Australia/Sydney Pacific/Chatham Pacific/Apia Asia/Kathmandu Asia/Kolkata
Asia/Tehran Asia/Beirut Asia/Gaza Asia/Amman Asia/Pyongyang Africa/Cairo Africa/Casablanca Antarctica/Troll
Atlantic/Azores Asia/Tokyo UTC""".split()
DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
FIRST, LAST = date(2005, 1, 10), date(2026, 6, 1)
MINUTE, PAINTED_DAYS = 60, 60


def clock(text):
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def utc_seconds(day, minutes, zone):
    """The instant of a wall clock time: the later one in a gap, the earlier one when it occurs twice."""
    day += timedelta(days=minutes // 1440)
    minutes %= 1440
    wall = datetime.combine(day, time(minutes // 60, minutes % 60), tzinfo=zone)  # fold=0 means exactly that
    return round(wall.timestamp())


@functools.lru_cache(maxsize=None)
def exists(day, zone):
    """Whether any hour on earth was this local date."""
    there = datetime.combine(day, time(12), tzinfo=zone).astimezone(timezone.utc).astimezone(zone)
    if there.date() == day:  # there is a noon, which saves looking further
        return True
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=timezone.utc)
    return any((noon + timedelta(hours=h)).astimezone(zone).date() == day for h in range(-30, 31))


def shifts(doc, day):
    """The written intervals that start on a date."""
    for holiday in doc.get("holidays", []):
        if isinstance(holiday, str):
            if holiday == day.isoformat():
                return []
        elif holiday["date"] == day.isoformat():
            return holiday["open"]
    return doc["weekly"].get(DAYS[day.weekday()], [])


def real_shifts(doc, day, zone):
    if not exists(day, zone):
        return []
    real = []
    for start, end in shifts(doc, day):
        s, e = clock(start), clock(end)
        if e < s:
            e += 1440
        a, b = utc_seconds(day, s, zone), utc_seconds(day, e, zone)
        if a < b:
            real.append((a, b))
    return real


class Painted:
    """Open minutes from three days before an instant to sixty days after it, or to as many as are wanted."""

    def __init__(self, doc, around, days=PAINTED_DAYS):
        self.doc, self.zone, self.days = doc, ZoneInfo(doc["zone"]), days
        today = datetime.fromtimestamp(around, self.zone).date()
        self.origin = (around // 86400 - 3) * 86400
        self.open = bytearray((days + 3) * 1440)
        for offset in range(-6, days + 6):
            for a, b in real_shifts(doc, today + timedelta(days=offset), self.zone):
                lo = max(0, (a - self.origin) // MINUTE)
                hi = min(len(self.open), (b - self.origin) // MINUTE)
                if lo < hi:
                    self.open[lo:hi] = b"\x01" * (hi - lo)

    def is_open(self, at):
        return bool(self.open[(at - self.origin) // MINUTE])

    def minute(self, wanted, i):
        """The first minute from the i-th on that is open, or closed; None outside the painting."""
        found = self.open.find(1 if wanted else 0, max(i, 0))
        return None if found < 0 else found

    def after(self, at, wanted):
        """The first instant at or after `at` that is open, or closed; None outside the painting."""
        i = self.minute(wanted, (at - self.origin) // MINUTE)
        return None if i is None else max(at, self.origin + i * MINUTE)

    def worked(self, a, b):
        """The open seconds in a..b: whole open minutes, less what of the first and last lies outside."""
        if a >= b:
            return 0
        first, last = (a - self.origin) // MINUTE, (b - self.origin) // MINUTE
        total = self.open.count(1, first, last) * MINUTE
        if last < len(self.open):
            total += self.open[last] * ((b - self.origin) % MINUTE)
        return total - self.open[first] * ((a - self.origin) % MINUTE)

    def due(self, start, seconds):
        """Where the seconds are used up, going from one run of open minutes to the next."""
        at = start
        while seconds > 0:
            i = self.minute(True, (at - self.origin) // MINUTE)
            if i is None:
                return None
            at = max(at, self.origin + i * MINUTE)
            end = self.minute(False, i)
            end = self.origin + (len(self.open) if end is None else end) * MINUTE
            used = min(seconds, end - at)
            at += used
            seconds -= used
            if seconds and end >= self.origin + len(self.open) * MINUTE:
                return None
        return at

    def due_days(self, start, days):
        if days == 0:
            return start
        local = datetime.fromtimestamp(start, self.zone)
        day = local.date()
        limit = day + timedelta(days=self.days - 10)
        while days > 0:
            day += timedelta(days=1)
            if day > limit:
                return None
            if real_shifts(self.doc, day, self.zone):
                days -= 1
        same_time = datetime.combine(day, local.time().replace(fold=0), tzinfo=self.zone)
        return self.after(round(same_time.timestamp()), True)


def hhmm(minutes):
    return f"{minutes // 60:02}:{minutes % 60:02}"


def random_day(rng):
    """Some intervals of one day that do not overlap, the last perhaps overnight."""
    grain = rng.choice([1, 5, 15, 30, 60])
    span = rng.choice([1440, 300])
    count = rng.choice([1, 1, 2, 3])
    points = sorted(rng.sample(range(0, span // grain + 1), min(2 * count, span // grain)))
    pairs = [[hhmm(a * grain), hhmm(b * grain)] for a, b in zip(points[::2], points[1::2])]
    last_end = points[-1 - len(points) % 2] * grain
    if rng.random() < 0.4 and last_end < 1380:
        start = rng.randrange(max(last_end, 720), 1440)
        end = rng.randrange(0, 720)
        pairs.append([hhmm(start), hhmm(end)])
    rng.shuffle(pairs)
    return pairs


def random_calendar(rng, zone, around):
    style = rng.random()
    if style < 0.25:
        hours = rng.choice([[["09:00", "17:00"]], [["08:30", "12:00"], ["13:00", "17:45"]], [["10:00", "18:00"]]])
        weekly = {day: hours for day in DAYS[:5]}
    elif style < 0.35:
        weekly = {day: [["00:00", "24:00"]] for day in DAYS}
    elif style < 0.5:
        hours = [rng.choice([["22:00", "06:00"], ["18:00", "02:30"], ["23:30", "23:15"], ["20:00", "00:00"]])]
        weekly = {day: hours for day in rng.sample(DAYS, rng.randrange(1, 8))}
    else:
        days = sorted(rng.sample(range(7), rng.randrange(1, 8)))
        weekly = {DAYS[day]: random_day(rng) for day in days}
    doc = {"zone": zone, "weekly": weekly}
    if rng.random() < 0.6:
        near = datetime.fromtimestamp(around, ZoneInfo(zone)).date()
        offsets = rng.sample(range(-3, 15), rng.randrange(1, 5))
        doc["holidays"] = [
            day.isoformat() if rng.random() < 0.6 else {"date": day.isoformat(), "open": random_day(rng)}
            for day in (near + timedelta(days=offset) for offset in offsets)
        ]
    return doc


def transitions(zone):
    """Instants, to the day, at which the zone's clock changes."""
    found, day = [], FIRST
    while day < LAST:
        here, there = (datetime.combine(d, time(), tzinfo=timezone.utc) for d in (day, day + timedelta(days=1)))
        if here.astimezone(zone).utcoffset() != there.astimezone(zone).utcoffset():
            found.append(int(here.timestamp()))
        day += timedelta(days=1)
    return found


def random_start(rng, changes):
    if changes and rng.random() < 0.7:
        at = rng.choice(changes) + rng.randrange(-5 * 86400, 2 * 86400)
    else:
        low, high = (int(datetime.combine(d, time(), tzinfo=timezone.utc).timestamp()) for d in (FIRST, LAST))
        at = rng.randrange(low, high)
    return at - at % rng.choice([1, 60, 900, 3600])


def random_span(rng):
    kind = rng.random()
    if kind < 0.7:
        seconds = rng.choice([rng.randrange(0, 7200), rng.randrange(0, 60) * 3600, rng.randrange(0, 200_000)])
        return {"business": f"PT{seconds}S"}, seconds
    if kind < 0.95:
        days = rng.randrange(0, 8)
        return {"business": f"P{days}D"}, days
    seconds = rng.randrange(0, 500_000)
    return f"PT{seconds}S", seconds


def rfc3339(at):
    return None if at is None else datetime.fromtimestamp(at, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def case(rng, changes):
    zone = rng.choice(ZONES)
    start = random_start(rng, changes[zone])
    doc = random_calendar(rng, zone, start)
    span, amount = random_span(rng)
    painted = Painted(doc, start)
    if isinstance(span, str):
        due = start + amount
    elif span["business"].startswith("PT"):
        due = painted.due(start, amount)
    else:
        due = painted.due_days(start, amount)
    opens = painted.after(start, True)
    if due is None or opens is None:
        return None
    until = start + rng.randrange(0, 20 * 86400)
    return {
        "calendar": doc,
        "start": rfc3339(start),
        "span": span,
        "due": rfc3339(due),
        "is_open": painted.is_open(start),
        "next_open": rfc3339(opens),
        "next_close": rfc3339(painted.after(opens, False)),
        "until": rfc3339(until),
        "worked": painted.worked(start, until),
    }


def main():
    wanted = int(sys.argv[1])
    rng = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    changes = {zone: transitions(ZoneInfo(zone)) for zone in ZONES}
    written = 0
    while written < wanted:
        found = case(rng, changes)
        if found is not None:
            print(json.dumps(found, separators=(",", ":")))
            written += 1


if __name__ == "__main__":
    main()
