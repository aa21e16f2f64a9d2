"""An answer is over when its time is over: a bound on the whole of it, not only on the pause between two bytes.

The usual timeout of a socket begins anew with every byte, so an answer that drips would hold a worker for ever. Here
headers and body together have so many seconds from the moment at which they are first waited for. Connecting and
sending have bounds of their own (the timeouts of urllib3, which hold for the whole of each).
"""

import http.client
import io
import socket
from typing import Any

import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection

from outreach.clock import stopwatch


class _Hurried(io.RawIOBase):
    """Reads from a socket until a moment of the stopwatch, however often something comes."""

    def __init__(self, sock: socket.socket, ends_at: float) -> None:
        self._sock, self._ends_at, self._pause = sock, ends_at, sock.gettimeout()
        self._raw = socket.SocketIO(sock, "r")
        # What makefile would count: the socket stays open until this reader is closed as well.
        sock._io_refs += 1  # type: ignore[attr-defined]

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._ends_at - stopwatch()
        if left <= 0:
            raise TimeoutError("the answer took longer than its time")
        self._sock.settimeout(left if self._pause is None else min(self._pause, left))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        if not self.closed:
            super().close()
            self._raw.close()


def _answer_within(seconds: float) -> type[http.client.HTTPResponse]:
    class Answer(http.client.HTTPResponse):
        def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
            super().__init__(sock, *args, **options)
            self.fp.close()
            self.fp = io.BufferedReader(_Hurried(sock, stopwatch() + seconds))

    return Answer


def pool_classes(seconds: float) -> dict[str, type[urllib3.HTTPConnectionPool]]:
    """Connection pools, by scheme, whose answers have to be complete within so many seconds."""
    answer = _answer_within(seconds)

    class Plain(HTTPConnection):
        response_class = answer

    class Secure(HTTPSConnection):
        response_class = answer

    class PlainPool(urllib3.HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(urllib3.HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}


class DeadlineAdapter(HTTPAdapter):
    """The adapter of requests, with a bound on each answer as a whole."""

    def __init__(self, *, seconds: float, **options: Any) -> None:
        self._pools = pool_classes(seconds)
        super().__init__(**options)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = self._pools
