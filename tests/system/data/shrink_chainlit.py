"""Make chainlit.db from a larger database written by a real Chainlit: the smallest thread of each shape stays.

usage: shrink_chainlit.py LARGE.db chainlit.db

A shape is what kinds of rows a thread has: of what type, what they hang on, whether their text is there.
"""
import shutil
import sqlite3
import sys
from collections import defaultdict


def shape(thread, rows):
    by_id = {row["id"]: row for row in rows}
    parts = ["owned" if thread and thread["userId"] else "ghost" if thread else "no thread"]
    for row in rows:
        parent = row["parentId"]
        on = "-" if parent is None else by_id[parent]["type"] if parent in by_id else "lost"
        text = row["output"] if row["output"] and row["output"].startswith(("Task", "Ingest")) else bool(row["output"])
        parts.append(f"{row['type']}<{on}:{text}:{row['isError']}")
    return " ".join(sorted(set(parts)))


def main(large, small):
    shutil.copyfile(large, small)
    db = sqlite3.connect(small)
    db.row_factory = sqlite3.Row
    threads = {row["id"]: row for row in db.execute("SELECT * FROM threads")}
    steps = defaultdict(list)
    for row in db.execute('SELECT * FROM steps ORDER BY "createdAt", rowid'):
        steps[row["threadId"]].append(row)
    seen = set()

    def weight(thread):
        return sum(len(row["output"] or "") for row in steps[thread]), thread

    for thread in sorted(set(threads) | set(steps), key=weight):
        kind = shape(threads.get(thread), steps[thread])
        if kind not in seen:
            seen.add(kind)
        else:
            db.execute('DELETE FROM steps WHERE "threadId" = ?', (thread,))
            db.execute("DELETE FROM threads WHERE id = ?", (thread,))
    db.commit()
    db.execute("VACUUM")
    db.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
