#!/usr/bin/env python3
"""planted.py ROOT [BUG...]: plants the bugs of bugs.txt in a copy of the tree and sees the test that each of them names fail.

Every bug is a change of a few words of the engine, switched on by FIRN_PLANTED=<number> at run time, so that one build holds all of them. First the named tests run
without a bug: they have to pass. Then each runs with its bug: it has to fail. Ends with 1 when a bug survives or a test fails without one; the copy stays in
build/planted. With names of bugs: only those. FIRN_PLANTED_BUILD: another folder for the copy.

--publish: writes tests/planted/README.md, which says what killed which; the verdicts of bugs that were not tried now, and are tried by the same test as then, stay.
A test that takes more than ten minutes hangs, and has killed nothing, unless the entry of the bug says `hangs`.
--check: builds and runs nothing; ends with 1 when the words that a bug changes are not there any more (the engine was changed), or when the table lacks a bug of bugs.txt.
"""
import collections
import filecmp
import os
import shutil
import subprocess
import sys
import time

PLANTED_MIN = 40  # the bar of a deep run

HEADER = """// Planted bugs: which one is switched on (planted.py). Only in the copy of the tree that it makes.
// Threading: any thread.
#pragma once
#include <cstdlib>
inline int firn_planted_bug() {
  static const int number = std::getenv("FIRN_PLANTED") == nullptr ? 0 : std::atoi(std::getenv("FIRN_PLANTED"));
  return number;
}
"""


def read_bugs(path):
    bugs = []
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            line = line.rstrip("\n")
            word, _, rest = line.partition(" ")
            if word == "bug":
                bugs.append({"name": rest, "row": "", "test": "", "env": {}, "hangs": False, "edits": [], "number": len(bugs) + 1})
            elif word in ("row", "test"):
                bugs[-1][word] = rest
            elif word == "env":
                key, _, value = rest.partition("=")
                bugs[-1]["env"][key] = value
            elif word == "hangs":
                bugs[-1]["hangs"] = True
            elif word == "file":
                bugs[-1]["edits"].append([rest, None, None])
            elif word == "-":
                bugs[-1]["edits"][-1][1] = rest
            elif word == "+":
                bugs[-1]["edits"][-1][2] = rest
    return bugs


def copy_tree(root, tree):
    """Copies what differs, so that a second run builds only that."""
    for top in ("core", "capi", "tests", "pkgconfig", "CMakeLists.txt"):
        source = os.path.join(root, top)
        for folder, _, names in os.walk(source) if os.path.isdir(source) else [(root, [], [top])]:
            for name in names:
                path = os.path.relpath(os.path.join(folder, name), root)
                copy = os.path.join(tree, path)
                if path.startswith("core/"):
                    continue
                if not os.path.exists(copy) or not filecmp.cmp(os.path.join(root, path), copy, False):
                    os.makedirs(os.path.dirname(copy), exist_ok=True)
                    shutil.copyfile(os.path.join(root, path), copy)


def read_engine(root):
    """The files of the engine as text, by path."""
    engine = {}
    for folder, _, names in os.walk(os.path.join(root, "core")):
        for name in names:
            path = os.path.relpath(os.path.join(folder, name), root)
            with open(os.path.join(root, path), encoding="utf-8", errors="surrogateescape") as file:
                engine[path] = file.read()
    return engine


def plant(bugs, engine):
    original = dict(engine)
    for bug in bugs:
        for path, old, new in bug["edits"]:
            if original[path].count(old) != 1:
                sys.exit(f"planted: {bug['name']}: not exactly once in {path}: {old}")
            if engine[path].count(old) != 1:
                sys.exit(f"planted: {bug['name']}: another bug has changed the same place of {path}: {old}")
            engine[path] = engine[path].replace(old, new.replace("PLANTED", f"(::firn_planted_bug() == {bug['number']})"))
    for path, text in engine.items():
        if text != original[path]:
            engine[path] = '#include "base/planted.h"\n' + text
    engine["core/base/planted.h"] = HEADER


def write_engine(engine, tree):
    for path, text in engine.items():
        copy = os.path.join(tree, path)
        if os.path.exists(copy):
            with open(copy, encoding="utf-8", errors="surrogateescape") as file:
                if file.read() == text:
                    continue
        os.makedirs(os.path.dirname(copy), exist_ok=True)
        with open(copy, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(text)


def run_test(build, bug, number):
    """What the named test does with this bug switched on (0: with none), in words, and the seconds that it took."""
    program, _, filter_text = bug["test"].partition(" ")
    env = dict(os.environ, FIRN_PLANTED=str(number), FIRN_SEED="1", FIRN_DEEP="")
    env.update(bug["env"])
    command = [os.path.join(build, "tests", program), "--gtest_brief=1"] + ([f"--gtest_filter={filter_text}"] if filter_text else [])
    if number != 0:
        command.append("--gtest_fail_fast")
    begin = time.monotonic()
    try:
        done = subprocess.run(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600, check=False)
    except subprocess.TimeoutExpired:
        # A test that hangs has told nothing, but where the bug is a hang.
        return "hangs as it should" if bug["hangs"] and number != 0 else "hangs", time.monotonic() - begin
    seconds = time.monotonic() - begin
    if done.returncode < 0:
        return "crashes", seconds
    if b"[  PASSED  ] 0 tests" in done.stdout and done.returncode == 0:
        return "no test", seconds
    return "passes" if done.returncode == 0 else "fails", seconds


KILLS = ("fails", "crashes", "hangs as it should")
TABLE_HEAD = """# Planted bugs, and what kills them

Written by `python3 tests/planted/planted.py . --publish`; `ctest -R planted` compares it with `bugs.txt`. A row is one of section 5 of the reliability reference, a
promise (P1 to P12), or what else the bug breaks. The variables that a test is run with stand in `bugs.txt`. What a test does with the bug switched on: it fails or crashes; one that hangs counts only where the bug is a hang (`hangs` in `bugs.txt`).

"""


def table_line(bug):
    return f"| `{bug['name']}` | {bug['row']} | `{bug['test']}` |"


def published(path):
    """The verdicts of the table, by the line that they end."""
    if not os.path.exists(path):
        return {}
    with open(path, encoding="utf-8") as file:
        lines = [line.rstrip("\n") for line in file if line.startswith("| `")]
    return {line[: line[:-2].rindex(" |") + 2]: line[:-2].rsplit("| ", 1)[1] for line in lines}


def publish(path, bugs, outcomes):
    before = published(path)
    verdicts = [outcomes.get(bug["name"], before.get(table_line(bug), "not tried")) for bug in bugs]
    killed = sum(verdict in KILLS for verdict in verdicts)
    with open(path, "w", encoding="utf-8") as file:
        file.write(TABLE_HEAD + "| bug | row | named test | which |\n| --- | --- | --- | --- |\n")
        for bug, verdict in zip(bugs, verdicts):
            file.write(f"{table_line(bug)} {verdict} |\n")
        file.write(f"\n{len(bugs)} planted, {killed} killed by the test they name, {len(bugs) - killed} not.\n")


def check(path, bugs):
    """The table lists the bugs of bugs.txt, no other, and no survivor."""
    table = published(path)
    wanted = [table_line(bug) for bug in bugs]
    wrong = [f"{line} {verdict}" for line, verdict in table.items() if line not in wanted or verdict not in KILLS]
    wrong += [line for line in wanted if line not in table]
    for line in wrong:
        print(f"planted: bugs.txt and the table disagree, or a bug survives: {line}")
    if wrong:
        sys.exit("planted: try them, and write the table anew: python3 tests/planted/planted.py . --publish [BUG...]")
    print(f"planted: {len(bugs)} bugs can be planted, and the table lists what kills them")


def build_programs(tree, build, programs):
    configure = ["cmake", "-G", "Ninja", "-S", tree, "-B", build, "-DCMAKE_BUILD_TYPE=Release", "-DCMAKE_CXX_FLAGS_RELEASE=-O1 -DNDEBUG", "-DFIRN_TESTS=ON", "-DFIRN_CLI=OFF", "-DFIRN_BENCH=OFF"]
    subprocess.run(configure, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["cmake", "--build", build, "--target", *programs], check=True, stdout=subprocess.DEVNULL)


def try_bugs(build, bugs, tell):
    """The outcome of each bug, by name; tells them as they come."""
    known = {}
    outcomes = {}
    for bug in bugs:
        key = (bug["test"], tuple(sorted(bug["env"].items())))
        if key not in known:
            known[key] = run_test(build, bug, 0)[0]
        outcome, seconds = run_test(build, bug, bug["number"]) if known[key] == "passes" else (f"not tried: without a bug its test {known[key]}", 0)
        outcomes[bug["name"]] = outcome
        verdict = "killed  " if outcome in KILLS else "SURVIVES"
        print(f"{verdict}  {bug['name']}  ({bug['row']})  {bug['test']}  [{outcome}, {seconds:.1f} s]", flush=True)
        tell(outcomes)
    return outcomes


def main():
    flags = [argument for argument in sys.argv[1:] if argument.startswith("--")]
    root, *names = [argument for argument in sys.argv[1:] if not argument.startswith("--")]
    root = os.path.abspath(root)
    folder = os.environ.get("FIRN_PLANTED_BUILD", os.path.join(root, "build", "planted"))
    tree, build = os.path.join(folder, "tree"), os.path.join(folder, "build")
    table = os.path.join(root, "tests", "planted", "README.md")
    bugs = read_bugs(os.path.join(root, "tests", "planted", "bugs.txt"))
    twice = [name for name, count in collections.Counter(bug["name"] for bug in bugs).items() if count > 1]
    unknown = set(names) - {bug["name"] for bug in bugs}
    if twice or unknown:
        sys.exit(f"planted: names that are there twice: {twice}; unknown names: {sorted(unknown)}")
    engine = read_engine(root)
    plant(bugs, engine)
    if "--check" in flags:
        check(table, bugs)
        return
    copy_tree(root, tree)
    write_engine(engine, tree)
    wanted = [bug for bug in bugs if not names or bug["name"] in names]
    build_programs(tree, build, sorted({bug["test"].split(" ")[0] for bug in wanted}))
    outcomes = try_bugs(build, wanted, lambda known: publish(table, bugs, known) if "--publish" in flags else None)
    survivors = [name for name, outcome in outcomes.items() if outcome not in KILLS]
    print(f"planted bugs: {len(outcomes)} planted, {len(outcomes) - len(survivors)} killed by the test they name, {len(survivors)} survived")
    if not names and len(outcomes) < PLANTED_MIN:
        sys.exit(f"planted: {len(outcomes)} bugs are fewer than the bar of {PLANTED_MIN}")
    if survivors:
        print("replay: python3 tests/planted/planted.py . " + " ".join(survivors))
        sys.exit(1)


main()
