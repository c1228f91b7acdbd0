"""Writes public_holidays.txt: pip install holidays==0.109, then python generate.py. Another release, or other years: change
them here and in ../public.rs, and read the difference before it is committed."""

import re
from collections import Counter
from pathlib import Path

import holidays

RELEASE = "0.109"
YEARS = range(2025, 2036)
HEAD = f"""\
# Public holidays by ISO 3166 code, {YEARS[0]}-{YEARS[-1]}. Made by generate.py from the Python package holidays {RELEASE} (MIT).
# MMDD in every year, YY:MMDD in one; in the line of a subdivision what it has beyond its country, after a minus what it lacks.
"""


def main() -> None:
    assert holidays.__version__ == RELEASE, f"install holidays=={RELEASE}"
    lines = []
    for country, subdivisions in holidays.list_supported_countries(include_aliases=False).items():
        entity = getattr(holidays, country)
        whole = dates(country)
        # No holiday is not the same as not known.
        if entity.start_year > YEARS[0] or entity.end_year < YEARS[-1] or {date.year for date in whole} < set(YEARS):
            continue
        lines.append(" ".join([country, *tokens(whole)]))
        # The package also knows cities and school zones, which ISO 3166 does not.
        for code in (s for s in subdivisions if re.fullmatch("[A-Z0-9]{1,3}", s)):
            own = dates(country, code)
            lacking = ["-" + token for token in tokens(whole - own)]
            lines.append(" ".join([f"{country}-{code}", *tokens(own - whole), *lacking]))
    table = Path(__file__).with_name("public_holidays.txt")
    table.write_text(HEAD + "\n".join(sorted(lines)) + "\n", encoding="utf-8", newline="\n")


def dates(country: str, subdivision: str | None = None) -> set:
    found = holidays.country_holidays(country, subdiv=subdivision, years=YEARS)
    return {date for date in found if date.year in YEARS}


def tokens(dates: set) -> list[str]:
    times = Counter((date.month, date.day) for date in dates)
    always = {day for day, count in times.items() if count == len(YEARS)}
    found = [f"{month:02}{day:02}" for month, day in sorted(always)]
    for year in YEARS:
        rest = sorted(d for d in dates if d.year == year and (d.month, d.day) not in always)
        if rest:
            found.append(f"{year % 100:02}:" + "".join(f"{d.month:02}{d.day:02}" for d in rest))
    return found


if __name__ == "__main__":
    main()
