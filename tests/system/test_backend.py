"""Backends that fail, dawdle, redirect, compress or hide behind something: seen through the client."""
import json
import os
import signal
import subprocess
import threading
import time

from harness import can_connect, check, contains, deadline, equal, eventually
from scripts import echo, fails, in_turn, says


def stored(t):
    return t.rpc().call("turn.get", turn="last")["turn"]


def notices(t):
    return [notice["name"] for notice in stored(t).get("notices", [])]


def test_errors_before_the_answer_say_cause_and_remedy(t):
    current = [None]
    made, _ = t.serve(lambda request, out: current[0](request, out), config="retries = 0\napi_key = sk-abcd-secret\n")
    for status, body, code, words in (
            (401, {"detail": "Invalid or missing API key"}, 77, ["Invalid or missing API key", "api_key"]),
            (403, {"error": {"message": "not your model"}}, 77, ["not your model"]),
            (404, {"error": {"message": "File Not Found"}}, 1, ["404"]),
            (405, {"detail": "Method Not Allowed"}, 1, ["405"]),
            (400, {"error": {"message": "request (6004 tokens) exceeds the available context size (1024 tokens)"}}, 1, ["6004 tokens"]),
            (413, {"detail": "too big"}, 1, ["too big"]),
            (422, {"detail": [{"loc": ["body", "messages", 0, "content"], "msg": "str type expected"}]}, 1, ["str type expected", "content"]),
            (500, {"error": {"code": 500, "message": "parse error at line 1"}}, 1, ["parse error at line 1"]),
            (502, "<html><head><title>502 Bad Gateway</title></head><body><h1>502</h1></body></html>", 1, ["502"]),
            (503, {"error": {"message": "Loading model"}}, 75, ["Loading model"]),
            (529, {"error": {"message": "overloaded"}}, 75, ["overloaded"]),
            (400, [{"error": {"message": "gemini's list"}}], 1, ["gemini's list"]),
            (500, "", 1, ["500"]),
            (500, {"error": "a \x1b[31mred\x1b[0m word"}, 1, ["word"])):
        current[0] = fails(status, body)
        result = t.run("ask", "hello", code=None)
        equal(result.code, code, f"status after {status} {body!r} ({result.err!r}); status")
        contains(result.err, "backend:", *words)
        check("<h" not in result.err and "\x1b" not in result.err, "markup or control bytes:", result.err)
        check("secret" not in result.err, "the key:", result.err)
        turn = stored(t)
        equal((turn["state"], turn["text"]), ("failed", ""), f"turn after {status}")
        contains(turn["error"]["message"], words[0])
    equal(len(made.chats), 14, "requests with retries = 0")


def test_a_429_with_retry_after_is_waited_for_and_seen(t):
    made, _ = t.serve(in_turn(fails(429, {"error": {"message": "slow down"}}, {"Retry-After": "1"}), says("now it works")))
    lines = t.run("ask", "--jsonl", "hello").lines
    wait = made.chats[1].time - made.chats[0].time
    check(0.9 < wait < 3 * 2, "the retry came after", wait, "s")
    contains(json.dumps(lines), "retry")
    check("retry" in notices(t), "notices:", notices(t))
    equal(stored(t)["text"], "now it works", "answer")


def test_retries_are_bounded_and_never_follow_a_byte_of_answer(t):
    made, _ = t.serve(in_turn(fails(500, "x"), fails(503, "x"), says("third time")), config="retries = 2\n")
    equal(t.run("ask", "hello").text, "third time\n", "answer")

    def half(request, out):
        out.delta("half")
        out.cut()
    made, _ = t.backend(half), None
    t.daemons[0].reload(f"backend = {made.url}\nretries = 5\n")
    eventually(lambda: t.run("status", "--json").json["backend"]["url"] == made.url, "the reload")
    equal(t.run("ask", "hello", code=1).text, "half\n", "the part")
    equal(len(made.chats), 1, "requests after a byte was relayed")


def test_what_came_before_a_connection_broke_is_kept_however_late_it_is_read(t):
    text, stopped = "word " * 8000, threading.Event()

    def breaks(request, out):
        out.delta("begin ")
        stopped.wait(120)
        out.delta(text)
        out.cut()
    made, daemon = t.serve(breaks)
    client = t.start("ask", "hello")
    client.wait_out("begin ")
    daemon.process.send_signal(signal.SIGSTOP)
    try:
        stopped.set()
        eventually(lambda: made.chats[0].link.fileno() < 0, "the end of the connection")
    finally:
        daemon.process.send_signal(signal.SIGCONT)
    equal(client.end().expect(1).text, "begin " + text + "\n", "the part")


def test_400_and_401_are_not_tried_again(t):
    for status in (400, 401, 404, 422):
        made = t.backend(fails(status, {"detail": "no"}))
        if t.daemons:
            t.daemons[-1].stop()
        t.daemon(f"backend = {made.url}\nretries = 3\n")
        t.run("ask", "hello", code=None)
        equal(len(made.chats), 1, f"requests after {status}")


def test_errors_inside_the_stream_keep_what_came(t):
    cases = [
        ({"error": {"message": "CUDA out of memory", "type": "server_error", "code": 500}}, "CUDA out of memory"),
        ({"error": "plain words"}, "plain words"),
        ({"detail": "a FastAPI detail"}, "a FastAPI detail"),
        ({"object": "error", "message": "old vLLM", "code": 400}, "old vLLM"),
        ([{"error": {"message": "in a list"}}], "in a list"),
        ({"choices": [{"index": 0, "delta": {"content": ""}, "finish_reason": "error"}], "error": {"message": "router"}}, "router"),
    ]
    current = [None]

    def script(request, out):
        out.delta("so far ")
        out.event(current[0])
        out.done()
    t.serve(script)
    for event, words in cases:
        current[0] = event
        result = t.run("ask", "hello", code=1)
        equal(result.text.strip(), "so far", "the part")
        contains(result.err, "backend:", words)
        equal((stored(t)["state"], stored(t)["text"]), ("failed", "so far "), "turn")


def test_an_answer_that_only_errors_is_no_empty_success(t):
    for event in ({"error": {"message": "first thing"}}, None):
        def script(request, out, event=event):
            if event:
                out.event(event)
            out.done()
        if t.daemons:
            t.daemons[-1].stop()
        t.serve(script)
        result = t.run("ask", "hello", code=1)
        check(result.err.strip(), "no word about", event)
        equal(stored(t)["state"], "failed", "state")


def test_named_error_events_and_plain_text_are_errors(t):
    def script(request, out):
        out.delta("x")
        out.raw(b"event: error\ndata: it broke in plain words\n\n")
    t.serve(script)
    contains(t.run("ask", "hello", code=1).err, "it broke in plain words")


def test_ends_without_done_are_told_apart(t):
    def reason_only(request, out):
        out.delta("complete")
        out.event({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        out.close()
    def done_only(request, out):
        out.delta("complete")
        out.done()
    def neither(request, out):
        out.delta("incomplete")
        out.close()
    def open_end(request, out):
        out.delta("complete")
        out.event({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        while not out.gone():
            out.raw(b": heartbeat\n\n")
            time.sleep(0.05)
    current = [None]
    t.serve(lambda request, out: current[0](request, out))
    for script, code, text in ((reason_only, 0, "complete"), (done_only, 0, "complete"), (neither, 1, "incomplete"), (open_end, 0, "complete")):
        current[0] = script
        result = t.run("ask", "hello", code=None)  # open_end goes on until it is left
        equal((result.code, result.text), (code, text + "\n"), f"{script.__name__} ({result.err})")
    current[0] = neither
    t.run("ask", "hello", code=1)
    equal(stored(t)["error"]["name"], "upstream_truncated", "error")


def test_silence_ends_by_the_timeouts(t):
    stop = threading.Event()
    t.closers.append(stop.set)

    def never(request, out):
        stop.wait(120)

    def stalls(request, out):
        out.delta("some words")
        stop.wait(120)

    def heartbeats(request, out):
        out.delta("begin ")
        until = time.monotonic() + 2
        while time.monotonic() < until:
            out.raw(b": ping\n\n")
            time.sleep(0.02)
        out.delta("end")
        out.finish()
    current = [never]
    _, daemon = t.serve(lambda request, out: current[0](request, out), config="first_byte_timeout = 200ms\nretries = 0\n")
    result = t.run("ask", "hello", code=1)
    contains(result.err, "backend:")
    equal(stored(t)["error"]["name"], "upstream_timeout", "error of no first byte")
    contains(result.err, "first_byte_timeout")
    daemon.stop()
    t.serve(lambda request, out: current[0](request, out), config="idle_timeout = 1500ms\nretries = 0\n")
    current[0] = stalls
    result = t.run("ask", "hello", code=1)
    equal(result.text, "some words\n", "the part")
    contains(result.err, "idle_timeout")
    current[0] = heartbeats
    equal(t.run("ask", "hello").text, "begin end\n", "comments keep a stream alive")


def test_total_timeout_and_max_answer_bound_an_answer(t):
    def endless(request, out):
        while not out.gone():
            out.delta("more and more\n" * 20)
            time.sleep(0.002)
    _, daemon = t.serve(endless, config="total_timeout = 300ms\n")
    t.run("ask", "hello", code=1)
    equal(stored(t)["error"]["name"], "upstream_timeout", "error")
    daemon.stop()
    t.serve(endless, config="max_answer = 20000\n")
    result = t.run("ask", "hello", code=1)
    equal(stored(t)["error"]["name"], "answer_too_large", "error")
    check(10000 < stored(t)["length"] <= 20000, "length:", stored(t)["length"])
    check(result.err.strip(), "not a word")


def test_redirects_are_named_and_not_followed(t):
    second = t.backend(echo)
    made, _ = t.serve(lambda request, out: out.reply(307, "", {"Location": f"{second.url}/v1/chat/completions"}),
                      config="api_key = sk-1\n")
    contains(t.run("ask", "hello", code=1).err, "backend:", second.url.split("//")[1].split("/")[0])
    equal(len(second.chats), 0, "requests at the redirect's target")


def test_addresses_in_all_their_spellings(t):
    made = t.backend(echo)
    for spelling in (made.url, made.url + "/", made.url + "/v1", made.url + "/v1/"):
        daemon = t.daemon(f"backend = {spelling}\n")
        t.run("ask", "hello")
        equal(made.chats[-1].path, "/v1/chat/completions", f"path for {spelling}")
        daemon.stop()


def test_a_backend_on_a_unix_socket(t):
    path = os.path.join(t.h.dir, "run", "backend")
    made = t.backend(echo, unix=path)
    t.daemon(f"backend = unix:{path}\n")
    equal(t.run("ask", "hello").text, "answer to hello\n", "answer")
    equal(len(made.chats), 1, "requests")


def make_certificates(folder):
    def openssl(*args):
        subprocess.run(["openssl", *args], cwd=folder, check=True, capture_output=True)
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "ca.key",
            "-out", "ca.pem", "-subj", "/CN=test authority", "-days", "2")
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "server.key",
            "-out", "server.csr", "-subj", "/CN=localhost")
    with open(os.path.join(folder, "ext"), "w", encoding="ascii") as f:
        f.write("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
            "-extfile", "ext", "-out", "server.pem")
    return [os.path.join(folder, name) for name in ("ca.pem", "server.pem", "server.key")]


def test_a_private_authority_over_tls(t):
    folder = os.path.join(t.dir, "pki")
    os.mkdir(folder)
    ca, cert, key = make_certificates(folder)
    made = t.backend(says("over tls"), tls=(cert, key))
    daemon = t.daemon(f"backend = {made.url}\nca_file = {ca}\n")
    equal(t.run("ask", "hello").text, "over tls\n", "answer with the authority's file")
    daemon.stop()
    t.daemon(f"backend = {made.url}\nretries = 0\n")
    result = t.run("ask", "hello", code=69)
    contains(result.err, "backend:", "ca_file")
    equal(len(made.chats), 1, "requests that got through")


@deadline(60)
def test_proxies_are_explicit_or_the_environments(t):
    direct, proxy = t.backend(says("direct")), t.backend(says("through the proxy"))
    dead = "http://127.0.0.1:9"
    cases = [
        (f"backend = {direct.url}\nproxy = none\n", {"http_proxy": dead, "all_proxy": dead}, "direct"),
        (f"backend = {direct.url}\n", {"http_proxy": dead, "no_proxy": "127.0.0.1,localhost"}, "direct"),
        (f"backend = http://example.invalid:8000\nproxy = {proxy.url}\n", {}, "through the proxy"),
        (f"backend = http://example.invalid:8000\n", {"http_proxy": proxy.url}, "through the proxy"),
    ]
    for config, env, answer in cases:
        daemon = t.daemon(config, env=env)
        equal(t.run("ask", "hello").text, answer + "\n", f"answer with {config!r} {env}")
        daemon.stop()
    equal(proxy.chats[0].path, "http://example.invalid:8000/v1/chat/completions", "what the proxy was asked for")


def nginx(t, made, extra=""):
    folder = os.path.join(t.dir, "nginx")
    os.mkdir(folder)
    path = os.path.join(folder, "sock")  # a port that is free now may be another program's when it is bound
    conf = os.path.join(folder, "nginx.conf")
    with open(conf, "w", encoding="ascii") as f:
        f.write(f"""
daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  gzip on; gzip_types text/event-stream application/json; gzip_min_length 1; gzip_proxied any;
  server {{ listen unix:{path}; client_max_body_size 1m;
    location / {{ proxy_pass {made.url}; proxy_buffering off; proxy_http_version 1.1; proxy_set_header Connection ""; {extra} }} }}
}}
""")
    program = next((path for path in ("/usr/sbin/nginx", "/usr/bin/nginx") if os.path.exists(path)), None)
    if not program:
        t.skip("no nginx here")
    process = subprocess.Popen([program, "-c", conf, "-p", folder, "-e", f"{folder}/error.log"],
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def end():
        process.terminate()
        process.wait()
    t.closers.append(end)

    def listens():
        check(process.poll() is None, "nginx ended; its log is in", folder)
        return can_connect(path)
    eventually(listens, "nginx")
    return f"unix:{path}"


TEXT = "Gr\u00fc\u00dfe aus \u65e5\u672c \U0001f642\n" * 50


def test_behind_a_real_nginx_that_compresses(t):
    made = t.backend(says(TEXT, step=7, pause=0.001))
    url = nginx(t, made)
    for header in ("", 'header = "Accept-Encoding: gzip"\n'):
        daemon = t.daemon(f"backend = {url}\n{header}")
        client = t.start("ask", "hello")
        equal(client.end().expect().text, TEXT, f"the answer through nginx with {header!r}")
        check(len(client.arrivals) > 5, "it came in", len(client.arrivals), "pieces")
        daemon.stop()
    made.close()
    t.daemon(f"backend = {url}\nretries = 0\n")
    contains(t.run("ask", "hello", code=1).err, "backend:", "502")


def test_nginx_refuses_a_large_upload_and_the_user_hears_it(t):
    made = t.backend(echo)
    t.daemon(f"backend = {nginx(t, made)}\nretries = 0\n")
    result = t.run("upload", t.h.path("big.txt", b"word " * 1000000), code=None)
    check(result.code in (1, 65), "status:", result)
    contains(result.err, "413")


def test_a_name_that_does_not_resolve_blocks_nobody(t):
    t.daemon("backend = http://no-such-host.invalid:1\nretries = 0\nconnect_timeout = 6s\n")
    client = t.start("ask", "hello")
    began = time.monotonic()
    t.run("status")
    check(time.monotonic() - began < 5, "status took", time.monotonic() - began)
    result = client.end()
    equal(result.code, 69, f"status ({result.err})")
    contains(result.err, "no-such-host.invalid")


def test_json_answers_and_ndjson_are_answers_too(t):
    def whole(request, out):
        out.reply(200, {"choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "in one piece"}}]})

    def ndjson(request, out):
        out.reply(200, "".join(json.dumps({"choices": [{"index": 0, "delta": {"content": piece}, "finish_reason": reason}]}) + "\n\n"
                               for piece, reason in (("in ", None), ("lines", "stop"))), {"Content-Type": "application/x-ndjson"})

    def html(request, out):
        out.reply(200, "<!doctype html><title>Sign in</title><body>please log in", {"Content-Type": "text/html"})

    def nothing(request, out):
        out.reply(204, "")
    current = [None]
    t.serve(lambda request, out: current[0](request, out))
    for script, code, text in ((whole, 0, "in one piece\n"), (ndjson, 0, "in lines\n"), (html, 1, ""), (nothing, 1, "")):
        current[0] = script
        result = t.run("ask", "hello", code=None)
        equal((result.code, result.text), (code, text), f"{script.__name__} ({result.err})")
        check("<" not in result.err, "markup:", result.err)


def test_models_fail_softly(t):
    made, _ = t.serve(echo)
    made.models_status = 404
    result = t.run("models", code=None)
    check(result.code != 0 and "backend:" in result.err, "models of a backend without them:", result)


def test_many_connections_are_reused_and_bounded(t):
    made, _ = t.serve(says("x", pause=0.01), config="max_connections = 4\nfinish_grace = 10s\n")
    rpc = t.rpc()
    streams = [rpc.ask(f"q{i}")[1] for i in range(20)]
    for stream in streams:
        rpc.finish(stream, 30)
    check(made.most_at_once <= 4, "connections at once:", made.most_at_once)


def test_hard_frames_of_the_event_stream(t):
    """CRLF, CR, a BOM, comments, fields without a space, data over several lines, one byte at a time."""
    pieces = ["Gr\u00fc\u00df ", "dich \U0001f642 ", "\u2028 end"]

    def event(text, space=" ", eol="\n", ascii_=True):
        data = json.dumps({"choices": [{"index": 0, "delta": {"content": text}}]}, ensure_ascii=ascii_)
        return f"data:{space}{data}{eol}{eol}"
    end = 'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
    forms = [
        "".join(event(p) for p in pieces) + end,
        "".join(event(p, "", "\r\n", False) for p in pieces) + end.replace("\n", "\r\n"),
        "\ufeff" + "".join(event(p, eol="\r") for p in pieces) + end.replace("\n", "\r"),
        ": hello\n\n" + "".join(event(p, ascii_=False) + ": ping\n\nid: 7\nretry: 10\n\ndata:\n\n" for p in pieces) + end,
        "".join('event: message\nid: 1\ndata: {"choices":[{"index":0,\ndata: "delta":{"content":' + json.dumps(p) + "}}]}\n\n" for p in pieces) + end,
        "".join('data: {"choices":[]}\n\n' + event(p) + 'data: {"choices":[{"index":0,"delta":{"content":null}}]}\n\n' for p in pieces) + end.rstrip("\n"),
    ]
    # A surrogate pair in two halves.
    forms.append(event("Gr\u00fc\u00df dich ") + 'data: {"choices":[{"delta":{"content":"\\ud83d"}}]}\n\n'
                 'data: {"choices":[{"delta":{"content":"\\ude42 "}}]}\n\n' + event("\u2028 end") + end)
    current = [b""]

    def script(request, out):
        out.start()
        data = current[0]
        if question_says(request, "slowly"):
            for byte in data:
                out.raw(bytes([byte]))
        else:
            out.raw(data)
        out.close()

    def question_says(request, word):
        return word in request.json["messages"][-1]["content"]
    t.serve(script)
    for number, form in enumerate(forms):
        current[0] = form.encode()
        for how in ("at once", "slowly"):
            equal(t.run("ask", how).text, "".join(pieces) + "\n", f"form {number} {how}")
