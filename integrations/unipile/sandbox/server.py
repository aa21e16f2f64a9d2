"""The sandbox over real sockets: waitress in front, and a thread that keeps its time and delivers its webhooks."""

import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import requests
import waitress
from waitress import wasyncore

from integrations.unipile.sandbox.app import Sandbox

THREADS = 24  # an answer held back occupies one of them
TICK_SECONDS = 0.05
DELIVERY_TIMEOUT_SECONDS = 5
STOP_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Served:
    """A sandbox that listens at `url`; `run` serves until somebody calls `stop`, or interrupts."""

    sandbox: Sandbox
    url: str
    server: Any
    channels: dict[int, Any]
    stopping: threading.Event

    def run(self) -> None:
        """Serve in this thread, keeping time in another."""
        keeper = threading.Thread(target=self._keep_time, name="sandbox-time", daemon=True)
        keeper.start()
        try:
            self.server.run()
        finally:
            self.stopping.set()
            keeper.join(STOP_SECONDS)

    def stop(self) -> None:
        """End `run` from another thread: the server's loop ends when it has nothing left to listen to.

        The workers end first, since each of them wakes the loop when it is done and would find it closed.
        """
        self.stopping.set()
        self.server.task_dispatcher.shutdown()
        self.server.trigger.pull_trigger(lambda: wasyncore.close_all(self.channels))

    def _keep_time(self) -> None:
        while not self.stopping.wait(TICK_SECONDS):
            self.sandbox.advance()


def listening(*, host: str, port: int, now: Callable[[], datetime], **options: Any) -> Served:
    """A sandbox bound to an address, port 0 for any free one. `options` are the Sandbox's own.

    Raises OSError when the address cannot be had.
    """
    stopping = threading.Event()
    bound = socket.create_server((host, port))
    hold = partial(_wait, stopping)
    sandbox = Sandbox(now=now, deliver=HttpDelivery(), hold=hold, **options)
    channels: dict[int, Any] = {}
    server = waitress.create_server(sandbox, sockets=[bound], map=channels, threads=THREADS, ident="sandbox")
    return Served(sandbox, f"http://{host}:{server.effective_port}", server, channels, stopping)


def _wait(stopping: threading.Event, seconds: float) -> None:
    """Hold on, but not against the server's own end."""
    stopping.wait(seconds)


@contextmanager
def served(*, now: Callable[[], datetime], host: str = "127.0.0.1", port: int = 0, **options: Any) -> Iterator[Served]:
    """A sandbox served by a thread of this process for as long as the block lasts."""
    serving = listening(host=host, port=port, now=now, **options)
    thread = threading.Thread(target=serving.run, name="sandbox-server", daemon=True)
    thread.start()
    try:
        yield serving
    finally:
        serving.stop()
        thread.join(STOP_SECONDS)


class HttpDelivery:
    """Posts webhooks. Exactly the configured headers go out: no content type unless it is one of them."""

    def __init__(self) -> None:
        self._session = requests.Session()
        self._session.trust_env = False

    def __call__(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        """The status, 0 where nobody answered in time."""
        try:
            answer = self._session.post(
                url, data=body, headers=dict(headers), timeout=DELIVERY_TIMEOUT_SECONDS, allow_redirects=False
            )
        except requests.RequestException:
            return 0
        return answer.status_code
