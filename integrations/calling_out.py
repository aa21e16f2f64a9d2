"""Calls to other people's systems: signed, retried, and never into a private network.

A call is written down in the transaction that wants it and delivered by a task, at least once. Its id stays the same
through all attempts, so that the receiver can tell a repetition.
"""

import hashlib
import hmac
import http.client
import ipaddress
import json
import socket
from datetime import datetime, timedelta
from urllib.parse import SplitResult, urlsplit

import urllib3
from django.conf import settings
from django.core.exceptions import ValidationError

from integrations.deadlines import pool_classes
from integrations.models import OutboundCall
from outreach import chance
from outreach.clients.models import Client

State = OutboundCall.State
TIMEOUT = urllib3.Timeout(connect=5, read=10)
# A receiver whose answer drips must not hold the worker: so many seconds for the whole of it.
POOLS = pool_classes(15.0)
FIRST_RETRY, LEAST_RETRY = timedelta(minutes=1), timedelta(seconds=20)
# A call that a worker took is left alone for so long; then it was lost with its worker.
TAKEN_FOR = timedelta(minutes=2)
BATCH = 50
PORTS = {"https": 443, "http": 80}
LONGEST_URL = 1000
# IPv6 addresses that carry an IPv4 address in their last 32 bits: what counts is where that one leads.
TRANSLATED = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("::ffff:0:0/96"))
# IPv6 networks that lead elsewhere than they say (tunnels), or were private under an older rule.
DEVIOUS = tuple(map(ipaddress.IPv6Network, ("::/96", "64:ff9b:1::/48", "2001::/32", "2002::/16", "fec0::/10")))


class NotAllowed(ValueError):
    """The address is none that may be called. The message says why."""


# Whatever keeps one call from being made must not keep the calls behind it.
CANNOT_BE_MADE = (NotAllowed, UnicodeError, OSError, urllib3.exceptions.HTTPError, http.client.HTTPException)


def signing_secret(client: Client) -> str:
    """The client's own secret, with which its receivers check signatures; derived, so that it is stored nowhere."""
    return hmac.new(settings.SECRET_KEY.encode(), f"outbound:{client.pk}".encode(), hashlib.sha256).hexdigest()


def signature(body: bytes, *, secret: str) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def check_url(url: str) -> None:
    """Raises ValidationError for an address that could never be called. Names are looked up when it is called."""
    try:
        _parts(url)
    except NotAllowed as problem:
        raise ValidationError(str(problem)) from problem


def _parts(url: str) -> SplitResult:
    if len(url) > LONGEST_URL:
        raise NotAllowed(f"An address has at most {LONGEST_URL} characters.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as problem:
        raise NotAllowed(f"{url!r} is no address: {problem}.") from problem
    schemes = ("https", "http") if settings.OUTBOUND_ALLOW_PRIVATE else ("https",)
    if parts.scheme not in schemes or not parts.hostname:
        raise NotAllowed(f"{url!r} must be a whole address that begins with https://.")
    if parts.username or parts.password:
        raise NotAllowed("Put no name or password into the address; check the signature instead.")
    if port is not None and not 1 <= port <= 65535:
        raise NotAllowed(f"{port} is no port.")
    _refuse_nameless(parts.hostname)
    _refuse_private(parts.hostname)
    return parts


def _refuse_nameless(host: str) -> None:
    """A name that no look-up takes: a label that is empty or too long."""
    try:
        host.encode("idna")
    except UnicodeError as problem:
        raise NotAllowed(f"{host!r} is no name of a host.") from problem


def _refuse_private(host: str) -> None:
    """An address written as a number can be judged without looking anything up."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return
    if not _is_public(address) and not settings.OUTBOUND_ALLOW_PRIVATE:
        raise NotAllowed(f"{host} is a private address, which nothing may be sent to.")


def _is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        if any(address in network for network in TRANSLATED):
            return _is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        if any(address in network for network in DEVIOUS):
            return False
    return address.is_global and not address.is_multicast


def public_address(host: str, port: int) -> str:
    """One address of the host, after all of them were found to be public. Raises NotAllowed, OSError."""
    found = {str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    for address in found:
        _refuse_private(address)
    return sorted(found)[0]


def deliver_due(*, at: datetime) -> int:
    """Deliver what is due. Returns how many calls were made."""
    due = OutboundCall.objects.filter(state=State.PENDING, next_attempt_at__lte=at).order_by("next_attempt_at")
    taken = [call for call in due.select_related("client")[:BATCH] if _take(call, at)]
    for call in taken:
        _deliver(call, at)
    return len(taken)


def _take(call: OutboundCall, at: datetime) -> bool:
    """Whoever moves the next attempt first has the call."""
    mine = OutboundCall.objects.filter(pk=call.pk, state=State.PENDING, next_attempt_at=call.next_attempt_at)
    return bool(mine.update(next_attempt_at=at + TAKEN_FOR, attempts=call.attempts + 1))


def _deliver(call: OutboundCall, at: datetime) -> None:
    try:
        status = _post(call)
    except CANNOT_BE_MADE as problem:
        _failed(call, str(problem), at)
        return
    if 200 <= status < 300:
        OutboundCall.objects.filter(pk=call.pk).update(
            state=State.DELIVERED, delivered_at=at, detail=f"answered {status}"
        )
    else:
        _failed(call, f"answered {status}", at)


def _post(call: OutboundCall) -> int:
    """The call itself, to the very address that was checked: a name that changes meanwhile leads nowhere else."""
    parts = _parts(call.url)
    host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
    address = public_address(host, port)
    body = json.dumps(call.payload, ensure_ascii=False, sort_keys=True).encode()
    headers = {
        "Host": parts.netloc,
        "Content-Type": "application/json",
        "User-Agent": "Outreach",
        "Outreach-Delivery": str(call.pk),
        "Outreach-Signature": signature(body, secret=signing_secret(call.client)),
    }
    target = parts._replace(scheme="", netloc="").geturl() or "/"
    with _pool(parts.scheme, address, host, port) as pool:
        # The answer's body is nobody's business here, and may be endless: it is not read.
        answer = pool.urlopen(
            "POST", target, body=body, headers=headers, redirect=False, retries=False, preload_content=False
        )
        answer.close()
        return int(answer.status)


def _pool(scheme: str, address: str, host: str, port: int) -> urllib3.HTTPConnectionPool:
    if scheme == "http":
        return POOLS[scheme](address, port, timeout=TIMEOUT)
    return POOLS[scheme](address, port, timeout=TIMEOUT, server_hostname=host, assert_hostname=host)


def _failed(call: OutboundCall, detail: str, at: datetime) -> None:
    attempts = call.attempts + 1
    # Full jitter: receivers that came back are not called by everybody in the same minute.
    pause = max(LEAST_RETRY, FIRST_RETRY * 2**attempts * chance.draw())
    state = State.FAILED if attempts >= OutboundCall.MAX_ATTEMPTS else State.PENDING
    OutboundCall.objects.filter(pk=call.pk).update(state=state, next_attempt_at=at + pause, detail=detail[:300])


def try_again(*, call: OutboundCall, at: datetime) -> None:
    """Take up a failed call once more. Raises ValidationError unless it has failed."""
    failed = OutboundCall.objects.filter(pk=call.pk, state=State.FAILED)
    if not failed.update(state=State.PENDING, attempts=0, next_attempt_at=at):
        raise ValidationError("Only a call that has failed can be tried again.")
