#!/usr/bin/env python3
"""Do forecasts hold on people whom nobody looked at while the mirror was made? Nothing is set per person.

    bench/mirror.d/robust.py --bench target/release/bench --samples DIR [--smoke]

Prints Markdown for bench/MIRROR.md. The people at hand are made into others by what changes windows, lengths and dynamics
and leaves a day a day: only the first half of their days, their days lived backwards, and a fifth of their hours lost in
stretches of three. Each is forecast like `forecast.py` does, beside the same peers, and the difference to the best of them is
set against its noise: windows are drawn again in blocks of a day, 2,000 times.
"""
import argparse, json, os, sys
import numpy as np

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import forecast

LOST, STRETCH, RESAMPLES = 0.2, 3 * forecast.HOUR, 2_000


def kept(stream, keep):
    return dict(stream, start=[t for t, k in zip(stream["start"], keep) if k], value=[v for v, k in zip(stream["value"], keep) if k])


def first_half(target):
    start = [stream["start"] for stream in target["streams"]]
    middle = (min(map(min, start)) + max(map(max, start))) / 2
    return [kept(stream, [t < middle for t in stream["start"]]) for stream in target["streams"]]


def backwards(target):
    start = [stream["start"] for stream in target["streams"]]
    turn = min(map(min, start)) + max(map(max, start))
    return [dict(stream, start=[turn - t for t in reversed(stream["start"])], value=stream["value"][::-1]) for stream in target["streams"]]


def with_losses(target):
    lots = np.random.default_rng(5).random(100_000) < LOST
    first = min(min(stream["start"]) for stream in target["streams"])
    return [kept(stream, [not lots[(t - first) // STRETCH] for t in stream["start"]]) for stream in target["streams"]]


VARIANTS = [("first half of the days", first_half), ("backwards", backwards), ("a fifth lost", with_losses)]


def judged(target, answer):
    """Per horizon of a target: the mirror's gain on the best peer, and its interval."""
    rows, unit, truth, said = forecast.told(target, answer, True)
    mirror = np.abs(truth - np.array([row[6] for row in rows]))
    peers = {name: np.abs(truth - said[name]) for name in forecast.THREE}
    ahead = np.array([row[1] for row in rows])
    day = np.array([row[0] for row in rows]) * target["step_ms"] // (24 * forecast.HOUR)
    groups = [("24 h", np.ones(len(rows), bool))]
    if target["kind"] == "glucose":
        groups = [(f"{a * 5} min", ahead == a) for a in target["aheads"]]
    for name, of in groups:
        best = min(peers, key=lambda peer: peers[peer][of].mean())
        days = np.unique(day[of])
        sums = np.array([[errors[of & (day == d)].sum() for d in days] for errors in (mirror, peers[best])])
        drawn = np.random.default_rng(1).integers(len(days), size=(RESAMPLES, len(days)))
        gains = 1 - sums[0][drawn].sum(axis=1) / sums[1][drawn].sum(axis=1)
        low, high = np.quantile(gains, [0.05, 0.95])
        yield dict(name=name, best=best, gain=1 - sums[0].sum() / sums[1].sum(), low=low, high=high, mase=mirror[of].mean() / unit)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--bench", required=True)
    arguments.add_argument("--samples", required=True)
    arguments.add_argument("--smoke", action="store_true", help="one person of each kind")
    typed = arguments.parse_args()
    targets = forecast.fitbit(typed.samples) + list(forecast.glucose(typed.samples))
    if typed.smoke:
        targets = [targets[0], targets[-1]]
    people = [dict(target, streams=make(target), variant=name, name=f"{target['name']}-{at}")
              for target in targets for at, (name, make) in enumerate(VARIANTS)]
    results, refused = [], []
    for person, answer in forecast.rolling(typed.bench, people):
        if "refused" in answer:
            refused.append(f"{person['name'].rsplit('-', 1)[0]}, {person['variant']}: {answer['refused']}")
            continue
        for one in judged(person, answer):
            one.update(person=person["name"].rsplit("-", 1)[0], variant=person["variant"], coverage=answer["coverage_90"])
            results.append(one)
            print(json.dumps(one), flush=True, file=sys.stderr)
    say = ["## Forecasts of people whom nobody looked at", "",
           "Made of those at hand, so that windows, lengths and dynamics are others (`bench/mirror.d/robust.py` says how); nothing is set per "
           "person. Gain in MASE on the best of seasonal naive, ETS and LightGBM, in brackets its 90 % interval when days are drawn again; "
           "**bold** where the mirror is worse by more than that noise.", "",
           "| stream | " + " | ".join(name for name, _ in VARIANTS) + " |", "|---|" + "--:|" * len(VARIANTS)]
    for stream in dict.fromkeys((one["person"], one["name"]) for one in results):
        cells = []
        for variant, _ in VARIANTS:
            found = [one for one in results if (one["person"], one["name"], one["variant"]) == (*stream, variant)]
            text = "".join(f"{one['gain'] * 100:+.1f} % ({one['low'] * 100:+.0f} to {one['high'] * 100:+.0f})" for one in found) or "–"
            cells.append(f"**{text}**" if found and found[0]["high"] < 0 else text)
        say.append(f"| {stream[0]}, {stream[1]} | " + " | ".join(cells) + " |")
    gains = [one["gain"] for one in results]
    cover = {(one["person"], one["variant"]): one["coverage"] for one in results}.values()
    say += ["", f"On average **{np.mean(gains) * 100:+.1f} %**; worse than the best on {sum(g < 0 for g in gains)} of {len(gains)}, by more than noise on "
            f"**{sum(one['high'] < 0 for one in results)}**, better by more than noise on {sum(one['low'] > 0 for one in results)}. Bands of 90 % hold "
            f"{min(cover) * 100:.1f} to {max(cover) * 100:.1f} %, within 87 to 93 % for {sum(.87 <= c <= .93 for c in cover)} of {len(cover)}."]
    say += [f"Refused: {text}." for text in refused]
    print("\n".join(say))


if __name__ == "__main__":
    main()
