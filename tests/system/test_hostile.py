"""Clients that mean harm, or know no better: bounded memory, a reason for every close, others unaffected."""
import os
import random
import resource
import signal
import socket
import threading
import time

from harness import Closed, RpcError, check, deadline, equal, eventually
from mp import packb
from scripts import echo, holds

BOMBS = [bytes.fromhex(text) for text in (
    "dd04000000", "df04000000", "ddffffffff", "dfffffffff", "dbffffffff", "c6ffffffff", "dc7fff" * 20, "dd08000000" * 31,
    "c9ffffffff00", "c7ff00", "d400", "d800", "c1", "91" * 40, "81" * 40, "9400c400", "dbfffffffe")]
# 9400c400: a request whose method is bin; the rest: counts and lengths without content, ext, depth, a byte that is none.


def protocol_error(rpc, what):
    notes = rpc.until_closed()
    kinds = [params["kind"] for method, params in notes if method == "server"]
    check(kinds in (["protocol_error"], []), f"notifications after {what}:", notes)
    return kinds


def test_bombs_cost_nothing_and_end_their_connection(t):
    _, daemon = t.serve(echo)
    t.rpc().call("ping")
    before = daemon.memory("VmData"), daemon.memory()
    told = 0
    for bomb in BOMBS:
        for hello in (False, True):
            rpc = t.rpc(hello=hello)
            rpc.raw(bomb)
            # A count or length that the limits allow may wait for more; silence is its own story. Past them: closed.
            if bomb[:1] in (b"\xdc", b"\x91", b"\x81") or len(bomb) >= 4:
                try:
                    rpc.raw(b"\xc1" * 64)
                except OSError:
                    pass
            told += len(protocol_error(rpc, bomb.hex()))
            rpc.close()
    check(told >= len(BOMBS), "protocol_error was told", told, "times for", 2 * len(BOMBS), "bombs")
    t.bounded(daemon.memory("VmData") - before[0], 64 << 10, "the bombs (address space)")
    t.bounded(daemon.memory() - before[1], 8 << 10, "the bombs")
    equal(t.run("ask", "still there?").text, "answer to still there?\n", "an answer afterwards")


def test_garbage_never_hurts(t):
    _, daemon = t.serve(echo)
    dice = random.Random(7)
    good = packb([0, 1, "status", [{}]])
    for i in range(300 if t.torture else 80):
        rpc = t.rpc(hello=i % 2 == 0)
        data = bytearray(good * 3 if i % 3 else dice.randbytes(dice.randrange(1, 3000)))
        for _ in range(dice.randrange(4)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        try:
            rpc.raw(bytes(data))
            rpc.socket.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        rpc.until_closed()
        rpc.close()
    equal(t.run("ask", "well?").text, "answer to well?\n", "an answer afterwards")
    daemon.clean()


def test_frames_arrive_in_any_pieces(t):
    t.serve(echo)
    rpc = t.rpc(hello=False)
    data = b"".join(packb(message) for message in (
        [0, 1, "hello", [{"protocol": [1, 1], "client": "x" * 300}]], [0, 2, "ping", []], [0, 3, "ping", [{}]],
        [0, 4, "status", [{"unknown": [1, {"deep": None}], "key": 1.5}]]))
    for byte in data:
        rpc.raw(bytes([byte]))
    for number in (1, 2, 3, 4):
        rpc.reply(number)
    rpc.raw(packb([0, 5, "ping", []]) * 1 + packb([0, 6, "ping", []]) + packb([0, 7, "api.info", []]))
    for number in (5, 6, 7):
        rpc.reply(number)
    half = packb([0, 8, "ask", [{"text": "y" * 500000, "stream": False}]])
    rpc.raw(half[:250000])
    equal(t.rpc().call("ping"), {}, "others while a frame is half there")
    rpc.raw(half[250000:])
    check("turn" in rpc.reply(8), "an ask in two halves")


def test_half_a_hello_and_silence_is_closed_in_time(t):
    _, daemon = t.serve(echo, config="hello_timeout = 150ms\n")

    def said(start):
        """A connection that the daemon sees once this has been said."""
        daemon.process.send_signal(signal.SIGSTOP)
        try:
            rpc = t.rpc(hello=False)
            rpc.raw(start)
        finally:
            daemon.process.send_signal(signal.SIGCONT)
        return rpc
    for start in (b"", b"\x94\x00\x01", packb([0, 1, "ping", []])):
        began = time.monotonic()
        notes = said(start).until_closed(5)
        took = time.monotonic() - began
        check(0.1 < took < 10, "closed after", took, "s")
        equal([params.get("reason") for method, params in notes if params["kind"] == "closing"], ["hello_timeout"], "reason")
    greeted = said(packb([0, 7, "hello", [{"protocol": [1, 1]}]]))
    greeted.reply(7)
    time.sleep(0.4)
    equal(greeted.call("ping"), {}, "a greeted connection after the time")


def test_limits_before_hello_are_small(t):
    t.serve(echo)
    rpc = t.rpc(hello=False)
    rpc.raw(packb([0, 1, "hello", [{"protocol": [1, 1], "client": "x" * 5000}]]))
    equal(protocol_error(rpc, "5000 bytes before hello"), ["protocol_error"], "said")
    rpc = t.rpc(hello=False)
    rpc.raw(packb([0, 1, "hello", [{"protocol": [1, 1], "caps": [1] * 100}]]))
    equal(protocol_error(rpc, "100 objects before hello"), ["protocol_error"], "said")


def test_limits_of_a_frame(t):
    t.serve(echo)
    rpc = t.rpc()
    try:
        rpc.raw(packb([0, 1, "ping", [{"x": "y" * (1 << 20)}]])[:1 << 19])
    except OSError:
        pass  # refused at its head, before the rest was written
    equal(protocol_error(rpc, "a frame over 1 MiB"), ["protocol_error"], "said")
    deep = value = []
    for _ in range(20):
        value.append([])
        value = value[0]
    rpc = t.rpc()
    rpc.raw(packb([0, 1, "ping", [{"x": deep}]]))
    equal(protocol_error(rpc, "a nest of 20"), ["protocol_error"], "said")
    rpc = t.rpc()
    rpc.raw(packb([0, 1, "ping", [{"x": [0] * 20000}]]))
    equal(protocol_error(rpc, "20000 objects"), ["protocol_error"], "said")
    rpc = t.rpc()
    for message in ([3, 1, "x", []], [0, 1, "ping"], [0, 1, "ping", [{}], 5], [0, -1, "ping", []], "ping", [], {},
                    [1, 5, None, {}], [0, 1 << 32, "ping", []], [0, 1, "x" * 65, []],
                    [0, 1, 5, []], [0, 1, "ping", {}], [0, 1, "ping", [{}, {}]], [2, "x"]):
        rpc = t.rpc()
        rpc.raw(packb(message))
        try:
            rpc.raw(packb([0, 99, "ping", []]))
            while 99 not in rpc.replies and not rpc.eof:
                rpc.pump(time.monotonic() + 5)
        except OSError:
            rpc.until_closed()
        check(rpc.eof or rpc.replies, "no word about", message)
        for error, result in (rpc.replies[key] for key in rpc.replies if key != 99):
            check(error is not None and error["name"] in ("bad_request", "unknown_method", "bad_params"),
                  "reply to", message, ":", error, result)


def test_wrong_parameters_are_named(t):
    t.serve(echo)
    rpc = t.rpc()
    cases = [("ask", {}), ("ask", {"text": 5}), ("ask", {"text": ""}), ("ask", {"text": "x", "thread": 7}),
             ("ask", {"text": "x", "options": []}), ("ask", {"text": "x", "save": "yes"}), ("ask", {"text": b"x"}),
             ("attach", {}), ("attach", {"turn": ""}), ("attach", {"turn": "last", "off": "1"}),
             ("turn.list", {"limit": 0}), ("turn.list", {"limit": 1 << 40}), ("turn.list", {"live": 1}),
             ("thread.get", {"thread": "x" * 600}), ("doc.chunk", {"upload": 1, "off": 0, "data": "text"}),
             ("doc.begin", {"name": ""}), ("message.list", {"thread": "x", "after": -1})]
    for method, params in cases:
        try:
            result = rpc.call(method, **params)
            raise AssertionError(f"{method} {params} was taken: {result}")
        except RpcError as error:
            check(error.name in ("bad_params", "not_found"), method, params, "gave", error.name, error.error)
            check(error.error["message"], "no words")
    rpc.fails("unknown_method", "no.such.method")
    rpc.fails("unknown_method", "ask.", text="x")
    rpc.fails("too_large", "ask", text="x" * ((960 << 10) + 1))


def test_text_that_is_no_text_is_refused(t):
    t.serve(echo)
    for text in ("a\0b", "bad \udcff\udcfe byte"):
        rpc = t.rpc()
        try:
            rpc.call("ask", text=text)
            raise AssertionError(f"{text!r} was taken")
        except RpcError as error:
            check(error.name in ("bad_data", "bad_params", "bad_request"), "error:", error.name)
        except Closed:
            pass
    equal(t.sql("SELECT count(*) AS n FROM steps")[0]["n"], 0, "rows")


def test_stray_notifications_are_ignored_then_closed(t):
    t.serve(echo)
    rpc = t.rpc()
    for _ in range(150):
        rpc.notify("nvim_error_event", a=1)
    equal(rpc.call("ping"), {}, "after 150 stray notifications")
    try:
        for _ in range(200):
            rpc.notify("nvim_error_event", a=1)
    except OSError:
        pass
    notes = rpc.until_closed()
    equal([params.get("reason") for method, params in notes if params["kind"] == "closing"], ["stray"], "reason")


@deadline(60)
def test_a_client_that_never_reads_costs_bounded_memory(t):
    text = "x" * 999 + "\n"

    def script(request, out):
        for _ in range(500):
            out.delta(text * 10)
        out.finish()
    _, daemon = t.serve(script, config="stuck_timeout = 500ms\n")
    before = daemon.memory("RssAnon")
    t.run("ask", "-o", "/dev/null", "warm up")
    deaf = [t.rpc() for _ in range(10)]
    first = deaf[0].call("ask", text="five megabytes", stream=True)
    for rpc in deaf[1:]:
        rpc.send("attach", turn=first["turn"])
    equal(t.rpc().call("turn.wait", turn=first["turn"])["turn"]["length"], 5000000, "length")
    # the text with room to grow, copies for the writer and the index, OUT_HIGH for each who does not read: 22 to 34 MiB
    t.bounded(daemon.memory("RssAnon") - before, 44 << 10, "an answer of 5 MB and ten deaf clients")
    eventually(lambda: daemon.log().count("stuck") >= 10, "the deaf clients' end")
    equal(t.run("last").out, (text * 5000).encode(), "the answer is whole")


@deadline(60)
def test_a_client_that_asks_and_never_reads_is_closed(t):
    _, daemon = t.serve(echo)
    rpc = t.rpc()
    rpc.socket.settimeout(5)
    before = daemon.memory()
    try:
        for _ in range(20000):
            rpc.raw(packb([0, 1, "api.info", []]) * 20)
        raise AssertionError("400000 requests without a reader were taken")
    except (BrokenPipeError, ConnectionResetError, socket.timeout):
        pass
    t.bounded(daemon.memory() - before, 24 << 10, "a client that never reads its replies")
    equal(t.rpc().call("ping"), {}, "others")


@deadline(90)
def test_a_thousand_idle_connections_then_64_asks(t):
    _, daemon = t.serve(echo)
    t.run("ask", "warm up")
    before = daemon.memory()
    idle = []
    for _ in range(1000):
        rpc = t.rpc()
        idle.append(rpc)
    t.bounded(daemon.memory() - before, 16 << 10, "a thousand idle connections")
    clients = [t.start("ask", f"question {i}") for i in range(64)]
    equal([client.end(60).expect().text for client in clients], [f"answer to question {i}\n" for i in range(64)], "answers")
    evicted = []
    for rpc in idle:
        rpc.socket.setblocking(False)
        try:
            while not rpc.eof:
                data = rpc.socket.recv(65536)
                if not data:
                    rpc.eof = True
                    break
                rpc.unpacker.feed(data)
                for message in rpc.unpacker:
                    evicted.append(message[2][0])
        except BlockingIOError:
            pass
    closed = sum(rpc.eof for rpc in idle)
    check(closed < 64 + 40, "connections evicted:", closed)
    equal({note["reason"] for note in evicted} - {"idle_evicted"}, set(), "reasons")
    equal(len(evicted), closed, "evicted connections that were told why")
    first = [index for index, rpc in enumerate(idle) if rpc.eof]
    equal(first, list(range(len(first))), "the longest idle go first")
    for rpc in idle:
        rpc.close()
    t.alone()


@deadline(60)
def test_max_clients_serves_the_new_one_and_never_closes_a_waiting_one(t):
    release = threading.Event()
    t.closers.append(release.set)
    t.serve(holds(release), config="max_clients = 20\nmax_clients_uid = 20\n")
    busy = t.rpc()
    reply, stream = busy.ask("hello")
    waiting = t.rpc()
    number = waiting.send("turn.wait", turn=reply["turn"])
    many = [t.rpc() for _ in range(60)]
    equal(many[-1].call("ping"), {}, "the newest")
    release.set()
    equal(busy.finish(stream).text, "first half, second half", "the subscribed one")
    equal(waiting.reply(number)["turn"]["state"], "done", "the waiting one")


def test_a_hostile_daemon_cannot_hurt_the_client(t):
    path = os.path.join(t.h.dir, "run", "fake")
    replies = [b"\xdd\x04\x00\x00\x00", b"\xc1" * 100, b"", packb([1, 1, None]), packb([0, 1, "x", [{}]]), b"\x94\x01",
               packb([1, 7, None, {}]), packb([1, 1, None, {"protocol": 99}]), b"\xdb\xff\xff\xff\xff", packb("x") * 1000]
    for reply in replies:
        server = socket.socket(socket.AF_UNIX)
        server.bind(path)
        server.listen(1)
        client = t.start("-S", path, "status")
        server.settimeout(10)
        link, _ = server.accept()
        link.recv(65536)
        link.sendall(reply)
        server.close()
        os.unlink(path)
        link.shutdown(socket.SHUT_WR)
        result = client.end(20)
        check(result.code in (1, 69, 76), f"status after {reply[:20].hex()}:", result)
        check(result.err.startswith("ragchat: ") and len(result.err) < 1000, "words:", result)
        link.close()


def crowd_of(t, n):
    links = []
    for _ in range(n):
        link = socket.socket(socket.AF_UNIX)
        link.settimeout(2)
        try:
            link.connect(t.h.socket)
        except OSError:
            break
        links.append(link)
    return links


def served(t):
    try:
        rpc = t.rpc()
        got = rpc.call("ping")
        rpc.close()
        return got == {}
    except (Closed, OSError):
        return False


def test_fd_exhaustion_neither_spins_nor_deafens_the_daemon(t):
    """Its caps follow from RLIMIT_NOFILE; where the limit falls later, accept fails for real."""
    made, room = t.backend(echo), 64
    daemon = t.daemon(f"backend = {made.url}\n", preexec=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (room, room)))
    crowd = crowd_of(t, 2 * room)
    check(served(t), "nobody is served while a crowd stands around")
    equal(t.run("ask", "hello").text, "answer to hello\n", "answer")
    for link in crowd:
        link.close()
    t.alone()

    def cpu():
        with open(f"/proc/{daemon.pid}/stat", encoding="utf-8") as f:
            return sum(map(int, f.read().rsplit(")", 1)[1].split()[11:13])) / os.sysconf("SC_CLK_TCK")
    used = daemon.descriptors()
    if not used:
        return  # only root may lower another process's limit
    resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE, (used + 3, room))
    crowd = crowd_of(t, 20)
    began = cpu()
    time.sleep(0.5)
    check(cpu() - began < 0.25, "the daemon spins:", cpu() - began, "s of CPU in 0.5 s")
    for link in crowd:
        link.close()
    eventually(lambda: served(t), "a connection served once descriptors are free")
