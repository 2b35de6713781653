#!/usr/bin/env python3
"""What a graph network and makers of days learn of the Fitbit people, beside simpler methods.

    bench/mirror.d/learnt.py --bench IGNORED --samples DIR [--program PROGRAM] [--smoke]

Prints Markdown for bench/MIRROR.md. DIR holds `fitbit/` (minute heart rate and steps). Builds bench/mirror.d/learnt, which
needs nothing of the workspace but the mirror, unless a program is given. Needs `pip install numpy pandas`.
"""
import argparse, json, os, resource, subprocess, sys, tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import forecast
import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
METHODS = {"graph_network": "graph network", "principal_components": "principal components", "seasonal_mean": "seasonal means"}
TASKS = {"imputation": "hidden values, RMSE in spreads", "similar_days": "second half of a day from its 5 nearest days, RMSE in spreads",
         "anomaly": "days tampered with, area under the curve"}
KINDS = {"block_bootstrap": "blocks of other days", "gaussian_copula": "Gaussian copula", "autoencoder": "variational autoencoder",
         "adversarial": "adversarial (TimeGAN's manner)"}

SYNTHETIC = "two years, drawn by lot"


def two_years():
    """As much as is ever learnt from: twelve streams, hour by hour, for two years, a tenth of them missing."""
    lots, hours = np.random.default_rng(1), 730 * 24
    start = 1_600_000_000_000 // forecast.HOUR * forecast.HOUR + np.arange(hours) * forecast.HOUR
    streams = []
    for at in range(12):
        value = 60 + 10 * np.sin(np.arange(hours) / 24 * 2 * np.pi + at) + 3 * np.repeat(lots.normal(size=730), 24) + 2 * lots.normal(size=hours)
        known = lots.random(hours) > 0.1
        streams.append(dict(how="mean", start=start[known].tolist(), value=value[known].tolist()))
    return dict(name=SYNTHETIC, streams=streams)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--bench")
    options.add_argument("--samples", required=True)
    options.add_argument("--program")
    options.add_argument("--smoke", action="store_true")
    options = options.parse_args()
    program = options.program
    if not program:
        folder = os.path.join(HERE, "learnt")
        target = os.environ.get("CARGO_TARGET_DIR", os.path.join(HERE, "..", "..", "target"))
        target = os.path.join(os.path.abspath(target), "learnt")
        subprocess.run(["cargo", "build", "--release", "-q"], cwd=folder, env=dict(os.environ, CARGO_TARGET_DIR=target), check=True)
        program = os.path.join(target, "release", "learnt")
    people = [dict(person, name=person["name"].split("-")[0]) for person in forecast.fitbit(options.samples) if person["name"].endswith("heart_rate")]
    told, costs = [], []
    with tempfile.TemporaryDirectory() as folder:
        given = os.path.join(folder, "people.json")
        command = [program, given] + (["20"] if options.smoke else [])
        for person in people if options.smoke else [*people, two_years()]:
            with open(given, "w") as f:
                json.dump([person], f)
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            answer = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)[0]
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            costs.append((person["name"], len(person["streams"]), answer["hours"], after.ru_utime - before.ru_utime,
                          answer["portrait"].get("seconds", 0) + answer["days"].get("seconds", 0)))
            if person["name"] != SYNTHETIC:
                told.append(answer)
    print("## Learnt from one person\n")
    print("Hourly heart rate and steps of the Fitbit people. Learnt from the first three quarters of the days, judged on the rest; unknown hours stay "
          "unknown. For each task the best method is the one that is used (bold). An area below one half says that this person's days differ more from each other than from "
          "what was done to them: nothing unusual can be told there.\n")
    print("| person | known hours | task | " + " | ".join(METHODS.values()) + " | judged |")
    print("|---|--:|---|" + "--:|" * (len(METHODS) + 1))
    for person in told:
        portrait = person["portrait"]
        if "refused" in portrait:
            print(f"| {person['name']} | {min(person['known'])} | refused: {portrait['refused']} | | | | |")
            continue
        for verdict in portrait["verdicts"]:
            figures = dict(verdict["figures"])
            cells = [f"**{figures[m]:.3f}**" if m == verdict["best"] else f"{figures[m]:.3f}" for m in METHODS]
            print(f"| {person['name']} | {min(person['known'])} | {TASKS[verdict['task']]} | " + " | ".join(cells) + f" | {verdict['judged']:,} |")
    print("\n### Days that never were\n")
    print("Discriminative and predictive score as TimeGAN defines them (0 is best for the first; the second is an error in normal scores, and what the person's "
          "own days reach is the best to hope for). The attack: are the days learnt from nearer to what is made than days of the same weeks kept from "
          "it, whole or in quarters? Area under the curve with 95 % interval over days; where all of it lies above one half the maker is refused.\n")
    print("| person | maker | discriminative | predictive | attack | |")
    print("|---|---|--:|--:|--:|---|")
    for person in told:
        days = person["days"]
        if "refused" in days:
            print(f"| {person['name']} | refused: {days['refused']} | | | | |")
        for one in days.get("judged", []):
            area = one["attack"]
            note = "**refused**" if one["refused"] else "**used**" if one["kind"] == days["kind"] else ""
            print(f"| {person['name']} | {KINDS[one['kind']]} | {one['discriminative']:.3f} | {one['predictive']:.3f} | "
                  f"{area['area']:.2f} ({area['low']:.2f}–{area['high']:.2f}) | {note} |")
        if "real_predictive" in days:
            print(f"| {person['name']} | the person's own days | | {days['real_predictive']:.3f} | | |")
    print("\n### What learning costs\n")
    print("Portrait and makers of days of one person, learnt, judged and attacked by default settings, on one core. CPU seconds are the process's own; "
          "the clock's grow with whatever else the machine does. Two minutes are the aim.\n")
    print("| person | streams | hours | CPU s | s by the clock |")
    print("|---|--:|--:|--:|--:|")
    for name, streams, hours, cpu, clock in costs:
        print(f"| {name} | {streams} | {hours:,} | **{cpu:.1f}** | {clock:.0f} |")


if __name__ == "__main__":
    main()
