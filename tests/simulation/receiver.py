"""Somebody else's system: a real server that takes calls in, or refuses them when told to."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread


class Receiver:
    """What came in: delivery id, signature, body. `status` is what it answers."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.status = 200
        self.calls: list[tuple[str, str, bytes]] = []

    def start_over(self) -> None:
        self.status = 200
        self.calls = []


@contextmanager
def listening() -> Iterator[Receiver]:
    server = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    receiver = Receiver(f"http://127.0.0.1:{server.server_port}/hook")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.calls.append((self.headers["Outreach-Delivery"], self.headers["Outreach-Signature"], body))
            self.send_response(receiver.status)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Nothing is said."""

    server.RequestHandlerClass = Handler
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
