"""A socket before the daemon's that hangs up in the middle of what the daemon says."""
import os
import socket
import threading

import mp


class Cutter:
    """Of each connection so many bytes of the daemon's pass, then it is cut; those after the list pass whole.

    What the client asked is in `requests` as (method, params), in order, of all connections; how much passed of each in `passed`.
    """

    def __init__(self, t, daemon, *after):
        self.path, self.daemon, self.after, self.requests = os.path.join(t.dir, "cut.sock"), daemon, list(after), []
        self.cuts, self.open, self.passed = 0, [], []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(16)
        t.closers.append(self.close)
        threading.Thread(target=self.accept, daemon=True).start()

    def close(self):
        for each in (self.listener, *self.open):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            each.close()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            try:
                server.connect(self.daemon)
            except OSError:
                client.close()
                continue
            self.open += [client, server]
            left = self.after.pop(0) if self.after else None
            self.passed.append(0)
            threading.Thread(target=self.up, args=(client, server), daemon=True).start()
            threading.Thread(target=self.down, args=(server, client, left, len(self.passed) - 1), daemon=True).start()

    def up(self, client, server):
        unpacker = mp.Unpacker()
        try:
            while data := client.recv(1 << 16):
                server.sendall(data)
                unpacker.feed(data)
                for message in unpacker:
                    if message[0] == 0:
                        self.requests.append((message[2], (message[3] or [{}])[0]))
            server.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def down(self, server, client, left, number):
        try:
            while (left is None or left > 0) and (data := server.recv(min(1 << 16, left or 1 << 16))):
                client.sendall(data)
                self.passed[number] += len(data)
                left = None if left is None else left - len(data)
            self.cuts += left == 0
        except OSError:
            pass
        for each in (client, server):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def asked(self, method):
        return [params for name, params in self.requests if name == method]
