#!/usr/bin/env python3
"""growth.py PROGRAM RESULTS.jsonl [--engines A,B] [--keys N,N] [--reps N] [--dir PATH]: the cost of a put, of a get and of an opening against the number of keys.

Runs PROGRAM (firn_compare) once a number of keys, appends what it measures to RESULTS.jsonl, and prints a table of all that is there, one for each kind and size of keys and values: medians. `growth.py - RESULTS.jsonl` only prints.
"""
import argparse
import json
import statistics
import subprocess
import sys

from plots import figure

KEYS = "10000,100000,1000000,10000000,20000000"
OPERATIONS_LEAST = 1_000_000  # reads of a small database: it would be over before it is measured
ROWS = [("fillrandom", "ns_op", "ns a put"), ("readrandom", "ns_op", "ns a get"), ("open_clean", "ms", "ms an opening")]
COMPARED = (1_000_000, 20_000_000)  # what is asked compares these


def measure(options):
    for keys in options.keys.split(","):
        command = [options.program, "--json", options.results, "--engines", options.engines, "--workloads", ",".join(row for row, _, _ in ROWS), "--keys", keys,
                   "--ops", str(max(int(keys), OPERATIONS_LEAST)), "--reps", str(options.reps), "--dir", options.dir]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def sizes(line):
    """What the keys and values of a line are; lines of others are not to be compared with it."""
    kind = line.get("key_kind", "decimal")
    keys = f"keys of {line['key_bytes']:g} B ({kind})" if kind in ("decimal", "binary") else f"{kind} keys"  # the others' mean depends on their number
    return f"{keys}, values of {line['value_bytes']:g} B"


def samples(path):
    """{sizes: {(row, engine, keys): [figure, ...]}}, in the order of the file."""
    found = {}
    with open(path, encoding="utf-8") as lines:
        for text in lines:
            line = json.loads(text)
            for row, metric, _ in ROWS:
                if line["workload"] == row:
                    found.setdefault(sizes(line), {}).setdefault((row, line["engine"], line["keys"]), []).append(line[metric])
    return found


def table(found):
    keys = sorted({key[2] for key in found})
    lines = ["| | | " + " | ".join(f"{count:,}" for count in keys) + " | 20M / 1M |", "| --- | --- |" + " ---: |" * (len(keys) + 1)]
    for row, _, unit in ROWS:
        for engine in dict.fromkeys(key[1] for key in found if key[0] == row):
            medians = {count: statistics.median(found[row, engine, count]) for count in keys if (row, engine, count) in found}
            cells = [figure(medians.get(count)) for count in keys]
            grown = f"{medians[COMPARED[1]] / medians[COMPARED[0]]:.2f}x" if all(count in medians for count in COMPARED) else "-"
            lines.append(f"| {row}, {unit} | {engine} | " + " | ".join(cells) + f" | {grown} |")
    return "\n".join(lines)


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("results")
    parser.add_argument("--engines", default="firn,rocksdb,leveldb,lmdb,wiredtiger,tkrzw_hash,std_unordered_map")
    parser.add_argument("--keys", default=KEYS)
    parser.add_argument("--reps", type=int, default=3)
    parser.add_argument("--dir", default="/var/tmp")
    options = parser.parse_args(arguments)
    if options.program != "-":
        measure(options)
    for name, found in samples(options.results).items():
        print(f"{name}\n\n{table(found)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
