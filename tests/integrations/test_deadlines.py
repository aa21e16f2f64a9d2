"""An answer that drips holds nobody for longer than an answer may take, over real sockets."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import urllib3

from integrations.deadlines import pool_classes
from integrations.errors import ProviderError, Verdict
from integrations.unipile.client import UnipileClient
from integrations.unipile.transport import make_session
from outreach.clock import stopwatch

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n"


@contextmanager
def dripping(beginning: bytes) -> Iterator[str]:
    """A server that begins like this and then sends one byte after the other, often enough for any socket."""
    ended = threading.Event()
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while not ended.is_set():
            try:
                connection, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=drip, args=(connection,), daemon=True).start()

    def drip(connection: socket.socket) -> None:
        with connection:
            connection.recv(65536)
            connection.sendall(beginning)
            while not ended.wait(0.02):
                try:
                    connection.sendall(b" ")
                except OSError:
                    return

    threading.Thread(target=serve, daemon=True).start()
    yield f"http://127.0.0.1:{server.getsockname()[1]}"
    ended.set()
    server.close()


@pytest.mark.parametrize("beginning", [HEAD, b"HTTP/1.1 200 OK\r\nX-Drip: "], ids=["in the body", "in the headers"])
def test_a_write_whose_answer_drips_is_over_in_time_and_of_unknown_outcome(beginning: bytes) -> None:
    with dripping(beginning) as address:
        client = UnipileClient(address, "k", session=make_session(whole_answer=0.3), timeout=(5, 5))
        began = stopwatch()
        with pytest.raises(ProviderError) as raised:
            client.invite(account_id="a", provider_id="p", message="")
    assert raised.value.verdict is Verdict.UNKNOWN
    assert stopwatch() - began < 3


def test_a_read_whose_answer_drips_is_over_after_its_few_tries() -> None:
    with dripping(HEAD) as address:
        client = UnipileClient(address, "k", session=make_session(whole_answer=0.2), timeout=(5, 5))
        began = stopwatch()
        with pytest.raises(ProviderError) as raised:
            client.account("a")
    assert raised.value.verdict is Verdict.RETRY_LATER
    assert stopwatch() - began < 4


def test_somebody_elses_system_is_not_waited_for_either() -> None:
    with dripping(HEAD) as address:
        host, port = address.removeprefix("http://").split(":")
        began = stopwatch()
        with pool_classes(0.2)["http"](host, int(port), timeout=5) as pool:
            with pytest.raises(urllib3.exceptions.HTTPError):
                pool.urlopen("POST", "/", body=b"{}", retries=False)
    assert stopwatch() - began < 3
