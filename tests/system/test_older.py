"""Libraries that older daemons left: data/library/ has one of each version, as its daemon wrote it."""
import glob
import os
import re
import shutil
import sqlite3
import subprocess

from harness import DATA, check, contains, deadline, equal, eventually

OLD = sorted(glob.glob(os.path.join(DATA, "library", "*")))
NAMES = ["boat0.txt", "boat1.txt", "boat2.txt", "boat3.txt", "boat4.txt", "boat5.txt", "copy.md", "handbook.md", "letters.txt", "recipes.txt", "tides.txt"]


def place(home, old):
    """The files of an older daemon, as they lay in its folder."""
    folder = os.path.dirname(home.library)
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder, 0o700)
    for name, path in (("chat", home.database), ("library", home.library)):
        with open(os.path.join(old, name + ".sql"), encoding="utf-8") as f:
            text = f.read()
        db = sqlite3.connect(path)
        db.executescript(text)
        db.close()
        os.chmod(path, 0o600)
        for file, data in re.findall(r"^-- file (\S+) ([0-9a-f]+)$", text, re.M):
            segments = os.path.join(folder, "library.segments")
            os.makedirs(segments, 0o700, exist_ok=True)
            with open(os.path.join(segments, file), "wb", opener=lambda path, flags: os.open(path, flags, 0o600)) as f:
                f.write(bytes.fromhex(data))
        copied = "'copy.md'" in text
    return copied  # version 2 took no second name for the same bytes


def version(t, home):
    """Of a copy, which may be put right from its journal."""
    copy = t.h.path("copy.db")
    for suffix in ("", "-journal", "-wal"):
        if os.path.exists(home.library + suffix):
            shutil.copyfile(home.library + suffix, copy + suffix)
    db = sqlite3.connect(copy)
    number = db.execute("PRAGMA user_version").fetchone()[0]
    db.close()
    for suffix in ("", "-journal", "-wal", "-shm"):
        if os.path.exists(copy + suffix):
            os.unlink(copy + suffix)
    return number


def newest(t):
    """What a library is that is made today."""
    home = t.home("today")
    t.daemon("", home=home).stop()
    return version(t, home)


def first(t, home, text, *options):
    found = t.run("search", "--docs", "--json", "-n", "1", *options, text, home=home).json["results"]
    return found[0]["path"] if found else None


def is_whole(t, home, copied):
    """All that was there is there, and is found."""
    rows = t.rpc(home).call("doc.list")["documents"]
    equal(sorted(row["name"] for row in rows), [name for name in NAMES if copied or name != "copy.md"], "documents")
    if copied:
        eventually(lambda: first(t, home, "copy", "--in", "default") == "copy.md", "the second name in the index")
    for text, path in (("vinegar lentils", "recipes.txt"), ("northern harbour tide", "tides.txt"), ("swallows garden", "letters.txt"),
                       ("boat number 4 oars", "boat4.txt")):
        equal(first(t, home, text), path, text)
    check(first(t, home, "safety goggles lathe") in ("handbook.md", "copy.md"), "the goggles are gone")
    found = t.run("search", "--docs", "--json", "cabbage pelican", home=home).json["results"]
    equal(found, [], "of what was replaced and removed")
    sources = t.run("sources", "fees", "--json", home=home).json["sources"]
    check(sources and "24 euros" in sources[0]["quote"], "what the old answer cites:", sources)
    shown = t.rpc(home).call("source.get", turn="last", n=1)
    contains(shown["source"]["quote"], "24 euros")
    one = t.run("ask", "--json", "How much do guests pay a day?", home=home).json
    contains(one["text"], "5 euros")


def is_sound(t, home):
    for path in (home.database, home.library):
        t.integrity(path)


@deadline(120)
def test_a_library_of_each_version_goes_on(t):
    now = newest(t)
    equal(sorted(int(os.path.basename(old)) for old in OLD), list(range(1, now)), "the versions that there is a library of")
    for old in OLD:
        home = t.home("v" + os.path.basename(old))
        copied = place(home, old)
        equal(version(t, home), int(os.path.basename(old)), "its version")
        daemon = t.daemon("index_passages = 5\n", home=home)
        is_whole(t, home, copied)
        equal(version(t, home), now, "its version now")
        t.run("docs", "reindex", home=home)
        eventually(lambda: not t.rpc(home).call("status")["library"].get("rebuilding"), "the end of the reindex")
        t.run("docs", "rm", "handbook.md", home=home)
        found = t.run("search", "--docs", "--json", "goggles", home=home).json["results"]
        equal([row["path"] for row in found], ["copy.md"] * copied, "of the second name")
        daemon.stop()
        is_sound(t, home)


def test_a_newer_library_is_refused_and_left_alone(t):
    place(t.h, OLD[-1])
    db = sqlite3.connect(t.h.library)
    db.execute("PRAGMA user_version = 99")
    db.close()
    with open(t.h.library, "rb") as f:
        before = f.read()
    _, log = t.daemon_fails()
    contains(log, "library.db", "newer ragchat")
    with open(t.h.library, "rb") as f:
        check(f.read() == before, "it was changed")


@deadline(120)
def test_a_crash_on_the_way_up_leaves_the_old_or_the_new(t):
    """Killed with the nth write to the library or its log; then it starts as if nothing had been."""
    if not shutil.which("strace") or t.sanitizer or subprocess.run(["strace", "-qq", "-e", "trace=none", "true"], capture_output=True).returncode:
        t.skip("strace may not trace here")
    now = newest(t)
    for old, when in ((OLD[0], 1), (OLD[0], 2), (OLD[0], 5), (OLD[0], 12), (OLD[-1], 3), (OLD[-1], 9)):
        home = t.home(f"v{os.path.basename(old)}at{when}")
        copied = place(home, old)
        t.daemon("", home=home, wait=False, prefix=["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=pwrite64", "-e",
                 f"inject=pwrite64:signal=KILL:when={when}+", "-P", home.library, "-P", home.library + "-wal", "-I4"]).wait()
        check(version(t, home) in (int(os.path.basename(old)), now), "neither the old nor the new:", version(t, home))
        daemon = t.daemon("", home=home)
        is_whole(t, home, copied)
        daemon.stop()
        is_sound(t, home)
