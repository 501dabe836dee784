#!/usr/bin/python3
"""What a thousand wrong passwords do to others: the p99 gap between the tokens of 50 streams without and
with them, in one run, and how long the right user's log-in takes meanwhile. Needs root: real uids.

tests/bench/attack.py --bin build/bin --bench build/bench     prints "name value" lines
"""
import argparse
import os
import select
import threading
import time

from stage import stage  # finds what follows
import harness
from machine import GROUP, Machine

ANN, BEN, TRIES, STREAMS, TOKENS, RATE = 12401, 12402, 1000, 50, 300, 50


def streams(machine):
    """p99 of the gaps in ms, from when all of them run."""
    rpcs = [machine.rpc(ANN) for _ in range(STREAMS)]
    for rpc in rpcs:
        rpc.call("auth.password", account="ann", password="right")
    for rpc in rpcs:
        rpc.call("ask", text="count", stream=True)
    by_fd = {rpc.socket.fileno(): rpc for rpc in rpcs}
    last, gaps = {}, []
    while by_fd:
        for fd in select.select(list(by_fd), [], [], 30)[0]:
            rpc, now = by_fd[fd], time.monotonic()
            rpc.unpacker.feed(rpc.socket.recv(1 << 16))
            for message in rpc.unpacker:
                note = message[2][0] if message[0] == 2 else {}
                if note.get("kind") == "delta":
                    if fd in last:
                        gaps.append((now - last[fd]) * 1e3)
                    last[fd] = now
                elif note.get("kind") == "done":
                    by_fd.pop(fd, None)
    for rpc in rpcs:
        rpc.close()
    gaps.sort()
    return gaps[len(gaps) * 99 // 100], gaps[len(gaps) // 2]


def attack(machine, tries):
    """From one uid, as fast as it goes: a child of its own, 24 connections. Ends by itself."""
    pid = os.fork()
    if pid:
        return pid
    counts, left = {}, [tries]

    def one(number):
        rpc = None
        while left[0] > 0:
            left[0] -= 1
            try:
                if rpc is None:
                    rpc = machine.rpc_now(BEN)
                rpc.call("auth.password", account="ann" if left[0] % 2 else f"nobody-{left[0]}", password="wrong")
            except harness.RpcError as e:
                counts[e.name] = counts.get(e.name, 0) + 1
            except (harness.Closed, OSError):
                rpc = None
    os.setgroups([GROUP])
    os.setresgid(BEN, BEN, BEN)
    os.setresuid(BEN, BEN, BEN)
    threads = [threading.Thread(target=one, args=(i,)) for i in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name, n in sorted(counts.items()):
        print(f"tries_{name} {n}", flush=True)
    os._exit(0)


def right_user(rpcs, out):
    """Time from the first word to being in, busy replies included."""
    time.sleep(0.5)
    for rpc in rpcs:
        start = time.monotonic()
        while True:
            try:
                rpc.call("auth.password", account="ann", password="right")
                break
            except harness.RpcError as e:
                time.sleep(e.error.get("retry_ms", 100) / 1e3)
        out.append((time.monotonic() - start) * 1e3)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", required=True)
    parser.add_argument("--bench", required=True)
    options = parser.parse_args()
    with stage(options, TOKENS, RATE, 16) as (t, url):
        machine = Machine(t, f"mode = system\ngroup = {GROUP}\nauth = password\nlog = warn\nbackend = {url}\nmax_running = 0\n")

        def rpc_now(uid):
            made = harness.Rpc(machine.socket, hello=True)
            return made
        machine.rpc_now = rpc_now
        machine.start()
        machine.rpc(0, groups=[]).call("account.add", name="ann", password="right")
        p99, p50 = streams(machine)
        waiting = [machine.rpc(ANN + 10 + i) for i in range(5)]
        times = []
        attackers = attack(machine, TRIES)
        user = threading.Thread(target=right_user, args=(waiting, times))
        user.start()
        p99_attacked, p50_attacked = streams(machine)
        user.join()
        os.waitpid(attackers, 0)
        print(f"gap_p50 {p50}\ngap_p99 {p99}\ngap_p50_attacked {p50_attacked}\ngap_p99_attacked {p99_attacked}")
        print(f"right_login_max {max(times)}\nright_logins {len(times)}")


if __name__ == "__main__":
    main()
