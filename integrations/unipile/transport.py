"""The one door to Unipile's network: a request goes out, JSON or a classified ProviderError comes back."""

import ssl
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, TypeAlias
from urllib.parse import urljoin, urlsplit

import requests
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError
from urllib3.util.retry import Retry

from integrations.deadlines import DeadlineAdapter
from integrations.errors import ProviderError, Verdict
from integrations.unipile.errors import classify, classify_unreadable, settled
from integrations.unipile.reading import mapping, text

USER_AGENT = "Outreach/1.0"
API_PATH = "/api/v1"
READ_TRIES = 3
# Seconds that one answer may take as a whole, however steadily it drips.
WHOLE_ANSWER = 60.0
REDIRECTS = 3

Json: TypeAlias = Mapping[str, Any]
Query: TypeAlias = Mapping[str, str | int]
Form: TypeAlias = Sequence[tuple[str, str]]


def make_session(*, whole_answer: float = WHOLE_ANSWER) -> requests.Session:
    """A session that repeats reads a few times, with jitter, and never a write; no answer takes longer than that."""
    session = requests.Session()
    session.headers["User-Agent"] = USER_AGENT
    retry = Retry(
        total=READ_TRIES - 1,
        read=1,  # each try may wait for the whole timeout
        connect=0,  # urllib3 repeats refused connections whatever the method; the caller's back-off is enough
        allowed_methods=frozenset({"GET"}),
        status_forcelist=(HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT),
        backoff_factor=0.2,
        backoff_jitter=0.2,
        raise_on_status=False,
        respect_retry_after_header=False,  # it would hold a worker for as long as the answer pleases
    )
    for scheme in ("https://", "http://"):
        session.mount(scheme, DeadlineAdapter(seconds=whole_answer, max_retries=retry))
    return session


def normalised_base(url: str) -> str:
    """`https://host:port` without the API's path; raises ValueError when it cannot be that."""
    base = url.strip().rstrip("/").removesuffix(API_PATH).rstrip("/")
    parts = urlsplit(base)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
        raise ValueError(f"Unipile base URL {url!r} must look like https://api8.unipile.com:13443")
    return base


def checked_key(api_key: str) -> str:
    """A key that can be sent in a header; raises ValueError without repeating it."""
    key = api_key.strip()
    if not key or not key.isascii() or not key.isprintable():
        raise ValueError("The Unipile API key is empty or holds characters that no key has; copy it again")
    return key


class Transport:
    """Sends requests with the key, never shows it, and classifies everything that is not a readable success."""

    def __init__(self, base_url: str, api_key: str, *, session: requests.Session, timeout: tuple[float, float]) -> None:
        self.base = normalised_base(base_url)
        self._key = checked_key(api_key)
        self._session = session
        self._timeout = timeout

    def __repr__(self) -> str:
        return f"Transport({self.base!r})"

    def read(self, path: str, query: Query | None = None, *, missing: Verdict = Verdict.INVALID) -> Json:
        response = self._exchange("GET", path, params=query)
        return _body(response, write=False, missing=missing)

    def write(
        self,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        json: Json | None = None,
        form: Form | None = None,
        missing: Verdict = Verdict.INVALID,
    ) -> Json:
        """A form goes out as multipart, whose boundary the HTTP library sets (section 1.1)."""
        files = [(name, (None, value)) for name, value in form] if form is not None else None
        response = self._exchange(method, path, params=query, json=json, files=files)
        return _body(response, write=True, missing=missing)

    def _exchange(self, method: str, path: str, **content: Any) -> requests.Response:
        url = self.base + API_PATH + path
        response = self._send(method, url, **content)
        for _ in range(REDIRECTS):
            target = urljoin(response.url, response.headers.get("Location", ""))
            # Only a read, and only on the same host: another one must not get the key (trap 22).
            if not (method == "GET" and response.is_redirect and _origin(target) == _origin(url)):
                break
            response = self._send(method, target)
        return response

    def _send(self, method: str, url: str, **content: Any) -> requests.Response:
        headers = {"X-API-KEY": self._key, "Accept": "application/json"}
        try:
            return self._session.request(
                method, url, headers=headers, timeout=self._timeout, allow_redirects=False, **content
            )
        except requests.RequestException as error:
            raise _failure(error, write=method != "GET") from error


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc


def _failure(error: requests.RequestException, *, write: bool) -> ProviderError:
    """No answer at all. Of a write it matters whether the request can have got through."""
    name = type(error).__name__
    if isinstance(error, ValueError):
        return ProviderError(Verdict.INVALID, title="The request could not be made", detail=name)
    if _surely_unsent(error):
        return ProviderError(Verdict.RETRY_LATER, title="Unipile could not be reached", detail=name)
    verdict = settled(Verdict.UNKNOWN, write=write)
    return ProviderError(verdict, title="The connection broke before an answer came", detail=name)


def _surely_unsent(error: BaseException) -> bool:
    """Whether the connection itself was never made: refused, no such host, or no answer to the knock."""
    unsent = (
        NewConnectionError,
        ConnectTimeoutError,
        requests.ConnectTimeout,
        ssl.SSLCertVerificationError,
        ConnectionRefusedError,
    )
    return any(isinstance(cause, unsent) for cause in _causes(error))


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and all it was made from; requests and urllib3 hide causes in several places."""
    pending: list[BaseException] = [error]
    seen: set[int] = set()
    while pending:
        current = pending.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        inner = [current.__cause__, *current.args, getattr(current, "reason", None)]
        if isinstance(current, MaxRetryError):
            inner.append(current.reason)
        pending.extend(cause for cause in inner if isinstance(cause, BaseException))


def _body(response: requests.Response, *, write: bool, missing: Verdict) -> Json:
    body = _json_object(response)
    if body is None or response.is_redirect:
        raise _unreadable(response, write=write, missing=missing)
    if response.ok:
        return body
    raise ProviderError(
        classify(response.status_code, text(body.get("type")), write=write, missing=missing),
        status=response.status_code,
        type=text(body.get("type")),
        title=text(body.get("title")) or response.reason or "",
        detail=text(body.get("detail")),
    )


def _json_object(response: requests.Response) -> Json | None:
    """The body when it is a JSON object with anything in it, else None."""
    try:
        return mapping(response.json()) or None
    except requests.JSONDecodeError:
        return None


def _unreadable(response: requests.Response, *, write: bool, missing: Verdict) -> ProviderError:
    kind = response.headers.get("Content-Type", "no content type")
    where = f", which points to {response.headers['Location']}" if response.is_redirect else ""
    return ProviderError(
        classify_unreadable(response.status_code, write=write, missing=missing),
        status=response.status_code,
        title="The answer is not Unipile's JSON",
        detail=f"{kind}{where}; check the base URL and any proxy in between",
    )
