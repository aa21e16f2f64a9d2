"""The sandbox under a requests session, in one process: for simulations that make many thousands of calls."""

import io
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit
from wsgiref.types import WSGIApplication, WSGIEnvironment

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from urllib3 import HTTPHeaderDict, HTTPResponse

from integrations.unipile.sandbox.app import HOLD

HOST = "http://sandbox.test"


class SandboxAdapter(BaseAdapter):
    """Calls a WSGI application in place of a server: `session.mount(HOST, SandboxAdapter(app))`.

    An answer that a server would hold back is a ReadTimeout at once.
    """

    def __init__(self, app: WSGIApplication) -> None:
        super().__init__()
        self._app = app

    def send(  # type: ignore[override]
        self, request: requests.PreparedRequest, **options: Any
    ) -> requests.Response:
        """Stream, timeout, certificates and proxies have no meaning here."""
        head = _Head()
        chunks = self._app(_environ(request), head)
        try:
            body = b"".join(chunks)
        finally:
            _close(chunks)
        return _response(request, head, body)

    def close(self) -> None:
        """There is no connection to close."""


def sandbox_session(app: WSGIApplication) -> requests.Session:
    """A session whose only reachable host is the sandbox; it ignores proxies and netrc of the environment."""
    session = requests.Session()
    session.trust_env = False
    session.mount(HOST, SandboxAdapter(app))
    return session


class _Head:
    """What the application gives to start_response."""

    status = 500
    reason = ""
    headers: list[tuple[str, str]]

    def __call__(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        code, _, self.reason = status.partition(" ")
        self.status, self.headers = int(code), headers
        return lambda data: None


def _raise_read_timeout(seconds: float) -> None:
    raise requests.ReadTimeout(f"the sandbox holds this answer back for {seconds:g} s")


def _environ(request: requests.PreparedRequest) -> WSGIEnvironment:
    parts = urlsplit(request.url or "")
    body = _bytes(request.body)
    return {
        "REQUEST_METHOD": request.method or "GET",
        "SCRIPT_NAME": "",
        # PEP 3333: bytes of the path as latin-1 text
        "PATH_INFO": unquote(parts.path, encoding="latin-1"),
        "QUERY_STRING": parts.query,
        "SERVER_NAME": parts.hostname or "",
        "SERVER_PORT": str(parts.port or 80),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": parts.scheme,
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        HOLD: _raise_read_timeout,
        **_header_variables(request.headers),
        "CONTENT_LENGTH": str(len(body)),
    }


def _header_variables(headers: Mapping[str, str | bytes]) -> dict[str, str]:
    """Header names as CGI spells them; requests may hold values as bytes."""
    found = {
        name.upper().replace("-", "_"): value.decode("latin-1") if isinstance(value, bytes) else value
        for name, value in headers.items()
    }
    content_type = found.pop("CONTENT_TYPE", "")
    return {"CONTENT_TYPE": content_type, **{f"HTTP_{name}": value for name, value in found.items()}}


def _bytes(body: Any) -> bytes:
    """A body as requests prepared it: nothing, text, bytes, an open file, or an iterable of chunks."""
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode()
    if isinstance(body, bytes | bytearray):
        return bytes(body)
    if hasattr(body, "read"):
        return _bytes(body.read())
    return b"".join(_bytes(chunk) for chunk in body)


def _close(chunks: Iterable[bytes]) -> None:
    close = getattr(chunks, "close", None)
    if close is not None:
        close()


def _response(request: requests.PreparedRequest, head: _Head, body: bytes) -> requests.Response:
    response = requests.Response()
    response.status_code, response.reason = head.status, head.reason
    response.headers = CaseInsensitiveDict(head.headers)
    response.encoding = requests.utils.get_encoding_from_headers(response.headers)
    response.raw = HTTPResponse(
        body=io.BytesIO(body), headers=HTTPHeaderDict(head.headers), status=head.status, preload_content=False
    )
    response.url = request.url or ""
    response.request = request
    return response
