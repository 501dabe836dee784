"""What the machine may answer on a bad day: a dying disk, a slow one (by strace), no memory, threads that come late (by a preload)."""
import os
import resource
import select
import shutil
import signal
import subprocess
import threading

from harness import HERE, Closed, RpcError, check, children, contains, deadline, equal, eventually
from mp import packb
from scripts import echo, holds, in_turn, says


def traced(t, made, injection, config="", path=None):
    """A daemon whose system calls (on a path only) fail as told. strace is its parent: signals go to its child."""
    if not shutil.which("strace"):
        t.skip("no strace here")
    if t.sanitizer:
        t.skip("a sanitizer cannot run under strace")
    if subprocess.run(["strace", "-qq", "-e", "trace=none", "true"], capture_output=True).returncode:
        t.skip("strace may not trace here")
    return t.daemon(f"backend = {made.url}\n{config}", prefix=[
        "strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=" + injection.split(":")[0], "-e", "inject=" + injection, "-I4",
        *(["-P", path] if path else [])])


def stop(daemon):
    os.kill(children(daemon.pid)[0], signal.SIGTERM)
    equal(daemon.wait(), 0, "status")


@deadline(60)
def test_a_failing_disk_is_told_and_survived(t):
    """Every fourth sync of the conversations fails. What was said to be done is there; what could not be kept is said."""
    daemon = traced(t, t.backend(echo), "fdatasync:error=EIO:when=8+4", path=t.h.database + "-wal")
    ends = [t.run("ask", f"number {i}", code=None) for i in range(25)]
    good = [i for i, end in enumerate(ends) if end.code == 0]
    check(good and len(good) < 25, "answers that went well:", good)
    for end in ends:
        check(end.code == 0 or end.err.strip(), "a failure without a word", end)
    stop(daemon)
    rows = {row["output"] for row in t.sql("SELECT output FROM steps WHERE type = 'assistant_message'")}
    for i in good:
        check(f"answer to number {i}" in rows, f"answer {i} was given as done and is not stored")
    t.integrity()


@deadline(60)
def test_a_slow_disk_is_shared_by_all_who_wait(t):
    """A commit takes 100 ms: 40 questions at once must not take 40 commits one after the other."""
    daemon = traced(t, t.backend(echo), "fdatasync:delay_exit=100000")
    rpc = t.rpc(timeout=30)
    before = rpc.call("status")["database"]["commits"]
    rpc.raw(b"".join(packb([0, 1000 + i, "ask", [{"text": f"number {i}", "stream": False}]]) for i in range(40)) + packb([0, 1040, "ping", []]))
    rpc.reply(1040)
    check(len(rpc.replies) < 40, "the loop waits for the disk")
    turns = [rpc.reply(1000 + i)["turn"] for i in range(40)]
    commits = rpc.call("status")["database"]["commits"] - before
    ends = [rpc.send("turn.wait", turn=turn) for turn in turns]
    states = {rpc.reply(number)["turn"]["state"] for number in ends}
    equal(states, {"done"}, "states")
    check(commits < 30, "forty questions took", commits, "commits to be accepted")
    contains(t.run("ls").text, "number 39")
    stop(daemon)
    t.integrity()


def preload(t, name):
    """A library of tests/fault, to be loaded before all others."""
    if t.sanitizer:
        t.skip("a sanitizer is loaded before all others")
    if not shutil.which("cc"):
        t.skip("no compiler here")
    library = os.path.join(t.dir, name + ".so")
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, os.path.join(HERE, os.pardir, "fault", name + ".c"), "-ldl"], check=True)
    return library


def lean(t, limit):
    """Environment of a daemon that gets no piece of memory above `limit` bytes once the flag file is there."""
    flag = os.path.join(t.dir, "lean")
    return {"LD_PRELOAD": preload(t, "lean"), "LEAN_BYTES": str(limit), "LEAN_FLAG": flag}, flag


def test_what_is_written_and_not_told_yet_is_waited_for(t):
    """Between a question's row on the disk and its turn in the daemon lies a moment, in which others can read the row."""
    release = threading.Event()
    t.closers.append(release.set)
    made = t.backend(in_turn(echo, holds(release)))
    flag = os.path.join(t.dir, "late")
    t.daemon(f"backend = {made.url}\n", env={"LD_PRELOAD": preload(t, "late"), "LATE_FLAG": flag})
    rpc, other = t.rpc(), t.rpc()
    rpc.call("turn.wait", turn=rpc.call("ask", text="first", thread="talk", create=True)["turn"])
    with open(flag, "w", encoding="ascii"):
        asked = rpc.send("ask", text="second", thread="talk")
    eventually(lambda: len(t.sql("SELECT 1 FROM ragchat_turn")) == 2, "the row")
    waiting = [other.send(method, turn="last") for method in ("turn.wait", "attach")]
    check(not select.select([other.socket, rpc.socket], [], [], 0.5)[0], "somebody was told before the writer was")
    os.unlink(flag)
    turn = rpc.reply(asked)["turn"]
    attached = other.reply(waiting[1])
    equal((attached["turn"], attached["live"]), (turn, True), "what was attached to")
    release.set()
    equal(other.reply(waiting[0])["turn"]["state"], "done", "what was waited for")


@deadline(60)
def test_memory_that_runs_out_costs_only_the_one_who_asked(t):
    made = t.backend(says("x" * 2000000, step=50000))
    env, flag = lean(t, 400000)
    daemon = t.daemon(f"backend = {made.url}\n", env=env)
    small = t.rpc()
    with open(flag, "w", encoding="ascii"):
        pass
    for text in ("y" * 900000, "short, but its answer is long"):
        rpc = t.rpc()
        try:
            reply = rpc.call("ask", text=text)
            state = rpc.call("turn.wait", turn=reply["turn"])["turn"]["state"]
            equal(state, "failed", "state of what did not fit")
        except (OSError, Closed, RpcError) as error:
            check(str(error), "no words")
        check(daemon.alive(), "the daemon died:", daemon.log()[-2000:])
        equal(small.call("ping"), {}, "another connection")
    contains(str(small.call("status")["server"]["pid"]), str(daemon.pid))
    os.unlink(flag)
    equal(t.run("ask", "once more").text, "x" * 2000000 + "\n", "an answer once there is memory again")
    daemon.stop()
    t.integrity()


def cramped(t, config, files=30):
    """A daemon with some documents, and how to let its files grow no further, and again."""
    daemon = t.daemon(f"index_retry = 30ms\nlog = info\n{config}")
    names = [t.h.path(f"text{i:02}.txt", f"Text number {i} has the word unique{i}. " + "".join(f"A sentence of word{i * k} and others w{k}. " for k in range(120)))
             for i in range(files)]
    t.run("upload", *names)

    def grow(most):
        resource.prlimit(daemon.pid, resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))
    return daemon, grow


def best(t, i):
    return t.run("search", "--docs", "--json", "-n", "1", f"unique{i}").json["results"][0]["path"]


@deadline(60)
def test_a_file_size_limit_is_a_full_disk(t):
    """Whatever the daemon was started under: no signal ends it, what does not fit is said, the rest is answered."""
    daemon, grow = cramped(t, "index_passages = 0\n", 10)
    grow(32768)
    refused = t.run("upload", t.h.path("late.txt", "The late word. " + "x y z " * 20000), code=75)
    contains(refused.err, "library.db")
    equal(best(t, 3), "text03.txt")
    grow(resource.RLIM_INFINITY)
    t.run("upload", t.h.path("late.txt"))
    daemon.stop()
    t.integrity()


@deadline(60)
def test_an_index_that_could_not_be_made_anew_is_once_there_is_room(t):
    daemon, grow = cramped(t, "index_passages = 0\n")
    daemon.stop()
    daemon.restart()  # its log of changes begins anew
    t.rpc().call("doc.list")
    grow(131072)
    t.run("docs", "reindex")
    eventually(lambda: "the index cannot be made anew, the old one goes on answering: " in daemon.log(), "a word of it")
    equal(best(t, 7), "text07.txt")
    check("rebuilding" in t.rpc().call("status")["library"], "made anew without room")
    grow(resource.RLIM_INFINITY)
    eventually(lambda: "rebuilding" not in t.rpc().call("status")["library"], "the end of the work")
    equal(daemon.log().count("cannot be made anew"), 1, "words about it")
    equal(best(t, 8), "text08.txt")
    daemon.stop()
    t.integrity()


@deadline(60)
def test_a_segment_that_could_not_be_written_is_once_there_is_room(t):
    daemon, grow = cramped(t, "index_passages = 100\n")

    def rows(state):
        return [row["file"] for row in t.sql(f"SELECT file FROM segment WHERE state = {state} AND passages > 200", path=t.h.library)]
    eventually(lambda: rows(1), "a large segment")
    daemon.stop()
    daemon.restart()  # its log of changes begins anew
    equal(best(t, 5), "text05.txt")
    grow(49152)
    os.truncate(os.path.join(os.path.dirname(t.h.library), "library.segments", rows(1)[0]), 100)
    contains(t.run("search", "--docs", "unique5", code=None).err, "not looked at")
    eventually(lambda: "the index waits: " in daemon.log(), "a word of it")
    equal(len(rows(3)), 1, "segments that are to be made anew")
    grow(resource.RLIM_INFINITY)
    eventually(lambda: rows(1) and not rows(3), "another one, which nobody asked for")
    contains(daemon.log(), "the index goes on")
    equal(daemon.log().count("the index waits"), 1, "words about it")
    for i in (0, 5, 29):
        equal(best(t, i), f"text{i:02}.txt")
    daemon.stop()
    t.integrity()
