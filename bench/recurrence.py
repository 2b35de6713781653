#!/usr/bin/env python3
"""Writes crates/base/tests/data/recurrence.txt: random recurrence rules and what python-dateutil makes of them.

    pip install python-dateutil==2.9.0.post0 && python3 bench/recurrence.py

It takes two minutes, most of them for rules that never come to pass. Each line is `RULE start from to found…`, times in seconds of the wall clock since 1970-01-01T00:00, `to` exclusive.
Left out is where dateutil departs from RFC 5545 or the RFC leaves it open: plain and numbered weekdays in one BYDAY, and
BYSETPOS in a week that the start cuts.
"""

import datetime as dt
import random
from pathlib import Path

import dateutil
from dateutil.rrule import rrulestr

DAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
EPOCH = dt.datetime(1970, 1, 1)
FOUND_MAX = 12


def seconds(at):
    return int((at - EPOCH).total_seconds())


def some(draw, values, most):
    return ",".join(str(v) for v in sorted(draw.sample(values, draw.randint(1, most))))


def rule(draw, start):
    freq = draw.choice(["DAILY", "WEEKLY", "WEEKLY", "MONTHLY", "MONTHLY", "YEARLY"])
    parts = [f"FREQ={freq}"]
    if draw.random() < 0.5:
        parts.append(f"INTERVAL={draw.choice([2, 3, 4, 5, 7, 10, 13])}")
    chosen = False
    if draw.random() < 0.6:
        if freq in ("MONTHLY", "YEARLY") and draw.random() < 0.5:
            most = 5 if freq == "MONTHLY" else draw.choice([5, 52])
            days = [f"{draw.choice([-1, 1]) * draw.randint(1, most)}{day}" for day in draw.sample(DAYS, draw.randint(1, 2))]
        else:
            days = draw.sample(DAYS, draw.randint(1, 4))
        parts.append("BYDAY=" + ",".join(days))
        chosen = True
    if freq != "WEEKLY" and draw.random() < 0.4:
        parts.append("BYMONTHDAY=" + some(draw, [d for d in range(-31, 32) if d], 4))
        chosen = True
    if draw.random() < 0.35:
        parts.append("BYMONTH=" + some(draw, range(1, 13), 4))
    if chosen and freq != "WEEKLY" and draw.random() < 0.35:
        parts.append("BYSETPOS=" + some(draw, [1, 2, 3, -1, -2], 2))
    if draw.random() < 0.3:
        parts.append(f"WKST={draw.choice(DAYS)}")
    if draw.random() < 0.1:
        parts.append(f"BYHOUR={draw.randint(0, 23)};BYMINUTE=30;BYSECOND=0")
    ends = draw.random()
    if ends < 0.3:
        parts.append(f"COUNT={draw.choice([1, 2, 5, 12, 40, 300, 5000])}")
    elif ends < 0.55:
        parts.append("UNTIL=" + (start + dt.timedelta(minutes=draw.randint(0, 15 * 525_600))).strftime("%Y%m%dT%H%M%S"))
    return ";".join(parts)


def main():
    draw = random.Random(5545)
    lines = [f"# Made by bench/recurrence.py with python-dateutil {dateutil.__version__}. RULE start from to found, in seconds."]
    while len(lines) <= 500:
        start = dt.datetime(1995, 1, 1) + dt.timedelta(minutes=draw.randint(0, 30 * 525_600))
        text = rule(draw, start)
        begin = start + dt.timedelta(minutes=draw.choice([0, draw.randint(0, 525_600), draw.randint(0, 12 * 525_600)]))
        end = min(begin + dt.timedelta(days=draw.choice([1, 40, 800, 4_000])), dt.datetime(2060, 1, 1))
        found = []
        try:
            for at in rrulestr(text, dtstart=start):
                if at >= end:
                    break
                if at >= begin:
                    found.append(at)
                if len(found) == FOUND_MAX:
                    end = at + dt.timedelta(seconds=1)
                    break
        except IndexError:
            continue  # dateutil reads past the year for a 52nd weekday of a month
        # Empty windows say little: one in six is enough.
        if not found and draw.random() > 0.16:
            continue
        lines.append(" ".join([text, *(str(seconds(at)) for at in [start, begin, end, *found])]))
    path = Path(__file__).parent.parent / "crates/base/tests/data/recurrence.txt"
    path.write_text("\n".join(lines) + "\n")
    print(f"{len(lines) - 1} rules in {path}")


main()
