#!/usr/bin/env python3
"""planted.py ROOT [BUG...]: plants the bugs of bugs.txt in a copy of the tree and sees the test that each of them names fail.

Every bug is a change of a few words of the engine, switched on by FIRN_PLANTED=<number> at run time, so that one build holds all of them. First the named tests run
without a bug: they have to pass. Then each runs with its bug: it has to fail. Ends with 1 when a bug survives or a test fails without one; the copy stays in
build/planted. With names of bugs: only those. FIRN_PLANTED_BUILD: another folder for the copy.
"""
import filecmp
import os
import shutil
import subprocess
import sys

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
                bugs.append({"name": rest, "row": "", "test": "", "env": {}, "edits": [], "number": len(bugs) + 1})
            elif word in ("row", "test"):
                bugs[-1][word] = rest
            elif word == "env":
                key, _, value = rest.partition("=")
                bugs[-1]["env"][key] = value
            elif word == "file":
                bugs[-1]["edits"].append([rest, None, None])
            elif word == "-":
                bugs[-1]["edits"][-1][1] = rest
            elif word == "+":
                bugs[-1]["edits"][-1][2] = rest
    return bugs


def copy_tree(root, tree):
    """Copies what differs, so that a second run builds only that. Returns the files of the engine as text, by path."""
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
    program, _, filter_text = bug["test"].partition(" ")
    env = dict(os.environ, FIRN_PLANTED=str(number), FIRN_SEED="1", FIRN_DEEP="", **{})
    env.update(bug["env"])
    command = [os.path.join(build, "tests", program), "--gtest_brief=1"] + ([f"--gtest_filter={filter_text}"] if filter_text else [])
    try:
        done = subprocess.run(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600, check=False)
    except subprocess.TimeoutExpired:
        return "hangs"
    if b"[  PASSED  ] 0 tests" in done.stdout and done.returncode == 0:
        return "no test"
    return "passes" if done.returncode == 0 else "fails"


def main():
    root = os.path.abspath(sys.argv[1])
    folder = os.environ.get("FIRN_PLANTED_BUILD", os.path.join(root, "build", "planted"))
    tree, build = os.path.join(folder, "tree"), os.path.join(folder, "build")
    bugs = read_bugs(os.path.join(root, "tests", "planted", "bugs.txt"))
    engine = copy_tree(root, tree)
    plant(bugs, engine)
    write_engine(engine, tree)
    wanted = [bug for bug in bugs if len(sys.argv) < 3 or bug["name"] in sys.argv[2:]]
    programs = sorted({bug["test"].split(" ")[0] for bug in wanted})
    configure = ["cmake", "-G", "Ninja", "-S", tree, "-B", build, "-DCMAKE_BUILD_TYPE=Release", "-DCMAKE_CXX_FLAGS_RELEASE=-O1 -DNDEBUG", "-DFIRN_TESTS=ON", "-DFIRN_CLI=OFF", "-DFIRN_BENCH=OFF"]
    subprocess.run(configure, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["cmake", "--build", build, "--target", *programs], check=True, stdout=subprocess.DEVNULL)
    failed = []
    known = {}
    for bug in wanted:
        key = (bug["test"], tuple(sorted(bug["env"].items())))
        if key not in known:
            known[key] = run_test(build, bug, 0)
        outcome = run_test(build, bug, bug["number"]) if known[key] == "passes" else f"not tried: without a bug its test {known[key]}"
        killed = outcome in ("fails", "hangs")
        print(f"{'killed' if killed else 'SURVIVES'}  {bug['name']}  ({bug['row']})  by {bug['test']}" + ("" if killed else f"  [{outcome}]"), flush=True)
        if not killed:
            failed.append(bug["name"])
    print(f"planted bugs: {len(wanted) - len(failed)} of {len(wanted)} killed by the test they name")
    if failed:
        print("replay one: python3 tests/planted/planted.py . " + " ".join(failed))
        sys.exit(1)


main()
