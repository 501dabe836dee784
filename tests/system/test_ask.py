"""One question's whole way: asked, streamed, printed, kept."""
import json
import os
import re
import stat

from harness import check, contains, deadline, equal, eventually
from scripts import echo, says

# What a terminal, a splitter of lines or a careless codec would change: none of it may.
HARD_TEXT = ("# Heading \n\n| a | b |\n|---|---|\n| 1\t| “zwei” |\r\n\r\n```c\nint main(void) { return 0; }\n```\n"
             "trailing spaces   \n\u2028line separator\u2029 caf\u00e9 \u65e5\u672c\u8a9e \U0001f642 e\u0301 \ufeff\n\n\n"
             "a last line [1]<sup>[2]</sup> without its newline")
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


def test_answer_is_exact_in_a_pipe_a_file_json_and_the_database(t):
    t.serve(says(HARD_TEXT, step=3))
    piped = t.run("ask", "what is it?")
    equal(piped.out, HARD_TEXT.encode() + b"\n", "the answer in a pipe")
    equal(piped.err, "", "stderr of an answer into a pipe")
    path = t.h.path("answer.md")
    t.run("ask", "-o", path, "what is it?")
    with open(path, "rb") as f:
        equal(f.read(), HARD_TEXT.encode(), "the answer in -o FILE")
    one = t.run("ask", "--json", "what is it?").json
    equal(one["text"], HARD_TEXT, "text of --json")
    equal(one["state"], "done", "state of --json")
    equal(one["finish_reason"], "stop", "finish_reason of --json")
    lines = t.run("ask", "--jsonl", "what is it?").lines
    equal(lines[0]["event"], "accepted", "the first event of --jsonl")
    equal("".join(line["text"] for line in lines if line["event"] == "delta"), HARD_TEXT, "the pieces of --jsonl")
    raw = t.run("ask", "--raw-output", "what is it?")
    equal(raw.out, HARD_TEXT.encode(), "the answer with --raw-output")
    stored = t.sql("SELECT output FROM steps WHERE type = 'assistant_message'")
    equal([row["output"] for row in stored], [HARD_TEXT] * 5, "the stored answers")


def test_control_characters_are_made_visible_in_a_pipe_and_kept_in_the_store(t):
    text = "a\x1b]52;c;cm0=\x07b\x08c\rd\x7fe\u009bf\u0085g\tend\r\nlast\n"
    t.serve(says(text, step=1))
    out = t.run("ask", "hostile").out
    for byte in (b"\x1b", b"\x07", b"\x08", b"\x7f", "\u009b".encode(), "\u0085".encode()):
        check(byte not in out, f"{byte!r} reached the pipe:", out)
    check(b"\rd" not in out, "a lone CR reached the pipe:", out)
    contains(out, b"\tend\r\nlast\n", b"]52;c;cm0=")
    equal(t.run("ask", "--raw-output", "hostile").out, text.encode(), "--raw-output")
    equal(t.run("ask", "--json", "hostile").json["text"], text, "--json")
    equal(t.sql("SELECT output FROM steps WHERE type = 'assistant_message' LIMIT 1")[0]["output"], text, "stored")


def test_a_question_makes_three_rows_a_chainlit_can_read(t):
    _, daemon = t.serve(says("Seventeen."))
    one = t.run("ask", "--json", "how many\nshelves are there?").json
    daemon.stop()
    users = t.sql("SELECT * FROM users")
    equal(len(users), 1, "accounts")
    check(STAMP.fullmatch(users[0]["createdAt"]), "users.createdAt", users[0]["createdAt"])
    check(isinstance(json.loads(users[0]["metadata"]), dict), "users.metadata", users[0]["metadata"])
    thread, = t.sql("SELECT * FROM threads")
    equal(thread["id"], one["thread"], "thread")
    equal(thread["userId"], users[0]["id"], "threads.userId")
    equal(thread["userIdentifier"], users[0]["identifier"], "threads.userIdentifier")
    equal(thread["name"], "how many", "name: the first line of the question")
    equal(thread["tags"], None, "threads.tags")
    check("name" not in json.loads(thread["metadata"]), "threads.metadata has a key that renames it")
    steps = t.sql('SELECT * FROM steps ORDER BY "createdAt"')
    equal([step["type"] for step in steps], ["user_message", "run", "assistant_message"], "types of the steps")
    question, run, answer = steps
    equal(run["id"], one["turn"], "the turn's id is the run's")
    equal((question["parentId"], run["parentId"], answer["parentId"]), (None, question["id"], run["id"]), "parents")
    equal((question["output"], run["output"], answer["output"]), ("how many\nshelves are there?", "", "Seventeen."), "output")
    equal((question["input"], run["input"], answer["input"]), (None, "how many\nshelves are there?", None), "input")
    equal((question["name"], run["name"], answer["name"]), (users[0]["identifier"], "on_message", "Assistant"), "names")
    equal([step["streaming"] for step in steps], [0, 0, 0], "streaming")
    equal([step["waitForAnswer"] for step in steps], [0, None, 0], "waitForAnswer")
    equal([step["isError"] for step in steps], [0, 0, 0], "isError")
    equal([step["generation"] for step in steps], ["{}", "null", "{}"], "generation")
    equal([step["showInput"] for step in steps], [None, "json", None], "showInput")
    equal((run["defaultOpen"], run["autoCollapse"]), (0, 0), "defaultOpen, autoCollapse")
    for step in steps:
        check(isinstance(json.loads(step["metadata"]), dict), "steps.metadata", step["metadata"])
        for column in ("createdAt", "start", "end"):
            check(STAMP.fullmatch(step[column] or ""), column, step[column], "of", step["type"])
        equal(step["threadId"], thread["id"], "threadId")
    check(question["createdAt"] < run["createdAt"] < answer["createdAt"], "the stamps do not rise")
    equal(t.sql("SELECT count(*) AS n FROM ragchat_delta")[0]["n"], 0, "checkpoints left after the end")
    t.integrity()


def test_ls_show_last_sources_models_and_status_tell_what_happened(t):
    made, _ = t.serve(echo)
    first = t.run("ask", "--json", "-t", "shelves", "how many shelves?").json
    second = t.run("ask", "--json", "-t", "shelves", "and books?").json
    t.run("ask", "--title", "elsewhere", "where?")
    equal(first["thread"], second["thread"], "the thread of both")

    rows = t.run("ls", "--json").json
    rows = rows["threads"] if isinstance(rows, dict) else rows
    equal([row["name"] for row in rows], ["elsewhere", "shelves"], "threads, newest activity first")
    equal([row["turns"] for row in rows], [1, 2], "turns")
    contains(t.run("ls").text, "shelves", "elsewhere")
    contains(t.run("show", "shelves").text, "how many shelves?", "answer to how many shelves?", "answer to and books?")
    shown = t.run("show", "--json", first["thread"][:8]).json
    equal([turn["seq"] for turn in shown["turns"]], [1, 2], "seq in show --json")
    equal(t.run("last").text, "answer to where?\n", "last")
    equal(t.run("sources", "last", "--json", code=None).code, 0, "sources of an answer without any")
    models = t.run("models").text
    for model in made.models:
        contains(models, model)
    status = t.run("status", "--json").json
    equal(status["backend"]["url"], made.url, "the backend's address in status")
    contains(t.run("status").text, made.url, t.h.database)
    t.run("show", "nothing-of-that-name", code=3)
    t.run("last", "--json")


def test_references_lead_to_the_turns_they_name(t):
    t.serve(echo)
    turns = [t.run("ask", "--json", "-t", "names", f"q{i}").json for i in range(3)]
    other = t.run("ask", "--json", "-t", "other", "q9").json

    def text_of(ref):
        return t.rpc().call("turn.get", turn=ref)["turn"]["question"]
    equal(text_of("last"), "q9", "last")
    equal(text_of("@-1"), "q9", "@-1")
    equal(text_of("@-2"), "q2", "@-2")
    equal(text_of("names"), "q2", "a thread's name: its newest turn")
    equal(text_of("names:1"), "q0", "THREAD:SEQ")
    equal(text_of(f"names:{turns[1]['turn'][:6]}"), "q1", "THREAD:TURN")
    equal(text_of(turns[0]["turn"]), "q0", "a full id")
    equal(text_of(turns[0]["turn"][:9]), "q0", "a prefix")
    equal(text_of(other["thread"]), "q9", "a thread's id")
    t.rpc().fails("not_found", "turn.get", turn="@-9")
    t.rpc().fails("not_found", "turn.get", turn="names:9")
    t.rpc().fails("not_found", "turn.get", turn="zzz")


def test_continue_goes_on_in_the_last_thread_and_sends_what_was_said(t):
    made, _ = t.serve(echo)
    first = t.run("ask", "--json", "one").json
    env = {"RAGCHAT_THREAD": first["thread"]}
    second = t.run("ask", "--json", "-c", "two", env=env).json
    equal(second["thread"], first["thread"], "the thread of -c")
    messages = made.chats[-1].json["messages"]
    equal([(m["role"], m["content"]) for m in messages if m["role"] != "system"],
          [("user", "one"), ("assistant", "answer to one"), ("user", "two")], "messages of the second question")
    third = t.run("ask", "--json", "three").json
    check(third["thread"] != first["thread"], "a question without -c went into the old thread")


def test_stdin_comes_after_the_prompt_in_a_block_of_its_own(t):
    made, _ = t.serve(echo)

    def sent():
        return made.chats[-1].json["messages"][-1]["content"]
    t.run("ask", "sum it up", stdin="line one\nline two\n")
    check(sent().startswith("sum it up\n\n<stdin>\nline one\nline two\n"), "prompt and stdin:", repr(sent()))
    check(sent().rstrip().endswith("</stdin>"), "end of the block:", repr(sent()))
    t.run("ask", stdin="only stdin")
    equal(sent().strip(), "only stdin", "stdin as the prompt")
    t.run("ask", "--no-stdin", "no stdin", stdin="left alone")
    equal(sent(), "no stdin", "--no-stdin")
    t.run("ask", stdin=b"bad \xff utf-8", code=65)
    t.run("ask", stdin=b"a NUL \0 byte", code=65)
    t.run("ask", stdin=b"x" * (1 << 20), code=65)
    t.run("ask", stdin=b"", code=2)
    equal(len(made.chats), 3, "requests that went out")


def test_options_reach_the_backend_as_they_are(t):
    made, _ = t.serve(echo, config='model = base\nsystem = "be brief"\noption = top_p=0.5\nheader = "X-Team: blue"\napi_key = k-123\n')
    t.run("ask", "-m", "other", "-s", "be long", "-O", "temperature=0.25", "-O", "max_tokens=7", "-O", 'stop=["x"]', "hello")
    request = made.chats[-1]
    equal(request.json["model"], "other", "model")
    equal(request.json["temperature"], 0.25, "temperature")
    equal(request.json["max_tokens"], 7, "max_tokens")
    equal(request.json["top_p"], 0.5, "top_p")
    equal(request.json["stream"], True, "stream")
    equal(request.json["messages"][0], {"role": "system", "content": "be long"}, "system")
    equal(request.headers["authorization"], "Bearer k-123", "Authorization")
    equal(request.headers["x-team"], "blue", "X-Team")
    equal(request.path, "/v1/chat/completions", "path")
    t.run("ask", "-s", "@" + t.h.path("system.txt", "from a file\n"), "hello")
    equal(made.chats[-1].json["messages"][0]["content"].strip(), "from a file", "system from a file")
    equal(made.chats[-1].json["model"], "base", "the configured model")


def test_dry_run_prints_the_request_and_sends_nothing(t):
    made, _ = t.serve(echo, config="api_key = sk-very-secret-9876\n")
    out = t.run("ask", "--dry-run", "what would you send?")
    contains(out.text, "/v1/chat/completions", "what would you send?")
    check("sk-very-secret" not in out.text, "the key is printed:", out.text)
    equal(len(made.chats), 0, "requests")
    equal(t.sql("SELECT count(*) AS n FROM steps")[0]["n"], 0, "rows")


def test_no_save_leaves_nothing_on_disk(t):
    _, daemon = t.serve(echo, config="log = trace\n")
    equal(t.run("ask", "--no-save", "the-secret-question").text, "answer to the-secret-question\n", "answer")
    t.run("last", code=3)
    daemon.stop()
    for folder, _, files in os.walk(t.h.dir):
        for file in files:
            path = os.path.join(folder, file)
            if os.path.isfile(path):
                with open(path, "rb") as f:
                    check(b"the-secret-question" not in f.read(), "the question is in", path)


def test_keys_and_texts_are_in_no_log_and_no_argv(t):
    secret, question, answer = "sk-7d1b-do-not-print", "mention zebracrossing", "the answer says marmalade"
    _, daemon = t.serve(says(answer, step=4), config=f"api_key = {secret}\nlog = trace\n")
    t.run("ask", question)
    with open(f"/proc/{daemon.pid}/cmdline", "rb") as f:
        check(secret.encode() not in f.read(), "the key is in the daemon's argv")
    t.run("status")
    daemon.stop()
    log = daemon.log()
    check(len(log) > 200, "log = trace says nothing:", log)
    for word in (secret, "zebracrossing", "marmalade"):
        check(word not in log, f"'{word}' is in the log")


def test_files_are_ours_alone(t):
    os.umask(0)
    _, daemon = t.serve(echo)
    t.run("ask", "hello")
    folder = os.path.dirname(t.h.database)
    equal(stat.S_IMODE(os.stat(folder).st_mode), 0o700, "mode of the data folder")
    equal(stat.S_IMODE(os.stat(os.path.dirname(t.h.socket)).st_mode), 0o700, "mode of the socket's folder")
    names = os.listdir(folder)
    check("chat_history.db" in names and "chat_history.db-wal" in names, "files:", names)
    for name in names:
        mode = os.stat(os.path.join(folder, name)).st_mode
        equal(oct(stat.S_IMODE(mode)), oct(0o700 if stat.S_ISDIR(mode) else 0o600), f"mode of {name}")
    equal(stat.S_IMODE(os.stat(t.h.socket).st_mode) & 0o077, 0, "mode of the socket for others")
    daemon.stop()
    check(not os.path.exists(t.h.socket), "the socket is left behind")


@deadline(60)
def test_retry_asks_again_and_keeps_both_answers(t):
    answers = iter(["first try", "second try"])
    made, _ = t.serve(lambda request, out: says(next(answers))(request, out))
    first = t.run("ask", "--json", "-t", "thread", "try it").json
    again = t.run("retry", "--json").json
    equal(again["text"], "second try", "the second answer")
    equal(again["thread"], first["thread"], "its thread")
    turns = t.rpc().call("message.list", thread="thread")["turns"]
    equal([(turn["seq"], turn["question"], turn["text"]) for turn in turns],
          [(1, "try it", "first try"), (2, "try it", "second try")], "both turns")
    equal(turns[1]["of"], first["turn"], "what it retries")
    equal([m["content"] for m in made.chats[-1].json["messages"] if m["role"] != "system"], ["try it"],
          "the context of the retry")
    rows = t.sql("SELECT type, count(*) AS n FROM steps GROUP BY type ORDER BY type")
    equal({row["type"]: row["n"] for row in rows}, {"assistant_message": 2, "run": 2, "user_message": 1}, "rows")


def test_context_is_cut_by_whole_turns_and_says_so(t):
    made, _ = t.serve(echo, config="context = 600\n")
    for i in range(5):
        t.run("ask", "-t", "long", f"{i} " + "x" * 100)
    last = t.run("ask", "--jsonl", "-t", "long", "the end").lines
    messages = [m for m in made.chats[-1].json["messages"] if m["role"] != "system"]
    equal([m["role"] for m in messages], ["user", "assistant"] * (len(messages) // 2) + ["user"], "roles")
    check(1 < len(messages) < 11, "messages sent:", len(messages))
    equal(messages[-2]["content"][:11], "answer to 4", "the newest turn is the one kept")
    check(sum(len(m["content"]) for m in messages[:-1]) <= 600, "the budget is passed")
    check(any("context" in json.dumps(line) for line in last), "the cut is not said:", last)


def test_reasoning_status_lines_and_metadata_stay_out_of_the_answer(t):
    def script(request, out):
        out.reasoning("let me ")
        out.reasoning("think")
        for piece in ("```js", "on\n{\"doc", "_type\": null}\n``", "`\n\n", "\n`[Rese", "archer working...]`\n", "Forty", "-two.\n"):
            out.delta(piece)
        out.delta("\n`[Writer working...]`\nMore.")
        out.finish()
    t.serve(script)
    lines = t.run("ask", "--jsonl", "ultimate?").lines
    done = t.run("show", "--json", "last").json["turns"][-1]
    equal(done["text"], "Forty-two.\n\nMore.", "the answer")
    equal(done["reasoning"], "let me think", "the reasoning")
    said = json.dumps(lines)
    contains(said, "Researcher working", "Writer working", "let me ")
    equal(t.sql("SELECT output FROM steps WHERE type = 'assistant_message'")[0]["output"], "Forty-two.\n\nMore.", "stored")


def test_sources_of_every_kind_are_one_shape(t):
    def script(request, out):
        out.event({"choices": [{"index": 0, "delta": {"role": "assistant", "context": {"citations": [
            {"content": "twelve shelves", "title": "Plan", "url": "http://a/plan", "filepath": "plan.pdf", "chunk_id": "0"}]}}}]})
        out.delta("Twelve [1].")
        out.event({"choices": [{"index": 0, "delta": {"annotations": [
            {"type": "url_citation", "url_citation": {"url": "http://b/", "title": "B", "start_index": 0, "end_index": 6}}]}}]})
        out.finish()
    t.serve(script)
    one = t.run("ask", "--json", "how many?").json
    check(len(one["sources"]) == 2, "sources:", one["sources"])
    equal([source["n"] for source in one["sources"]], [1, 2], "numbers")
    equal(one["sources"][1]["url"], "http://b/", "url")
    contains(t.run("sources").text, "plan", "http://b/")
    listed = t.run("sources", "last", "--json").json
    listed = listed["sources"] if isinstance(listed, dict) else listed
    equal(len(listed), 2, "sources of the stored answer")
    equal(t.rpc().call("source.list", turn="last")["sources"][0]["title"], "Plan", "title")


def test_a_word_that_is_no_verb_is_refused_at_a_terminal_only(t):
    t.serve(echo)
    equal(t.run("several words that are a question").text, "answer to several words that are a question\n", "ask is the default")
    equal(t.run("ask", "show", "me", "the", "money").text, "answer to show me the money\n", "a verb's name after ask")
    lost = t.run("show", "me", "the", "money", code=None)
    check(lost.code in (2, 3), "status of a sentence that begins with a verb:", lost)
    contains(lost.err, "ragchat ask")
    t.run("ask", "--no-such-option", "x", code=2)
    t.run("ask", "-O", "no-equals-sign", "x", code=2)
    equal(t.run("ask", "--", "--dash", "first").text, "answer to --dash first\n", "after --")
    contains(t.run("--version").text, "ragchat")
    contains(t.run("--help").text, "ask", "attach", "upload")
    eventually(lambda: len(t.sql("SELECT 1 FROM threads")) == 3, "three threads")
