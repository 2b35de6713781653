#!/usr/bin/env python3
"""The UVA/Padova body and its controllers beside simglucose, in one run; prints a section of bench/MIRROR.md.

    bench/mirror.d/glucose.py --bench target/release/bench [--smoke]

Needs `pip install simglucose`; takes some ten minutes, most of them simglucose's. `--smoke` takes three people,
one scenario and one spot-check. Speeds are CPU seconds of one core, so that other work on the machine does not count.
"""
import argparse, json, os, subprocess, sys
from concurrent.futures import ProcessPoolExecutor
import numpy as np
import simglucose_day as peer



def ask(bench, *arguments, given=None):
    """What a command of the bench prints, and the CPU seconds of its process."""
    before = os.times()
    done = subprocess.run([bench, "glucose", *map(str, arguments)], input=given, capture_output=True, text=True, check=True)
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return json.loads(done.stdout), cpu


def equality(bench, seed, name):
    """A day under basal–bolus in simglucose, and twice here: fed with the very inputs, and in our own closed loop."""
    minutes, table, cpu = peer.day(name, seed, peer.controller("bb"))
    inputs = "".join(f"{carbs!r} {insulin!r}\n" for carbs, insulin, _ in minutes)
    replayed, _ = ask(bench, "replay", name, given=inputs)
    played, _ = ask(bench, "day", name, seed, "bb")
    off = lambda ours, theirs: float(np.max(np.abs(np.array(ours) - np.array(theirs))))
    row = (name, off(replayed, [glucose for _, _, glucose in minutes]),
           off(played["glucose"], table.BG.values), off(played["cgm"], table.CGM.values))
    print(f"{name}: {row[1]:.4f} mg/dL, {cpu:.1f} s", file=sys.stderr, flush=True)
    return row, cpu


class Ours(peer.Controller):
    """Our policy, treating simglucose's own patient."""

    def __init__(self, bench, name):
        self.process = subprocess.Popen([bench, "glucose", "control", name], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, bufsize=1)

    def policy(self, observation, reward, done, **info):
        step = info.get("sample_time", 1)
        carbs = float(info.get("meal", 0) * step)
        self.process.stdin.write(f"{float(observation.CGM)!r} {carbs!r} {float(step)!r}\n")
        self.process.stdin.flush()
        basal, bolus = map(float, self.process.stdout.readline().split())
        return peer.Dose(basal=basal, bolus=bolus)

    def reset(self):
        pass

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def spot_check(bench, seed, name):
    """A day of our policy and of basal–bolus in simglucose itself."""
    share = lambda glucose: (100 * np.mean((glucose >= 70) & (glucose <= 180)), 100 * np.mean(glucose < 70))
    ours = Ours(bench, name)
    mine = peer.day(name, seed, ours)[1].BG.values
    ours.close()
    theirs = peer.day(name, seed, peer.controller("bb"))[1].BG.values
    row = (name, *share(mine), *share(theirs))
    print(f"{name} in simglucose: {row[1:]}", file=sys.stderr, flush=True)
    return row


# The first seed of scenarios on which nothing was tuned.
UNTUNED = 52_000


def policy_table(table, scenarios, days):
    """Time in range and under it of three policies, as lines of Markdown."""
    order = ("ours", "bb", "pid")
    lines = [f"**Policy.** {scenarios} random scenarios of {days} days for each adult, the same meals and sensor errors for all "
             "three; percent of time by true glucose (mg/dL). Basal–bolus and PID are simglucose's (PID with the gains of its "
             "example). Ours gets what basal–bolus gets, therapy, readings and meals announced as they begin, and a body that was "
             "fitted to two earlier weeks of readings under basal–bolus, starting from the other nine adults; neither state nor "
             "true parameters.", "",
             "| | 70–180: ours | basal–bolus | PID | < 70: ours | basal–bolus | PID | > 180: ours | basal–bolus | PID |",
             "|---|---|---|---|---|---|---|---|---|---|"]
    for person in table:
        cells = [f"{person['rows'][who][i]:.2f}" for i in (0, 1, 3) for who in order]
        lines.append(f"| {person['name']} | " + " | ".join(cells) + " |")
    mean = [f"{np.mean([person['rows'][who][i] for person in table]):.2f}" for i in (0, 1, 3) for who in order]
    lines += ["| **mean** | " + " | ".join(mean) + " |", ""]
    of = lambda who, i: [person["rows"][who][i] for person in table]
    above = sum(ours > max(others) for ours, *others in zip(of("ours", 0), of("bb", 0), of("pid", 0)))
    low = list(zip(of("ours", 1), of("bb", 1), of("pid", 1)))
    less = sum(ours < min(others) for ours, *others in low)
    none = sum(ours == 0.0 == min(others) for ours, *others in low)
    text = f"Time in range is above both for {above} of {len(table)}; time under 70 is less than both for {less}"
    text += f", and none at all beside none for {none}." if none else "."
    lines.append(f"{text} `bench glucose policy {scenarios} --seed {UNTUNED} --days {days}`; the planner was tuned on none of these scenarios.")
    return lines


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--bench", required=True)
    options.add_argument("--samples", help="not needed: the virtual people's parameters are built in")
    options.add_argument("--smoke", action="store_true")
    options = options.parse_args()
    bench = os.path.abspath(options.bench)
    names = peer.people()[::10] if options.smoke else peer.people()
    adults = [name for name in peer.people() if name.startswith("adult#")][:2 if options.smoke else 10]
    scenarios, days = (1, 2) if options.smoke else (40, 7)

    # Two at a time; every speed is of CPU seconds of its own process.
    with ProcessPoolExecutor(2) as pool:
        planned = pool.submit(ask, bench, "policy", scenarios, "--seed", UNTUNED, "--days", days, *adults)
        compared = [pool.submit(equality, bench, 900 + i, name) for i, name in enumerate(names)]
        spots = adults[:1] if options.smoke else ["adult#001", "adult#004", "adult#009"]
        spots = [pool.submit(spot_check, bench, 5000, name) for name in spots]
        rows = [job.result()[0] for job in compared]
        peer_seconds = sum(job.result()[1] for job in compared)
        table, plan_seconds = planned.result()
        checked = [job.result() for job in spots]
    figures, our_seconds = ask(bench, "speed", 2 if options.smoke else 100)
    ours_per_s, peer_per_s = figures["patient_days"] / our_seconds, len(names) / peer_seconds

    print("## Glucose and insulin, beside simglucose 0.2.11")
    print()
    print(f"**Equality.** {len(rows)} people, 24 h each under basal–bolus with random meals. Largest difference in "
          "glucose, mg/dL: *same inputs* when our body gets the meals and the pump's insulin that simglucose's got, every "
          "minute compared; *closed loop* when meals, sensor, controller and pump are ours too, from the same seed, every 3 "
          "minutes compared, and of the sensor's reading there.")
    print()
    print("| | same inputs | closed loop | reading |")
    print("|---|---|---|---|")
    for name, *off in sorted(rows, key=lambda row: -row[1])[:5]:
        print(f"| {name} | " + " | ".join(f"{x:.4f}" for x in off) + " |")
    if len(rows) > 5:
        print(f"| median of all {len(rows)} | " + " | ".join(f"{np.median([row[i] for row in rows]):.4f}" for i in (1, 2, 3)) + " |")
    print(f"| **largest of all {len(rows)}** | " + " | ".join(f"**{max(row[i] for row in rows):.4f}**" for i in (1, 2, 3)) + " |")
    print()
    print("**Speed.** Closed-loop days (person, sensor, pump, basal–bolus), CPU seconds of one core.")
    print()
    print("| | patient-days/s |")
    print("|---|---|")
    print(f"| mirror, {figures['patient_days']:,} days | {ours_per_s:,.0f} |")
    print(f"| simglucose, {len(names)} days | {peer_per_s:.3f} |")
    print()
    print(f"**{ours_per_s / peer_per_s:,.0f} times** simglucose's speed.")
    print()
    print("\n".join(policy_table(table, scenarios, days)))
    print()
    order = ("ours", "bb", "pid")
    units = [np.mean([person["rows"][who][4] for person in table]) for who in order]
    print(f"Insulin, mean units a day: ours {units[0]:.1f}, basal–bolus {units[1]:.1f}, PID {units[2]:.1f}. The table, "
          f"fitting included, took {plan_seconds:.0f} CPU seconds.")
    print()
    print("The same policy treating simglucose's own patients, one day each, percent of time:")
    print()
    print("| in simglucose | 70–180: ours | basal–bolus | < 70: ours | basal–bolus |")
    print("|---|---|---|---|---|")
    for name, mine, mine_low, theirs, theirs_low in checked:
        print(f"| {name} | {mine:.2f} | {theirs:.2f} | {mine_low:.2f} | {theirs_low:.2f} |")


if __name__ == "__main__":
    main()
