#!/usr/bin/env python3
"""Deep-learning libraries for models of one person, beside a tape of the mirror's own.

    bench/mirror.d/libraries.py --bench IGNORED --samples IGNORED [--torch PYTHON] [--built DIR] [--smoke]

Prints Markdown for bench/MIRROR.md. Builds each candidate of bench/mirror.d/libraries from nothing in a folder of its own
(or takes what is in DIR, then without seconds of compiling), and runs the same two models in each: a recurrent one and one
that passes messages. PyTorch is run by the given Python (`pip install torch numpy`), or left out where there is none.
"""
import argparse, json, os, re, statistics, subprocess, sys, tempfile, time

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "libraries")
CANDIDATES = [("own tape", "tape", []), ("candle 0.9", "candle", []), ("burn 0.21 (ndarray)", "burn", [])]

FIGURES = [("gru_train_ms", "GRU, step of learning"), ("gru_infer_ms", "GRU, 32 answers"), ("gru_one_ms", "GRU, one answer"),
           ("graph_train_ms", "graph, step of learning"), ("graph_infer_ms", "graph, answer")]
TURNS = 3


def build(folder, options, target):
    environment = dict(os.environ, CARGO_TARGET_DIR=target)
    subprocess.run(["cargo", "fetch", "-q"], cwd=folder, check=True)
    began = time.time()
    subprocess.run(["cargo", "build", "--release", "-q", *options], cwd=folder, env=environment, check=True)
    return time.time() - began


def crates(folder, options):
    out = subprocess.run(["cargo", "tree", "--prefix", "none", "-e", "normal,build", *options], cwd=folder, check=True, stdout=subprocess.PIPE, text=True)
    names = {line.replace(" (*)", "").split(" (")[0] for line in out.stdout.splitlines() if line}
    by_name = {}
    for name in names:
        by_name.setdefault(name.split(" v")[0], set()).add(name)
    return len(names), sum(len(all) > 1 for all in by_name.values())


def run(command):
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--bench")
    options.add_argument("--samples")
    options.add_argument("--torch", default=os.environ.get("TORCH_PYTHON"))
    options.add_argument("--built")
    options.add_argument("--smoke", action="store_true")
    options = options.parse_args()
    candidates = CANDIDATES[:1] if options.smoke else CANDIDATES
    with tempfile.TemporaryDirectory() as made:
        base = options.built or made
        empty = os.path.join(base, "empty")
        build(os.path.join(HERE, "empty"), [], empty)
        nothing = os.path.getsize(os.path.join(empty, "release", "candidate-empty"))
        rows = []
        for name, folder, features in candidates:
            target = os.path.join(base, folder + "-".join(features))
            there = os.path.exists(os.path.join(target, "release", f"candidate-{folder}"))
            seconds = build(os.path.join(HERE, folder), features, target)
            program = os.path.join(target, "release", f"candidate-{folder}")
            count, double = crates(os.path.join(HERE, folder), features)
            rows.append(dict(name=name, command=[program], seconds=None if there else seconds, bytes=os.path.getsize(program) - nothing,
                             crates=count, double=double))
        if options.torch and not options.smoke:
            yardstick = os.path.join(HERE, "yardstick.py")
            rows += [dict(name=f"PyTorch, {n} thread{'s' * (n > 1)}", command=[options.torch, yardstick, str(n)]) for n in (1, 2)]
        for row in rows:
            row["answers"] = []
        for turn in range(1 if options.smoke else TURNS):
            for row in rows:
                # PyTorch takes most of the time and is only beside: one turn.
                if turn and "bytes" not in row:
                    continue
                row["answers"].append(run(row["command"]))
        middle = lambda row, figure: statistics.median(answer[figure] for answer in row["answers"])
        print("## Libraries for learning\n")
        print("The same two models, 300 steps each, medians of steps, and for all but PyTorch of three turns, in one run on two cores: a gated recurrent "
              "unit (batch 32, 24 steps, 8 in, 32 hidden, Adam) and two rounds of messages over 240 nodes of 16 numbers along 1,200 links.\n")
        print("| milliseconds | " + " | ".join(text for _, text in FIGURES) + " | loss of the graph at the end |")
        print("|---|" + "--:|" * (len(FIGURES) + 1))
        for row in rows:
            print(f"| {row['name']} | " + " | ".join(f"{middle(row, figure):.3f}" for figure, _ in FIGURES) + f" | {row['answers'][0]['losses'][1]:.5f} |")
        fused = [row for row in rows if "gru_fused_train_ms" in row["answers"][0]]
        if fused:
            best = min(fused, key=lambda row: middle(row, "gru_fused_train_ms"))
            print(f"\nPyTorch's own fused recurrent unit ({best['name']}): {middle(best, 'gru_fused_train_ms'):.3f} ms a step, "
                  f"{middle(best, 'gru_fused_infer_ms'):.3f} ms for 32 answers.")
        print("\n| | bytes added to an empty program | crates, those for building too | of these in two versions | seconds to compile | same bits every turn |")
        print("|---|--:|--:|--:|--:|---|")
        for row in rows:
            alike = len({answer["digest"] for answer in row["answers"]}) == 1
            same = "–" if len(row["answers"]) == 1 else "yes" if alike else "no"
            if "bytes" in row:
                seconds = "–" if row["seconds"] is None else f"{row['seconds']:.0f}"
                print(f"| {row['name']} | {row['bytes']:,} | {row['crates']} | {row['double']} | {seconds} | {same} |")
            else:
                print(f"| {row['name']} | – | – | – | – | {same} |")
        if len(rows) > 1:
            ours, others = rows[0], rows[1:3]
            ratio = min(middle(row, "gru_train_ms") for row in others) / middle(ours, "gru_train_ms")
            graph = min(middle(row, "graph_train_ms") for row in others) / middle(ours, "graph_train_ms")
            print(f"\n**Decided: the tape** (`crates/mirror/src/learn`). For models of this size it learns {ratio:.1f} times (recurrent) and {graph:.1f} times "
                  "(graph) as fast as the faster of the libraries, adds a twentieth of their bytes or less, needs no crate that was not there, "
                  "and its order of additions does not depend on the machine's vectors. The tape's crates are those of the whole mirror. What it lacks is a graphics card, which models of one "
                  "person do not need.")


if __name__ == "__main__":
    main()
