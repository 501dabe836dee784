#!/usr/bin/python3
"""The index of documents beside Lucene's: the same texts, the same questions, in the same run.

tests/bench/index.py --tool build/bench/bench_index [--passages N] [--collections DIR]
Prints "name value peer" a line. PASSAGES=N and COLLECTIONS=DIR of the environment are the defaults.
"""
import argparse
import glob
import os
import shutil
import statistics
import subprocess
import sys
import tempfile

ROUNDS = 3
HERE = os.path.dirname(os.path.abspath(__file__))


def run(argv):
    """Lines "name value" as a dict."""
    out = subprocess.run(argv, stdout=subprocess.PIPE, text=True, check=True).stdout
    return {name: float(value) for name, value in (row.split() for row in out.splitlines())}


def peer(folder):
    """The command that runs LuceneIndex, or None without Lucene and a JDK."""
    jars = [sorted(glob.glob(f"/usr/share/java/lucene-{part}-8*.jar")) for part in ("core", "analyzers-common")]
    if not all(jars) or not shutil.which("javac"):
        return None
    path = ":".join(found[-1] for found in jars)
    subprocess.run(["javac", "-cp", path, "-d", folder, os.path.join(HERE, "LuceneIndex.java")], check=True)
    return ["java", "-cp", f"{path}:{folder}", "LuceneIndex"]


def size(folder):
    return sum(os.path.getsize(os.path.join(at, name)) for at, _, names in os.walk(folder) for name in names) / 1e6


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tool", required=True)
    parser.add_argument("--passages", type=int, default=int(os.environ.get("PASSAGES") or 20000))
    parser.add_argument("--index-passages", type=int, default=5000, help="as the option of ragchat.conf")
    parser.add_argument("--collections", default=os.environ.get("COLLECTIONS") or "")
    args = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="ragchat-index-", dir=os.environ.get("TMPDIR") or "/var/tmp")
    try:
        lucene = peer(folder)
        if not lucene:
            sys.exit("index.py: Lucene 8 or a JDK is missing: make deps-bench")
        run([args.tool, "texts", folder, str(args.passages), args.collections])
        theirs, ours = run(lucene + ["load", folder]), run([args.tool, "load", folder, str(args.index_passages)])
        print("passages", args.passages)
        print("rate", ours["mb"] / ours["load_s"], theirs["mb"] / theirs["load_s"])
        print("settled", ours["mb"] / ours["settled_s"], theirs["mb"] / theirs["load_s"])
        print("cpu", ours["mb"] / ours["cpu_s"], theirs["mb"] / theirs["cpu_s"])
        write = run([args.tool, "write", folder])
        print("writer", write["mb"] / write["write_s"])
        print("words", write["mb"] / write["total_s"])
        print("size", size(os.path.join(folder, "store")), size(os.path.join(folder, "lucene")))
        print("peak", ours["peak_kib"] / 1024)
        print("longest", ours["longest_ms"])
        rounds = [(run([args.tool, "ask", folder]), run(lucene + ["ask", folder])) for _ in range(ROUNDS)]
        for name in ("p50_ms", "p95_ms", "mean_ms"):
            print(name, *(statistics.median(side[name] for side in sides) for sides in zip(*rounds)))
        print("rss", *(statistics.median(side["rss_kib"] for side in sides) / 1024 for sides in zip(*rounds)))
        print("anon", statistics.median(ours["anon_kib"] for ours, _ in rounds) / 1024)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
