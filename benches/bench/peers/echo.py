"""The echo servers of the benches in Python: on select and on epoll, each one thread and one loop.

echo.py echo|close select|epoll: says its port, collects garbage when anything comes on standard input, and ends with it.
"""

import gc
import os
import select
import socket
import sys

BUFFER = 64 * 1024
BACKLOG = 511


class Select:
    """The descriptors that are watched, all of them scanned in each wait."""

    def __init__(self):
        self.read, self.written = set(), set()

    def watch(self, fd, writable=False):
        self.forget(fd)
        (self.written if writable else self.read).add(fd)

    def forget(self, fd):
        self.read.discard(fd)
        self.written.discard(fd)

    def wait(self):
        readable, writable, _ = select.select(self.read, self.written, ())
        return readable + writable


class Epoll:
    """The kernel calls back."""

    def __init__(self):
        self.epoll, self.known = select.epoll(), set()

    def watch(self, fd, writable=False):
        change = self.epoll.modify if fd in self.known else self.epoll.register
        change(fd, select.EPOLLOUT if writable else select.EPOLLIN)
        self.known.add(fd)

    def forget(self, fd):
        self.epoll.unregister(fd)
        self.known.discard(fd)

    def wait(self):
        return [fd for fd, _ in self.epoll.poll()]


class Server:
    """Echoes, or closes each connection at once."""

    def __init__(self, watched, is_closing):
        self.watched, self.is_closing = watched, is_closing
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(BACKLOG)
        self.listener.setblocking(False)
        self.connections, self.kept = {}, {}
        watched.watch(self.listener.fileno())
        watched.watch(0)

    def accept(self):
        try:
            while True:
                connection, _ = self.listener.accept()
                if self.is_closing:
                    connection.close()
                    continue
                connection.setblocking(False)
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.watched.watch(connection.fileno())
                self.connections[connection.fileno()] = connection
        except OSError:
            pass  # nobody is left, or there is no descriptor for one

    def close(self, fd):
        self.watched.forget(fd)
        self.kept.pop(fd, None)
        self.connections.pop(fd).close()

    def send(self, fd, data):
        """Sends what the socket takes, and keeps the rest; reads nothing more until that is sent."""
        try:
            rest = data[self.connections[fd].send(data):]
        except BlockingIOError:
            rest = data
        if rest:
            self.kept[fd] = rest
            self.watched.watch(fd, writable=True)
        elif self.kept.pop(fd, None) is not None:
            self.watched.watch(fd)

    def echo(self, fd):
        try:
            if fd in self.kept:
                self.send(fd, self.kept[fd])
                return
            data = self.connections[fd].recv(BUFFER)
            if data:
                self.send(fd, data)
            else:
                self.close(fd)
        except BlockingIOError:
            pass
        except OSError:
            self.close(fd)

    def run(self):
        print(self.listener.getsockname()[1], flush=True)
        listener = self.listener.fileno()
        while True:
            for fd in self.watched.wait():
                if fd == listener:
                    self.accept()
                elif fd in self.connections:
                    self.echo(fd)
                elif fd == 0:
                    if not os.read(0, 64):
                        return
                    gc.collect()
                    print("done", flush=True)


Server(Select() if sys.argv[2] == "select" else Epoll(), sys.argv[1] == "close").run()
