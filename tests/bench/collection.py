#!/usr/bin/python3
"""Collections with known answers, through the programs as users run them.

tests/bench/collection.py --bin build/bin [--every N] [--embeddings URL [--model NAME]] DIR...
Each DIR has docs.jsonl, queries.tsv, qrels.txt and, where there are any, answers.jsonl, unanswerable.tsv,
conversations.jsonl. Every document becomes a file and goes in through `ragchat upload -r`; documents are ranked by
`search --docs --json --by document`, answers come from `ask --json`, and what was said before is made a thread by asking
it of a scripted backend. `--every N` asks only each Nth question. With a server for embeddings, questions are asked when
every passage has its vector.
"""
import argparse
import concurrent.futures
import http.server
import json
import math
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

PLACES = {"HOME": "", "XDG_CONFIG_HOME": "config", "XDG_DATA_HOME": "data", "XDG_RUNTIME_DIR": "run", "XDG_STATE_HOME": "state"}
CLIENTS = 2


class Home:
    """A daemon with a home of its own."""

    def __init__(self, programs, config=""):
        self.programs = os.path.abspath(programs)
        self.dir = tempfile.mkdtemp(prefix="ragchat-collection-")
        self.env = {k: v for k, v in os.environ.items() if k in ("PATH", "LANG", "TZ")}
        for name, place in PLACES.items():
            self.env[name] = os.path.join(self.dir, place)
            os.makedirs(self.env[name], mode=0o700, exist_ok=True)
        self.env["RAGCHAT_SOCKET"] = os.path.join(self.dir, "sock")
        conf = os.path.join(self.dir, "ragchat.conf")
        with open(conf, "w", encoding="ascii") as f:
            f.write("account = bench\nlog = warn\n" + config)
        self.log = open(os.path.join(self.dir, "log"), "ab")
        self.daemon = subprocess.Popen([os.path.join(self.programs, "ragchatd"), "-c", conf, "-S", self.env["RAGCHAT_SOCKET"],
                                        "-D", os.path.join(self.dir, "chat_history.db")], env=self.env, cwd=self.dir,
                                       stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        end = time.monotonic() + 60
        while True:
            with socket.socket(socket.AF_UNIX) as s:
                if s.connect_ex(self.env["RAGCHAT_SOCKET"]) == 0:
                    return
            if self.daemon.poll() is not None or time.monotonic() > end:
                raise SystemExit("ragchatd does not start")
            time.sleep(0.01)

    def run(self, *args):
        return subprocess.run([os.path.join(self.programs, "ragchat"), *args], env=self.env, cwd=self.dir,
                              stdin=subprocess.DEVNULL, capture_output=True, check=False)

    def json(self, *args):
        done = self.run(*args)
        if done.returncode:
            raise SystemExit(f"ragchat {args}: {done.stderr.decode()}")
        return json.loads(done.stdout)

    def close(self):
        self.daemon.terminate()
        self.daemon.wait()
        self.log.close()
        shutil.rmtree(self.dir, ignore_errors=True)


class Backend:
    """Answers each question with the text that stands for it in `answers`."""

    def __init__(self):
        answers = self.answers = {}

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["messages"][-1]["content"]
                words = next((text for key, text in answers.items() if asked.endswith(key)), "yes")
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.end_headers()
                for delta, reason in (({"content": words}, None), ({}, "stop")):
                    chunk = {"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}
                    self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
                self.wfile.write(b"data: [DONE]\n\n")

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"


def lines(*path):
    try:
        with open(os.path.join(*path), encoding="utf-8") as f:
            return [line.rstrip("\n") for line in f if line.strip()]
    except FileNotFoundError:
        return []


class Collection:
    def __init__(self, path, every):
        self.path, self.name = path, os.path.basename(os.path.normpath(path))
        self.docs = [json.loads(line) for line in lines(path, "docs.jsonl")]
        self.questions = dict(line.split("\t", 1) for line in lines(path, "queries.tsv"))
        self.gold = {}
        for line in lines(path, "qrels.txt"):
            question, _, document, relevance = line.split()
            if int(relevance) > 0:
                self.gold.setdefault(question, set()).add(document)
        self.answers = {a["qid"]: [s.strip() for s in a["answers"]] for a in map(json.loads, lines(path, "answers.jsonl"))}
        self.before = {c["qid"]: c["turns"] for c in map(json.loads, lines(path, "conversations.jsonl"))}
        self.asked = [q for q in self.questions if q in self.gold][::every]

    def write(self, folder):
        """Documents as files; returns what each is called there."""
        names = {}
        for doc in self.docs:
            name = doc["id"].replace("/", "_") + ".txt"
            names[name] = doc["id"]
            with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
                f.write((doc["title"] + "\n\n" if doc.get("title") else "") + doc["text"])
        return names


def ndcg(ranked, gold):
    gain = sum(1 / math.log2(i + 2) for i, d in enumerate(ranked[:10]) if d in gold)
    return gain / sum(1 / math.log2(i + 2) for i in range(min(10, len(gold))))


def precision(ranked, gold):
    found, total = 0, 0.0
    for i, d in enumerate(ranked):
        if d in gold:
            found += 1
            total += found / (i + 1)
    return total / len(gold)


def mean(values):
    values = list(values)
    return sum(values) / len(values) if values else float("nan")


def each(what, items):
    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        return list(pool.map(what, items))


def vectors(home):
    """Waits until every passage has its vector; returns how many, and how long that took."""
    since = time.monotonic()
    while True:
        figures = home.json("status", "--json")["library"]["embeddings"]
        if not figures["working"]:
            return f"{figures['passages']} vectors after {time.monotonic() - since:.1f} s, {figures['failures']} failures"
        time.sleep(0.05)


def upload(home, collection):
    folder = os.path.join(home.dir, "documents")
    os.mkdir(folder)
    names = collection.write(folder)
    since = time.monotonic()
    done = home.run("upload", "-q", "-r", "documents")
    took = time.monotonic() - since
    if done.returncode not in (0, 65):  # 65: one without a word
        raise SystemExit(f"{collection.name}: upload: {done.stderr.decode()[-500:]}")
    shutil.rmtree(folder)
    return names, took


def rank(home, names, collection, threads):
    def one(q):
        thread = ["--thread", threads[q]] if q in threads else []
        found = home.json("search", "--docs", "--json", "--by", "document", "-n", "1000", *thread, "--", collection.questions[q])
        return [names[r["path"]] for r in found["results"]]
    ranked = dict(zip(collection.asked, each(one, collection.asked)))
    pairs = [(ranked[q], collection.gold[q]) for q in collection.asked]
    hit = lambda k: mean(any(d in g for d in r[:k]) for r, g in pairs)
    return (f"nDCG@10 {mean(ndcg(r, g) for r, g in pairs):.4f} MAP {mean(precision(r, g) for r, g in pairs):.4f} "
            f"hit@1/3/5 {hit(1):.3f}/{hit(3):.3f}/{hit(5):.3f}")


def squash(text):
    return " ".join(text.split())


def holds(gold, texts, room):
    """Does one of the answers stand whole in the first so many characters of the texts?"""
    for text in texts:
        if any(answer in squash(text[:room]) for answer in gold):
            return True
        room -= min(room, len(text))
    return False


def passages(home, collection):
    known = [q for q in collection.asked if q in collection.answers]

    def one(q):
        found = home.json("search", "--docs", "--json", "-n", "40", "--", collection.questions[q])["results"]
        gold = [squash(text) for text in collection.answers[q]]
        return [holds(gold, [r["text"] for r in found], room) for room in (3000, 6000, 12000)]
    rows = each(one, known)
    return "passages hold the answer in 3000/6000/12000 " + "/".join(f"{mean(column):.3f}" for column in zip(*rows)) if known else None


def answer(home, names, collection, strangers):
    known = [q for q in collection.asked if q in collection.answers]

    def one(question):
        return home.json("ask", "--no-stdin", "--json", "--", question)
    told = each(one, [collection.questions[q] for q in known])
    quoted = inside = first = 0
    for q, a in zip(known, told):
        gold = [squash(text) for text in collection.answers[q]]
        cited = [s.get("quote") or "" for s in a["sources"] if s.get("cited")][:3]
        quoted += a["found"] and holds(gold, cited, 1 << 20)
        inside += holds(gold, [p["text"] for p in a["passages"]], 6000)
        first += bool({names.get(s.get("path")) for s in a["sources"][:3]} & collection.gold[q])
    out = []
    if known:
        out.append(f"answered {mean(a['found'] for a in told):.3f} three quotes hold it {quoted / len(known):.3f} "
                   f"passages hold it in 6000 {inside / len(known):.3f} first three sources {first / len(known):.3f}")
    if strangers:
        out.append(f"off-topic refused {mean(not a['found'] for a in each(one, strangers)):.3f} of {len(strangers)}")
    return out


def talk(home, backend, collection):
    """The turns before each question as a thread; its name by question."""
    threads = {}
    for q in collection.asked:
        turns = collection.before.get(q, [])[:-1]
        pairs = [(turns[i][1], turns[i + 1][1]) for i in range(0, len(turns) - 1, 2)]
        for question, said in pairs[-1:]:
            backend.answers.clear()
            backend.answers[question] = said
            home.json("ask", "--no-stdin", "--json", "-t", f"talk {q}", "--", question)
            threads[q] = f"talk {q}"
    return threads


def measure(programs, collection, strangers, config):
    history = bool(collection.before)
    backend = Backend() if history else None
    home = Home(programs, config + (f"backend = {backend.url}\nretrieval = local\n" if history else ""))
    try:
        names, took = upload(home, collection)
        print(f"{collection.name}: {len(names)} documents in {took:.1f} s, {len(names) / took:.0f} a second", flush=True)
        if config:
            print(f"  {vectors(home)}", flush=True)
        print(f"  {rank(home, names, collection, {})}", flush=True)
        if history:
            threads = talk(home, backend, collection)
            print(f"  with {len(threads)} earlier turns: {rank(home, names, collection, threads)}", flush=True)
        else:
            print(f"  {passages(home, collection)}" if collection.answers else "", end="\n" if collection.answers else "", flush=True)
            for line in answer(home, names, collection, strangers):
                print(f"  {line}", flush=True)
    finally:
        home.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default="build/bin")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--embeddings", metavar="URL")
    parser.add_argument("--model", default="")
    parser.add_argument("folders", nargs="+")
    options = parser.parse_args()
    config = f"embeddings = {options.embeddings}\nembedding_model = {options.model}\nembeddings_timeout = 60s\n" if options.embeddings else ""
    collections = [Collection(folder, options.every) for folder in options.folders]
    for c in collections:
        # questions of the collection before it, which its documents have nothing to say about
        other = next((o for o in collections if o is not c and o.answers), None)
        strangers = list(other.questions.values())[:600:options.every] if other and c.answers else []
        measure(options.bin, c, strangers, config)


if __name__ == "__main__":
    sys.exit(main())
