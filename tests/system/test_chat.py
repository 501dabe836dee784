"""ragchat chat: a conversation, driven key by key in a real terminal, and by lines in a pipe."""
import os
import re
import shutil
import signal
import socket
import threading

import scripts
from harness import check, contains, equal, eventually
from tmux import PROMPT, Terminal

GREETING = "Hello! Upload documents (/upload) or ask me a question."


def begin(t, script=scripts.echo, width=80, height=24, args="", config="", env=None):
    """A daemon with a scripted backend, and a conversation on the screen."""
    backend, daemon = t.serve(script, config=config)
    terminal = Terminal(t, width, height, env)
    terminal.line(f"clear; ragchat chat {args}".rstrip())
    terminal.wait(GREETING[:20])
    return terminal, backend, daemon


def prompt_is_free(lines):
    return bool(lines) and lines[-1].startswith(">")


def test_a_conversation_from_greeting_to_leaving(t):
    terminal, backend, _ = begin(t)
    equal(terminal.lines()[:2], [GREETING, ">"], "the screen at the start")
    terminal.line("one?")
    terminal.wait(lambda lines: "answer to one?" in lines and prompt_is_free(lines))
    equal(terminal.lines()[-1], "> /pdf  /retry  /rate up|down", "the hint")
    terminal.type("t")
    terminal.wait_last("> t")
    terminal.line("wo?")
    terminal.wait("answer to two?")
    equal([m["content"] for m in backend.chats[-1].json["messages"] if m["role"] == "user"], ["one?", "two?"], "what was asked")
    terminal.wait(prompt_is_free)
    terminal.keys("C-d")
    terminal.wait_last(PROMPT)
    terminal.line("echo status $?; stty -a | tr ' ;' '\\n\\n' | grep -x -e '-*icanon' -e '-*echo' -e '-*isig'")
    terminal.wait("status 0")
    terminal.wait(lambda lines: lines[-4:-1] == ["isig", "icanon", "echo"])
    result = t.run("ls", "--json").json
    equal((len(result["threads"]), result["threads"][0]["turns"]), (1, 2), "threads and turns")


def test_lines_in_a_pipe(t):
    backend, _ = t.serve(scripts.echo)
    result = t.run("chat", stdin="first\nsecond \\\nhalf\n/nonsense\n//slash\n/quit\nnever\n")
    text = result.text
    contains(text, GREETING, "answer to first", "answer to second \nhalf", "answer to /slash")
    contains(result.err, "there is no /nonsense")
    check("never" not in text, text)
    check(not set(text + result.err) & set("\r\033\b\a"), "controls in", text, result.err)
    t.run("chat", "-m", "other-model", "-s", "be brief", "-t", "named", stdin="first")
    request = backend.chats[-1].json
    equal((request["model"], [message["content"] for message in request["messages"]]), ("other-model", ["be brief", "first"]), "what was asked")
    equal(t.run("ls", "--json").json["threads"][0]["name"], "named", "the thread")


def test_a_pipe_that_closes_ends_it(t):
    backend, _ = t.serve(scripts.echo)
    read, write = os.pipe()
    client = t.start("chat", stdin=b"first\n" + b"next\n" * 50, stdout=write)
    os.close(write)
    got = b""
    while b"answer to first" not in got:
        got += os.read(read, 4096)
    os.close(read)
    equal(client.end().code, 141, "status")
    check(len(backend.chats) < 50, "questions were asked for nobody")


def test_an_answers_status_is_that_of_the_pipe(t):
    t.serve(scripts.fails(500, "no"))
    equal(t.run("chat", stdin="first\n", code=None).code, t.run("ask", "first", code=None).code, "status")


def test_ctrl_c_stops_the_answer_and_keeps_what_came(t):
    go_on = threading.Event()
    terminal, _, _ = begin(t, scripts.holds(go_on))
    terminal.line("long?")
    terminal.wait("first half,")
    terminal.keys("C-c")
    terminal.wait("cancelled; what came is kept")
    terminal.wait_last("> /retry  /edit  /pdf")
    terminal.keys("C-c")
    terminal.wait("Ctrl-D or /quit leaves")
    go_on.set()
    terminal.wait_last("> /retry  /edit  /pdf")
    terminal.line("/retry")
    terminal.wait("first half, second half")
    terminal.wait(prompt_is_free)
    turns = t.run("show", "--json", "last").json["turns"]
    equal([(turn["state"], turn["text"]) for turn in turns],
          [("cancelled", "first half, "), ("done", "first half, second half")], "what is kept")


def test_a_paste_of_5000_lines_is_one_message(t):
    terminal, backend, _ = begin(t)
    text = "".join(f"line {i} of the paste\n" for i in range(5000))
    terminal.type("see: ")
    terminal.paste(text)
    terminal.wait_last("> see: [5000 lines pasted]")
    terminal.type(" what is it?")
    terminal.wait_last("> see: [5000 lines pasted] what is it?")
    terminal.keys("Enter")
    terminal.wait("line 4999 of the paste")
    equal(scripts.question(backend.chats[-1]), f"see: {text} what is it?", "what was sent")
    # A short one is shown as it is, and not sent by itself.
    terminal.wait(prompt_is_free, timeout=20)
    terminal.keys("C-l")
    terminal.paste("first\n  second\tend")
    terminal.wait(lambda lines: lines == ["> first", "    second    end"])
    equal(len(backend.chats), 1, "questions so far")
    terminal.keys("C-c")
    terminal.wait_last("> /pdf  /retry  /rate up|down")
    terminal.paste(b"a\xff\xfeb")
    terminal.wait("what was pasted is not taken: byte 2 is not UTF-8")
    terminal.wait(prompt_is_free)


def test_long_lines_wrap_edit_and_follow_the_window(t):
    terminal, backend, _ = begin(t, width=40, height=10)
    words = "".join(f"word{i:02d} " for i in range(9))
    terminal.type(words + "\u6f22\u5b57")
    shown = ["> word00 word01 word02 word03 word04 wor", "  d05 word06 word07 word08 \u6f22\u5b57"]
    terminal.wait(lambda lines: lines[-2:] == shown)
    equal(terminal.cursor(), (31, terminal.lines().index(shown[1])), "the cursor")
    terminal.keys("C-a")
    terminal.type("X")
    terminal.wait(lambda lines: lines[-2:] == ["> Xword00 word01 word02 word03 word04 wo", "  rd05 word06 word07 word08 \u6f22\u5b57"])
    terminal.keys("C-e")
    terminal.resize(30, 10)
    terminal.wait(lambda lines: lines[-3:] == ["> Xword00 word01 word02 word03", "   word04 word05 word06 word07", "   word08 \u6f22\u5b57"])
    terminal.resize(60, 12)
    terminal.wait(lambda lines: lines[-2:] == ["> Xword00 word01 word02 word03 word04 word05 word06 word07 w", "  ord08 \u6f22\u5b57"])
    terminal.keys("Enter")
    terminal.wait("answer to Xword00")
    equal(scripts.question(backend.chats[-1]), "X" + words + "\u6f22\u5b57", "what was sent")


def test_what_is_typed_meanwhile_waits(t):
    go_on = threading.Event()
    terminal, backend, _ = begin(t, scripts.in_turn(scripts.holds(go_on), scripts.echo))
    terminal.line("long?")
    terminal.wait("first half,")
    for text in ("second?", "third?"):
        terminal.line(text)
    terminal.type("fourth")
    before = terminal.lines()
    check(before[-1] == "first half," and not any("second?" in line for line in before), before)
    go_on.set()
    terminal.wait(lambda lines: lines[-1] == "> fourth")
    equal([scripts.question(chat) for chat in backend.chats], ["long?", "second?", "third?"], "what was asked, in order")
    contains(terminal.text, "first half, second half\n", "> second?\nanswer to second?", "> third?\nanswer to third?")


def test_a_ctrl_c_typed_with_the_question_counts(t):
    """All in one write, as from a macro: the question is asked, and its answer stopped."""
    go_on = threading.Event()
    terminal, _, _ = begin(t, scripts.holds(go_on))
    terminal.type("long?\r\x03next")
    terminal.wait_last("> next")
    eventually(lambda: [turn["state"] for turn in t.run("show", "--json", "last").json["turns"]] == ["cancelled"], "the end")
    go_on.set()


def test_after_ctrl_c_nothing_is_sent_by_itself(t):
    go_on = threading.Event()
    terminal, backend, _ = begin(t, scripts.holds(go_on))
    terminal.line("long?")
    terminal.wait("first half,")
    terminal.line("typed")
    terminal.type("ahead")
    terminal.keys("C-c")
    terminal.wait(lambda lines: lines[-2:] == ["> typed", "  ahead"])
    equal(len(backend.chats), 1, "questions asked")
    go_on.set()


def test_stopped_and_going_on(t):
    go_on = threading.Event()
    terminal, _, _ = begin(t, scripts.holds(go_on))
    terminal.type("half a line")
    terminal.keys("C-z")
    terminal.wait(lambda lines: "Stopped" in lines[-2] and lines[-1] == PROMPT.strip())
    terminal.line("echo the shell is here")
    terminal.wait(lambda lines: "the shell is here" in lines)
    terminal.line("fg")
    terminal.wait_last("> half a line")
    terminal.line(" goes on")
    terminal.wait("first half,")
    terminal.keys("C-z")
    terminal.wait_last(PROMPT)
    go_on.set()
    eventually(lambda: t.run("ps").text == "", "the answer's end in the daemon")
    terminal.line("fg")
    terminal.wait("second half")
    terminal.wait(prompt_is_free)
    equal(t.run("last").text, "first half, second half\n", "what is stored")
    terminal.line("again")
    terminal.wait("> again\nfirst half, second half")


class Between:
    """A socket in front of the daemon's, whose connections can be cut."""

    def __init__(self, t):
        self.path, self.target, self.pairs = os.path.join(t.h.dir, "run", "between"), t.h.socket, []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(16)
        t.closers.append(self.listener.close)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
                daemon = socket.socket(socket.AF_UNIX)
                daemon.connect(self.target)
            except OSError:
                return
            self.pairs.append((client, daemon))
            for a, b in ((client, daemon), (daemon, client)):
                threading.Thread(target=self.pump, args=(a, b), daemon=True).start()

    @staticmethod
    def pump(a, b):
        try:
            while data := a.recv(65536):
                b.sendall(data)
        except OSError:
            pass
        for end in (a, b):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def cut(self):
        pairs, self.pairs = self.pairs, []
        for pair in pairs:
            for end in pair:
                end.shutdown(socket.SHUT_RDWR)
        return len(pairs)


def test_a_lost_connection_is_taken_up_where_it_broke(t):
    steps = [threading.Event() for _ in range(3)]

    def script(_, out):
        for i, step in enumerate(steps):
            out.delta(f"part {i}, \u00e9\u6f22 ")
            step.wait(60)
        out.delta("end")
        out.finish()
    t.serve(script)
    between = Between(t)
    terminal = Terminal(t, env={"RAGCHAT_SOCKET": between.path})
    terminal.line("clear; ragchat chat")
    terminal.wait(GREETING)
    between.cut()  # one that rests is made again with the next question, unseen
    terminal.line("long?")
    for i, step in enumerate(steps):
        terminal.wait(f"part {i},")
        check(between.cut() >= 1)
        step.set()
    terminal.wait(prompt_is_free)
    whole = "".join(f"part {i}, \u00e9\u6f22 " for i in range(3)) + "end"
    equal(terminal.lines()[:3], [GREETING, "> long?", whole], "the screen")
    equal(t.run("last").text, whole + "\n", "what is stored")


def test_a_daemon_killed_in_mid_answer(t):
    go_on = threading.Event()
    terminal, _, daemon = begin(t, scripts.in_turn(scripts.holds(go_on), scripts.echo))
    terminal.line("long?")
    terminal.wait("first half,")
    eventually(lambda: t.run("status", "--json").json["turns"]["oldest_unsaved_ms"] == 0, "the checkpoint")
    daemon.kill()
    daemon.start()
    terminal.wait("it ended before the answer was complete")
    terminal.wait("what came is kept; to ask again: /retry")
    terminal.wait_last("> /retry  /edit  /pdf")
    go_on.set()
    terminal.line("/retry")
    terminal.wait("answer to long?")
    turns = t.run("show", "--json", "last").json["turns"]
    equal([(turn["state"], turn["text"]) for turn in turns], [("interrupted", "first half, "), ("done", "answer to long?")], "what is kept")


def test_a_daemon_that_died_for_good_is_replaced(t):
    go_on = threading.Event()
    terminal, _, daemon = begin(t, scripts.in_turn(scripts.holds(go_on), scripts.echo))
    terminal.line("long?")
    terminal.wait("first half,")
    eventually(lambda: t.run("status", "--json").json["turns"]["oldest_unsaved_ms"] == 0, "the checkpoint")
    daemon.kill()
    terminal.type("typed meanwhile")
    terminal.wait("what came is kept; to ask again: /retry")
    terminal.wait_last("> typed meanwhile")
    terminal.keys("C-u")
    terminal.line("/retry")
    terminal.wait("answer to long?")


def test_the_window_closes_and_the_answer_goes_on(t):
    go_on = threading.Event()
    # The kernel sends SIGCONT with the hang-up, and LeakSanitizer at work then waits for a stop that was taken back.
    leaks = os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
    terminal, _, _ = begin(t, scripts.holds(go_on), env={"ASAN_OPTIONS": leaks})
    pid = int(t_pids(terminal).split()[0])
    terminal.line("long?")
    terminal.wait("first half,")
    terminal.close()
    eventually(lambda: not runs(pid), "the conversation's end")
    go_on.set()
    eventually(lambda: t.run("ps").text == "", "the answer's end")
    equal(t.run("last").text, "first half, second half\n", "what is stored")


def test_an_answer_follows_the_windows_width(t):
    step = threading.Event()

    def script(_, out):
        out.delta("wide words " * 8)
        step.wait(60)
        out.delta("narrow words " * 8 + "\n\nend")
        out.finish()
    terminal, _, _ = begin(t, script)
    terminal.line("x")
    terminal.wait("wide words wide")
    terminal.resize(30, 20)
    step.set()
    terminal.wait("end")
    terminal.wait(prompt_is_free)
    lines = terminal.lines()
    check(lines.count("words narrow words narrow") == 3 and "end" in lines, lines)


def test_a_daemon_that_is_gone_is_started_with_the_next_question(t):
    terminal, _, daemon = begin(t)
    terminal.line("one?")
    terminal.wait("answer to one?")
    terminal.wait(prompt_is_free)
    daemon.stop()
    terminal.line("two?")
    terminal.wait("answer to two?")
    equal(len(t.run("show", "--json", "last").json["turns"]), 2, "turns of the thread")


def test_a_daemon_that_is_gone_is_started_with_the_next_verb(t):
    terminal, _, daemon = begin(t)
    daemon.stop()
    terminal.line("/upload " + t.h.path("notes.txt", "the heron nests in March"))
    terminal.wait("Ingested")
    terminal.wait(prompt_is_free)


def test_ctrl_c_is_heard_while_a_daemon_is_started(t):
    folder = t.h.path("programs/ragchatd", "#!/bin/sh\necho $$ > \"$(dirname \"$0\")/pid\"\nexec sleep 600\n")
    os.chmod(folder, 0o755)
    folder = os.path.dirname(folder)
    for name in ("ragchat", "ragchat-chat"):
        shutil.copy(os.path.join(t.bin, name), folder)
    _, daemon = t.serve(scripts.echo)
    terminal = Terminal(t)
    terminal.line(f"clear; {folder}/ragchat chat")
    terminal.wait(GREETING[:20])
    daemon.stop()
    terminal.line("two?")
    pid = eventually(lambda: os.path.exists(f"{folder}/pid") and open(f"{folder}/pid", encoding="utf-8").read().strip(), "the start")
    try:
        terminal.keys("C-c")
        terminal.wait("stopped waiting for the daemon to start")
        terminal.wait(prompt_is_free)
    finally:
        os.kill(int(pid), signal.SIGKILL)
    terminal.keys("C-d")
    terminal.wait_last(PROMPT)


def test_keys_behind_the_one_that_leaves_are_the_shells(t):
    terminal, _, _ = begin(t)
    terminal.tmux("send-keys", "-t", "t", "C-d", "echo its m", "ine", "Enter")
    terminal.wait("\nits mine")


def test_a_model_that_is_not_there_is_said_at_once(t):
    terminal, backend, _ = begin(t)
    terminal.line("/model othr-model")
    terminal.wait("did you mean other-model?")
    terminal.line("one?")
    terminal.wait("answer to one?")
    check(backend.chats[-1].json["model"] != "othr-model", "the model was taken")
    terminal.line("/retry OTHER")
    terminal.wait("no model 'OTHER'")
    terminal.line("/model qwerty")
    terminal.wait("lists no model 'qwerty'; it is asked")
    terminal.line("/model other-model")
    terminal.wait("questions go to the model 'other-model'")
    terminal.line("two?")
    terminal.wait("answer to two?")
    equal(backend.chats[-1].json["model"], "other-model", "the model")


def test_a_conversation_asks_for_the_password_it_needs(t):
    made = t.backend(scripts.echo)
    t.daemon(f"backend = {made.url}\nauth = password\n", env={"APP_USER": "alice", "APP_PASSWORD": "wonderland-7"})
    terminal = Terminal(t, env={"USER": "alice"})
    terminal.line("clear; ragchat login alice")
    terminal.wait("Password of alice:")
    terminal.line("wonderland-7")
    terminal.wait_last(PROMPT)
    terminal.line("clear; ragchat chat")
    terminal.wait(GREETING[:20])
    terminal.line("one?")
    terminal.wait("answer to one?")
    terminal.wait(prompt_is_free)
    # The token is taken away: the conversation goes on where it was, once it is there again.
    t.run("logout")
    terminal.line("two?")
    terminal.wait("log in first")
    terminal.line("/login alice")
    terminal.wait("Password of alice:")
    terminal.line("wonderland-7")
    terminal.wait(prompt_is_free)
    terminal.line("three?")
    terminal.wait("answer to three?")
    equal([turn["question"] for turn in t.run("show", "--json", "last").json["turns"]], ["one?", "three?"], "the thread")
    t.run("logout")
    terminal.keys("C-d")
    terminal.wait_last(PROMPT)
    terminal.line("clear; ragchat chat")
    terminal.wait("wants you to log in")
    terminal.wait("Password of")
    terminal.keys("C-c")
    terminal.wait("no password was given")
    terminal.line("echo status $?")
    terminal.wait("status 130")
    check("wonderland" not in terminal.everything(), "the password is shown")


def test_a_table_that_is_not_complete_is_no_silence(t):
    go_on = threading.Event()
    terminal, _, _ = begin(t, scripts.holds(go_on, before="words\n\n| a | b |\n|---|---|\n| 1 | 2 |\n", after="\nafter\n"))
    terminal.line("one?")
    terminal.wait("a table is coming")
    go_on.set()
    terminal.wait("after")
    terminal.wait(prompt_is_free)
    check("coming" not in terminal.text and "1 \u2502 2" in terminal.text, "the screen:", terminal.text)


def test_completion(t):
    terminal, _, _ = begin(t, width=60)
    t.h.path("some notes.txt", "text")
    t.h.path("papers/a.md", "text")
    terminal.line("about shelves")
    terminal.wait("answer to about")
    terminal.wait(prompt_is_free)
    for typed, shown in (("/up", "> /upload"), ("s", "> /upload some\\ notes.txt"), ("pa", "> /upload some\\ notes.txt papers/"),
                         ("", "> /upload some\\ notes.txt papers/a.md")):
        terminal.type(typed)
        terminal.keys("Tab")
        terminal.wait_last(shown)
    terminal.keys("C-u")
    for typed, shown in (("/thread ab", "> /thread about shelves"),):
        terminal.type(typed)
        terminal.keys("Tab")
        terminal.wait_last(shown)
    terminal.keys("C-u")
    terminal.type("/model ")
    terminal.keys("Tab")
    terminal.wait(lambda lines: lines[-2:] == ["other-model  scripted", "> /model"])
    terminal.keys("C-u")
    terminal.type("/s")
    terminal.keys("Tab")
    terminal.wait(lambda lines: "/save" in lines[-2] and "/search" in lines[-2] and "/sources" in lines[-2])


def test_history_over_conversations(t):
    terminal, _, _ = begin(t)
    for text in ("deep sea", "desert", " hidden space", "my password: x"):
        terminal.line(text)
        terminal.wait(f"answer to {text}")
        terminal.wait(prompt_is_free)
    terminal.keys("Up")
    terminal.wait_last("> my password: x")
    terminal.keys("C-c", "C-d")
    terminal.wait_last(PROMPT)
    path = os.path.join(t.h.env["XDG_STATE_HOME"], "ragchat", "chat_lines")
    with open(path, encoding="utf-8") as f:
        equal(f.read(), "deep sea\ndesert\n", "what is kept")
    equal(os.stat(path).st_mode & 0o777, 0o600, "its mode")
    terminal.line("clear; ragchat chat")
    terminal.wait_last(">")
    terminal.keys("C-r")
    terminal.type("de")
    terminal.wait_last("(search 'de') desert")
    terminal.keys("C-r")
    terminal.wait_last("(search 'de') deep sea")
    terminal.keys("C-e")
    terminal.wait_last("> deep sea")
    terminal.keys("Enter")
    terminal.wait("answer to deep sea")
    terminal.wait(prompt_is_free)
    # The questions of a thread are there too, wherever they were asked.
    t.run("ask", "--title", "elsewhere", "asked by script")
    terminal.line("/thread elsewhere")
    terminal.wait("answer to asked by script")
    terminal.wait(prompt_is_free)
    terminal.keys("Up")
    terminal.wait_last("> asked by script")


def test_verbs(t):
    terminal, backend, _ = begin(t, height=40)
    terminal.line("/retry")
    terminal.wait("there is none yet")
    terminal.line("/halp")
    terminal.wait("there is no /halp; did you mean /help?")
    terminal.line("/help")
    terminal.wait("/quit")
    terminal.keys("C-l")
    terminal.line("one?")
    terminal.wait("answer to one?")
    terminal.line("/pdf")
    terminal.wait("response.pdf")
    terminal.line("/save ~/all.md")
    terminal.wait("written to ")
    with open(os.path.join(t.h.dir, "home", "all.md"), encoding="utf-8") as f:
        contains(f.read(), "answer to one?")
    check(os.path.getsize(os.path.join(t.h.dir, "home", "response.pdf")) > 500)
    terminal.line("/sources")
    terminal.wait("the answer has no sources")
    terminal.line("/sources two")
    terminal.wait("N is the number of a source")
    terminal.line("/rate up well said")
    eventually(lambda: t.run("show", "--json", "last").json["turns"][-1].get("rating"), "the rating")
    terminal.line("/model other-model")
    terminal.wait("questions go to the model 'other-model'")
    terminal.line("/retry")
    eventually(lambda: len(backend.chats) == 2, "the second question")
    equal(backend.chats[-1].json["model"], "other-model", "the model")
    terminal.wait(lambda lines: lines[-1].startswith("> /pdf"))
    t.h.path("a b.txt", "words")
    terminal.line("/upload 'a b.txt' no-such")
    terminal.wait("cannot read 'no-such'")
    eventually(lambda: len(backend.uploads) == 1, "the upload")
    terminal.keys("C-l")
    terminal.line('/search "to one"')
    terminal.wait(lambda lines: len(lines) > 1 and "answer to one?" in lines[2] and lines[-1] == ">")
    terminal.line('/search "one to"')
    terminal.wait("nothing of yours has all these words")
    terminal.line("/thread new")
    terminal.wait("begins a new conversation")
    terminal.line("two?")
    terminal.wait("answer to two?")
    equal(len(t.run("ls", "--json").json["threads"]), 2, "threads")
    terminal.line("/quit")
    terminal.wait_last(PROMPT)


def test_what_is_uploaded_goes_where_it_is_looked_for(t):
    terminal, _, _ = begin(t, config="retrieval = local\n")
    t.run("upload", "--to", "shelf", t.h.path("one.txt", "Herons nest in March.\n"))
    terminal.line("/use shelf")
    terminal.wait("the collection 'shelf' alone")
    terminal.line("/upload " + t.h.path("two.txt", "Storks nest in April.\n"))
    terminal.wait("added two.txt")
    equal([d["name"] for d in t.run("docs", "--in", "shelf", "--json").json["documents"]], ["one.txt", "two.txt"], "in the collection")
    terminal.keys("C-l")
    terminal.line("/use one.txt")
    terminal.wait("from 'one.txt' alone")
    terminal.keys("C-l")
    terminal.line("/upload " + t.h.path("three.txt", "Owls nest in May.\n"))
    terminal.wait("added three.txt")
    terminal.wait("from 'one.txt' alone")


def test_edit_and_fork_keep_what_was(t):
    terminal, backend, _ = begin(t, height=40)
    for text in ("one?", "two?"):
        terminal.line(text)
        terminal.wait(f"answer to {text}")
        terminal.wait(prompt_is_free)
    terminal.line("/edit")
    terminal.wait_last("edit> two?")
    terminal.keys("C-a")
    terminal.line("not ")
    terminal.wait("answer to not two?")
    equal([m["content"] for m in backend.chats[-1].json["messages"] if m["role"] == "user"], ["one?", "not two?"], "what was asked")
    terminal.wait(prompt_is_free)
    terminal.line("/edit")
    terminal.wait_last("edit> not two?")
    terminal.keys("C-c")
    terminal.wait(lambda lines: lines[-2] == "edit> not two?^C" and lines[-1].startswith(">"))
    terminal.line("/edit at once")
    terminal.wait("answer to at once")
    terminal.wait(prompt_is_free)
    terminal.keys("C-l")
    terminal.line("/fork 1")
    terminal.wait("answer to one?")
    terminal.wait(prompt_is_free)
    terminal.line("another way")
    terminal.wait("answer to another way")
    equal([m["content"] for m in backend.chats[-1].json["messages"] if m["role"] == "user"], ["one?", "another way"], "what was asked")
    equal(sorted(thread["turns"] for thread in t.run("ls", "--json").json["threads"]), [2, 4], "threads and their turns")


def test_a_message_written_in_the_users_editor(t):
    editor = t.h.path("editor", "#!/bin/sh\nprintf 'from the editor\\n\\nwas: %s\\n' \"$(cat \"$1\")\" > \"$1\"\n")
    os.chmod(editor, 0o755)
    terminal, backend, _ = begin(t, env={"VISUAL": editor})
    terminal.type("typed")
    terminal.keys("C-x", "C-e")
    terminal.wait(lambda lines: lines[-3:] == ["> from the editor", "", "  was: typed"])
    terminal.keys("Enter")
    terminal.wait("answer to from the editor")
    equal(scripts.question(backend.chats[-1]), "from the editor\n\nwas: typed", "what was sent")


def test_it_goes_on_where_it_was(t):
    terminal, _, _ = begin(t)
    terminal.line("one?")
    terminal.wait("answer to one?")
    terminal.wait(prompt_is_free)
    terminal.keys("C-d")
    terminal.wait_last(PROMPT)
    t.run("ask", "--title", "other", "elsewhere?")
    terminal.line("clear; ragchat chat -c")
    terminal.wait("conversation 'one?', 1 question so far")
    terminal.wait("answer to one?")
    terminal.wait(prompt_is_free)
    terminal.keys("Up")
    terminal.wait_last("> one?")
    terminal.keys("C-u")
    terminal.line("two?")
    terminal.wait("answer to two?")
    equal([turn["question"] for turn in t.run("show", "--json", "one?").json["turns"]], ["one?", "two?"], "the thread")
    terminal.wait(prompt_is_free)
    terminal.keys("C-d")
    terminal.wait_last(PROMPT)
    terminal.line("clear; ragchat chat -t fresh")
    terminal.wait("a new conversation, called 'fresh'")
    terminal.line("three?")
    terminal.wait("answer to three?")
    equal([turn["question"] for turn in t.run("show", "--json", "fresh").json["turns"]], ["three?"], "the new thread")


HOSTILE = ["\x1b]52;c;cm0gLXJmIH4=\x07", "\x1b]0;owned\x07", "\x1b]2;owned\x1b\\", "\x1b[c\x1b[6n\x1b[>c", "safe\rover", "b\b\b\bs",
           "\x1b[2J\x1b[H", "\u009b2J\u009d0;owned\u009c", "\u202egnp\u202c", "\x1bPq\x1b\\", "\x1bc", "\n\nthe end"]


def test_a_hostile_answer_leaves_the_screen_alone(t):
    def script(_, out):
        for piece in HOSTILE:
            for char in piece:
                out.delta(char)
        out.finish()
    terminal, _, _ = begin(t, script, env={"PS1": PROMPT})
    title = terminal.get("#{pane_title}")
    terminal.line("hostile \u202e name")
    terminal.wait("the end")
    terminal.wait(prompt_is_free)
    lines = terminal.lines()
    equal(lines[0], GREETING, "the first line")
    equal(lines[-1], "> /pdf  /retry  /rate up|down", "the prompt: no answer to a query was typed")
    equal((terminal.get("#{pane_title}"), terminal.tmux("list-buffers")), (title, ""), "title and clipboard")
    # Names of threads come from the same hands.
    terminal.line("/thread")
    terminal.wait("goes to another")
    terminal.wait(lambda lines: lines[-1] == ">" and "hostile" in lines[-2])
    check("\u202e" not in terminal.everything())


def test_a_dumb_terminal_gets_plain_lines(t):
    """No sequence, no carriage return; Ctrl-C stops the answer alone there too."""
    go_on = threading.Event()
    t.serve(scripts.in_turn(scripts.echo, scripts.holds(go_on), scripts.echo))

    def keys(fd, out):
        def say(data, *wanted):
            seen = len(out)
            os.write(fd, data)
            for words in wanted:
                eventually(lambda: words in out[seen:], f"{words!r} in {bytes(out[seen:])!r}")
        eventually(lambda: out.endswith(b"> "), "the prompt")
        say(b"one?\n", b"answer to one?", b"\n> ")
        say(b"long?\n", b"first half,")
        say(b"\x03", b"cancelled; what came is kept", b"\n> ")
        say(b"\x03", b"\n> ")
        say(b"two \\\nhalves\n", b"answer to two", b"\n> ")
        say(b"\x04")
    status, out = t.terminal("chat", env={"TERM": "dumb"}, keys=keys)
    go_on.set()
    equal(status, 0, "status")
    text = out.decode().replace("\r\n", "\n")
    contains(text, f"{GREETING}\n> ", "answer to one?", "answer to two\nhalves")
    check(not set(text) & set("\r\033\b\a"), repr(text))


def test_emoji_and_scripts_are_edited_where_they_stand(t):
    """Terminals differ in how wide they are: the cursor is put behind what is printed, not behind what is counted."""
    terminal, _, _ = begin(t)
    text = "a\U0001F468\u200d\U0001F469b\U0001F44D\U0001F3FDc\u0915\u093fe\u0303d"
    terminal.type(text)
    terminal.wait_last("> " + text)
    terminal.keys("Left", "Left", "X", "C-a", "Right", "Right", "Y", "C-e", "Z", "BSpace", "W")
    terminal.wait_last("> " + text[:4] + "Y" + text[4:-3] + "X" + text[-3:] + "W")


def test_the_terminal_is_given_back_whatever_happens(t):
    terminal, _, _ = begin(t)
    terminal.keys("C-d")
    terminal.wait_last(PROMPT)
    modes = "stty -g > {}"
    before, after = t.h.path("before"), t.h.path("after")
    for name in ("TERM", "HUP", "SEGV", "ABRT", "QUIT"):
        terminal.line(f"clear; {modes.format(before)}; ragchat chat; echo left with $?; {modes.format(after)}")
        terminal.wait_last(">")
        pid = int(re.search(r"\d+", t_pids(terminal)).group())
        os.kill(pid, getattr(__import__("signal"), "SIG" + name))
        terminal.wait("left with ")
        terminal.wait_last(PROMPT)
        with open(before, encoding="utf-8") as a, open(after, encoding="utf-8") as b:
            equal(b.read(), a.read(), f"modes after {name}")
        # A paste comes without marks: the shell has its own say on that.
        contains(terminal.text, f"left with {128 + int(getattr(__import__('signal'), 'SIG' + name))}")


def runs(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def t_pids(terminal):
    """The conversation below the terminal's shell."""
    shell = terminal.get("#{pane_pid}")
    with open(f"/proc/{shell}/task/{shell}/children", encoding="ascii") as f:
        return f.read()
