"""ragchat chat: a conversation, driven key by key in a real terminal, and by lines in a pipe."""
import threading

import scripts
from harness import check, contains, equal
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
    t.serve(scripts.echo)
    result = t.run("chat", stdin="first\nsecond \\\nhalf\n/nonsense\n//slash\n/quit\nnever\n")
    text = result.text
    contains(text, GREETING, "answer to first", "answer to second \nhalf", "answer to /slash")
    contains(result.err, "there is no /nonsense")
    check("never" not in text, text)
    check(not set(text + result.err) & set("\r\033\b\a"), "controls in", text, result.err)


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
