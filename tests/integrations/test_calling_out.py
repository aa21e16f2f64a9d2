"""Calls to other systems: signed, under one id, retried, and never into a private network."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from campaigns.editing import StepDraft
from integrations.calling_out import check_url, deliver_due, signature, signing_secret, try_again
from integrations.models import OutboundCall
from tests.bench import Bench

pytestmark = pytest.mark.django_db


class Receiver:
    """Somebody else's system, over a real socket."""

    def __init__(self) -> None:
        self.answers = [200]
        self.calls: list[tuple[dict[str, str], bytes]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.calls.append((dict(self.headers), body))
                self.send_response(outer.answers.pop(0) if len(outer.answers) > 1 else outer.answers[0])
                self.send_header("Location", "http://127.0.0.1:1/")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """Quiet."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook?from=outreach"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.OUTBOUND_ALLOW_PRIVATE = True
    found = Receiver()
    yield found
    found.server.shutdown()
    found.server.server_close()


def step(url: str) -> StepDraft:
    return StepDraft("call_webhook", options={"url": url, "event": "warm_lead"})


def test_a_sequence_tells_another_system_about_its_lead(receiver: Receiver) -> None:
    bench = Bench()
    walk = bench.walk(None, step(receiver.url))
    bench.tick()
    assert receiver.calls == [], "nothing is called within the step's transaction"
    assert deliver_due(at=bench.at) == 1
    ((headers, body),) = receiver.calls
    told = json.loads(body)
    assert (told["event"], told["lead"]["first_name"]) == ("warm_lead", walk.lead.first_name)
    assert headers["Outreach-Signature"] == signature(body, secret=signing_secret(bench.client))
    call = OutboundCall.objects.get()
    assert (call.state, headers["Outreach-Delivery"]) == ("delivered", str(call.pk))
    assert deliver_due(at=bench.at) == 0
    walk.refresh_from_db()
    assert walk.state == "completed"


def test_a_refused_call_is_made_again_under_the_same_id_until_it_arrives(receiver: Receiver) -> None:
    receiver.answers = [500, 302, 200]
    bench = Bench()
    bench.walk(None, step(receiver.url))
    bench.tick()
    for _ in range(4):
        deliver_due(at=bench.at)
        bench.wait(minutes=10)
    assert OutboundCall.objects.get().state == "delivered"
    assert len({headers["Outreach-Delivery"] for headers, _ in receiver.calls}) == 1
    assert len(receiver.calls) == 3, "a redirect is not followed"


def test_it_gives_up_after_a_while_and_can_be_tried_again(receiver: Receiver) -> None:
    receiver.answers = [503]
    bench = Bench()
    bench.walk(None, step(receiver.url))
    bench.tick()
    for _ in range(12):
        deliver_due(at=bench.at)
        bench.wait(hours=6)
    call = OutboundCall.objects.get()
    assert (call.state, call.attempts, call.detail) == ("failed", 8, "answered 503")
    receiver.answers = [200]
    try_again(call=call, at=bench.at)
    deliver_due(at=bench.at)
    call.refresh_from_db()
    assert call.state == "delivered"
    with pytest.raises(ValidationError, match="Only a call that has failed"):
        try_again(call=call, at=bench.at)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/hook",
        "https://127.0.0.1/hook",
        "https://10.1.2.3/",
        "https://[::1]/",
        "https://169.254.169.254/latest/meta-data",
        "https://[::ffff:10.0.0.1]/",
        "https://[64:ff9b::a00:1]/",
        "https://[2002:7f00:1::]/",
        "https://[::127.0.0.1]/",
        "https://[fec0::1]/",
        "https://224.0.0.1/",
        "https://[ff02::1]/",
        "https://" + "a" * 64 + ".example/",
        "https://two..dots.example/",
        "https://example.com/" + "a" * 1000,
        "https://user:word@example.com/",
        "ftp://example.com/",
        "https://",
        "example.com",
    ],
)
def test_addresses_that_may_not_be_called_are_refused_when_the_step_is_saved(url: str) -> None:
    with pytest.raises(ValidationError):
        check_url(url)
    bench = Bench()
    with pytest.raises(ValidationError, match="Step 1"):
        bench.campaign([], step(url))


def test_a_name_that_leads_into_a_private_network_is_refused_when_it_is_called() -> None:
    bench = Bench()
    bench.walk(None, step("https://localhost/hook"))
    bench.tick()
    deliver_due(at=bench.at)
    call = OutboundCall.objects.get()
    assert (call.state, "private address" in call.detail) == ("pending", True)


def test_a_public_address_behind_a_translator_may_be_called() -> None:
    check_url("https://[64:ff9b::808:808]/")
    check_url("https://8.8.8.8/")


def test_a_call_that_cannot_even_be_begun_does_not_hold_up_those_behind_it(receiver: Receiver) -> None:
    bench = Bench()
    strange = ("https://" + "a" * 64 + ".example/", "https://two..dots.example/")
    urls = (*strange, receiver.url)
    for url in urls:
        OutboundCall.objects.create(client=bench.client, url=url, payload={}, next_attempt_at=bench.at)
    assert deliver_due(at=bench.at) == 3
    assert len(receiver.calls) == 1
    assert set(OutboundCall.objects.exclude(url=receiver.url).values_list("state", "attempts")) == {("pending", 1)}


def test_an_answer_without_end_is_not_read(settings: Any) -> None:
    settings.OUTBOUND_ALLOW_PRIVATE = True
    told = 0

    class Endless(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            nonlocal told
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.end_headers()
            try:
                while told < 200_000_000:
                    told += self.wfile.write(b"x" * 65536)
            except OSError:
                pass

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

    server = HTTPServer(("127.0.0.1", 0), Endless)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    bench = Bench()
    OutboundCall.objects.create(
        client=bench.client, url=f"http://127.0.0.1:{server.server_port}/", payload={}, next_attempt_at=bench.at
    )
    deliver_due(at=bench.at)
    server.shutdown()
    server.server_close()
    assert OutboundCall.objects.get().state == "delivered"
    assert told < 100_000_000


def test_every_client_has_a_secret_of_its_own() -> None:
    from tests.worlds import make_client

    one, other = make_client("One"), make_client("Other")
    assert signing_secret(one) == signing_secret(one) != signing_secret(other)
