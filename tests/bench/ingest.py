#!/usr/bin/python3
"""Does ingesting delay an answer's checkpoint? And how many documents a second come in?

tests/bench/ingest.py --bin build/bin
An answer of 20 tokens a second streams for some seconds, alone, then while documents of many sizes come in; `status` is
asked all the time for the age of the oldest byte that is not on disk. Prints NAME VALUE lines.
"""
import argparse
import http.server
import json
import os
import random
import subprocess
import threading
import time

from collection import Home

SECONDS, SMALL, LARGE = 8, 1500, 3


class Slow(http.server.BaseHTTPRequestHandler):
    """A token each 50 ms."""

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        for i in range(SECONDS * 20 + 1):
            last = i == SECONDS * 20
            chunk = {"choices": [{"index": 0, "delta": {} if last else {"content": f"token{i} "}, "finish_reason": "stop" if last else None}]}
            self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
            self.wfile.flush()
            time.sleep(0.05)
        self.wfile.write(b"data: [DONE]\n\n")

    def log_message(self, *_):
        pass


def sample(home, talk):
    """Ages while the answer runs, in ms."""
    ages = []
    while talk.poll() is None:
        ages.append(home.json("status", "--json")["turns"]["oldest_unsaved_ms"])
        time.sleep(0.01)
    return sorted(ages)


def answer(home):
    return subprocess.Popen([os.path.join(home.programs, "ragchat"), "ask", "--no-stdin", "go"], env=home.env, cwd=home.dir,
                            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def documents(home):
    words = random.Random(1)
    os.mkdir(os.path.join(home.dir, "documents"))
    for i in range(SMALL + LARGE):
        n = 3000 if i < LARGE else words.randint(20, 250)
        text = " ".join(f"word{words.randint(1, 30000)}" for _ in range(n * (60 if i < LARGE else 1)))
        with open(os.path.join(home.dir, "documents", f"{i}.txt"), "w", encoding="ascii") as f:
            f.write(". ".join(text[k:k + 90] for k in range(0, len(text), 90)))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default="build/bin")
    backend = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Slow)
    threading.Thread(target=backend.serve_forever, daemon=True).start()
    home = Home(parser.parse_args().bin, f"backend = http://127.0.0.1:{backend.server_port}\nretrieval = local\n")
    try:
        documents(home)
        for name, busy in (("quiet", False), ("ingesting", True)):
            talk = answer(home)
            up = busy and subprocess.Popen([os.path.join(home.programs, "ragchat"), "upload", "-q", "-r", "documents"], env=home.env,
                                           cwd=home.dir, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
            ages = sample(home, talk)
            print(f"unsaved_p99_{name} {ages[len(ages) * 99 // 100]}")
            print(f"unsaved_max_{name} {ages[-1]}")
            if up:
                up.wait()
        since = time.monotonic()
        home.run("upload", "-q", "-r", "--to", "again", "documents")
        print(f"documents_per_s {(SMALL + LARGE) / (time.monotonic() - since):.0f}")
        print(f"library_longest_ms {home.json('status', '--json')['database']['library_longest_us'] / 1000:.1f}")
    finally:
        home.close()


if __name__ == "__main__":
    main()
