#!/usr/bin/python3
"""What looking back takes in a history of a million messages, alone, and while 50 answers stream and another account
searches for the worst it can without pause. Needs root: two accounts of one daemon.

tests/bench/history.py --bin build/bin --bench build/bench [--messages 1000000] [--keep DIR]
Prints "name alone median worst cut rounds raw" lines, in ms; raw is SQLite's library alone over the same rows: the same
pages, and a plain FTS5 table of the same texts. --keep: made there once, and used again.
"""
import argparse
import os
import sqlite3
import statistics
import time

from stage import stage  # finds what follows
import harness
from history import ANN, BEN, Searcher, measure, settle
from machine import GROUP, Machine

ROUNDS, STREAMS = 15, 50
PAGE = "SELECT t.id, t.updated, h.name FROM ragchat_thread t JOIN threads h ON h.id = t.id WHERE t.account = ?1"
FOUND = "SELECT rowid, snippet(said, 0, '', '', '', 20) FROM said WHERE said MATCH ?1 ORDER BY %s LIMIT 20"
NEWEST, BEST = FOUND % "rowid DESC", FOUND % "rank"


def calls(long):
    """name: method, params, and the same asked of SQLite: statement and what is bound to it (?1 the account), or None."""
    return {
        "ls": ("thread.list", {"limit": 30}, PAGE + " ORDER BY t.updated DESC LIMIT 30", ()),
        "ls_text_rare": ("thread.list", {"limit": 30, "text": "nr1234"}, PAGE + " AND h.name LIKE '%nr1234%' ORDER BY t.updated DESC LIMIT 30", ()),
        "ls_text_none": ("thread.list", {"limit": 30, "text": "qqxqq"}, PAGE + " AND h.name LIKE '%qqxqq%' ORDER BY t.updated DESC LIMIT 30", ()),
        "ls_tag_rare": ("thread.list", {"limit": 30, "tag": "rare"}, None, ()),
        "ls_tag_absent": ("thread.list", {"limit": 30, "tag": "absent"}, None, ()),
        "ls_failed": ("thread.list", {"limit": 30, "state": "failed"}, None, ()),
        "show": ("message.list", {"thread": long, "branch": True, "limit": 20},
                 "SELECT t.id, u.output, a.output FROM ragchat_turn t JOIN steps u ON u.id = t.user_step JOIN steps a ON a.id = t.answer_step "
                 "WHERE t.thread = ?1 ORDER BY t.seq DESC LIMIT 20", (long,)),
        "search_rare": ("search", {"text": "needle3x"}, NEWEST, ("needle3x",)),
        "search_common": ("search", {"text": "the"}, NEWEST, ("the",)),
        "search_none": ("search", {"text": "zzyzzyva"}, NEWEST, ("zzyzzyva",)),
        "search_hostile": ("search", {"text": '"the of" the'}, NEWEST, ('"the of" the',)),
        "search_prefix": ("search", {"text": "boo"}, NEWEST, ("boo*",)),
        "search_tag_rare": ("search", {"text": "the", "tag": "rare"}, None, ()),
        "search_phrase_of_8": ("search", {"text": '"the of and shelf book door key wing"'}, NEWEST, ('"the of and shelf book door key wing"',)),
        "rank_rare": ("search", {"text": "needle3x", "rank": True}, BEST, ("needle3x",)),
        "rank_common": ("search", {"text": "the", "rank": True}, BEST, ("the",)),
        "last": ("turn.get", {"turn": "last"}, None, ()),
    }


def raw(database, asked):
    """The peer, by itself: medians of five."""
    db = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    account = db.execute("SELECT id FROM users WHERE identifier = ?", (f"uid-{ANN}",)).fetchone()[0]
    said = sqlite3.connect(os.path.join(os.path.dirname(database), "plain.db"))
    if not said.execute("SELECT 1 FROM sqlite_schema").fetchone():
        said.execute("CREATE VIRTUAL TABLE said USING fts5(body)")
        said.executemany("INSERT INTO said(body) VALUES (?)", db.execute("SELECT s.output FROM steps s JOIN ragchat_turn t ON s.id IN (t.user_step, t.answer_step) "
                                                                         "WHERE t.account = ? ORDER BY t.created", (account,)))
        said.commit()
    times = {}
    for name, (_, _, sql, bound) in asked.items():
        each = []
        for _ in range(5 if sql else 0):
            began = time.perf_counter()
            (said if "said" in sql else db).execute(sql, bound or (account,)).fetchall()
            each.append((time.perf_counter() - began) * 1e3)
        times[name] = statistics.median(each) if each else 0
    return times


def run(machine, messages):
    if not os.path.exists(os.path.join(machine.state, "long")):
        long = settle(machine, messages, messages // 20)
        with open(os.path.join(machine.state, "long"), "w", encoding="ascii") as f:
            f.write(long)
    daemon = machine.start()
    rpc, streams = machine.rpc(ANN), machine.rpc(ANN)
    rpc.timeout = 3600
    rpc.call("search.sync")
    with open(os.path.join(machine.state, "long"), encoding="ascii") as f:
        asked = calls(f.read())
    alone, _ = measure(rpc, asked, 5)
    for n in range(STREAMS):
        streams.send("ask", text=f"stream {n}", thread=f"stream {n}", create=True)
    harness.eventually(lambda: rpc.call("status")["turns"]["running"] >= STREAMS, "the streams")
    hostile = Searcher(machine, BEN)
    hostile.start()
    busy, cut = measure(rpc, asked, ROUNDS)
    hostile.ended.set()
    hostile.join()
    for turn in rpc.call("turn.list", live=True, limit=200)["turns"]:
        rpc.call("cancel", turn=turn["turn"])
    daemon.stop()
    peer = raw(machine.database, asked)
    for name, times in busy.items():
        print(name, f"{statistics.median(alone[name]):.2f}", f"{statistics.median(times):.2f}", f"{max(times):.2f}", cut[name], len(times), f"{peer[name]:.2f}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", required=True)
    parser.add_argument("--bench", required=True)
    parser.add_argument("--messages", type=int, default=1000000)
    parser.add_argument("--keep")
    options = parser.parse_args()
    with stage(options, 100000, 20, 16) as (t, url):
        machine = Machine(t)
        if options.keep:
            os.makedirs(options.keep, exist_ok=True)
            machine.state, machine.database = options.keep, os.path.join(options.keep, "chat_history.db")
            os.chown(options.keep, machine.user, machine.group)
            os.chmod(options.keep, 0o700)
        machine.configure(f"mode = system\ngroup = {GROUP}\nretrieval = off\nlog = warn\nbackend = {url}\n")
        run(machine, options.messages)


if __name__ == "__main__":
    main()
