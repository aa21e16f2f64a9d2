"""Somebody writes, and only later does an import say whose id that was."""

import pytest

from campaigns.models import Enrollment
from inbox.models import Conversation
from leads.models import Lead
from tests.bench import INVITE, Bench

pytestmark = pytest.mark.django_db


def test_a_lead_who_learns_its_id_from_an_import_takes_up_what_was_written_before() -> None:
    bench = Bench()
    friend = bench.friend()
    lead = bench.lead(public_identifier="somebody-known-by-name")
    walk = bench.walk(lead, INVITE)
    bench.wait(minutes=1)
    bench.answer(friend)
    bench.read()
    assert Conversation.objects.filter(person=friend.provider_id, lead=None).exists()
    Lead.objects.filter(pk=lead.pk).update(provider_id=friend.provider_id)
    bench.keep_house()
    assert not Conversation.objects.filter(person=friend.provider_id, lead=None).exists()
    assert Enrollment.objects.get(pk=walk.pk).exit_reason == "replied"
