"""An account's page says what it may do today, which limit says so, and takes every limit there is."""

import re
from datetime import date, timedelta

from django.urls import reverse

from integrations.models import OWN_LIMITS, Account, ActionSleep
from tests.console.addresses import page
from tests.console.conftest import AT


def test_the_page_names_the_limit_that_binds_each_action(client_admin, ours):
    Account.objects.filter(pk=ours.account.pk).update(
        tier="free", inmails_per_week=3, invitations_slowed_to=6, slowed_because="12 % were accepted, the floor is 20 %"
    )
    until = AT + timedelta(hours=5)
    ActionSleep.objects.create(account=ours.account, action="message", until=until, in_a_row=1)
    shown = client_admin.get(page(ours.account)).content.decode()
    assert "<td>Invitation</td><td>7 of 6</td><td>6 a day, 12 % were accepted, the floor is 20 %" in shown
    assert "<td>Message</td><td>0 of 100</td><td>100 a day, set for this account; at rest after a refusal" in shown
    assert "<td>Invitation with note</td><td>0 of 5</td><td>0 of 5 in thirty days, LinkedIn Free" in shown
    assert "to 6 a day: 12 % were accepted" in shown


def test_every_limit_can_be_set_on_the_page_and_a_ramp_up_when_it_is_added(client_admin, ours):
    shown = client_admin.get(page(ours.account)).content.decode()
    assert [name for name in OWN_LIMITS if f'name="{name}"' not in shown] == []
    added = client_admin.post(
        reverse("admin:integrations_account_add"),
        {
            "client": str(ours.client.pk),
            "sender": str(ours.account.sender_id),
            "name": "New one",
            "channel": "linkedin",
            "tier": "free",
            "provider_account_id": "acc-new",
            "provider_user_id": "",
            "public_identifier": "",
            "invitations_per_day": "25",
            "messages_per_day": "100",
            "spacing_min_seconds": "40",
            "spacing_max_seconds": "140",
            "time_zone": "Europe/London",
            "ramp_up_started_on": "2026-03-02",
            "ramp_up_days": "14",
            "ramp_up_percent": "25",
            "sleeps-TOTAL_FORMS": "0",
            "sleeps-INITIAL_FORMS": "0",
        },
    )
    assert added.status_code == 302, re.findall(r"errorlist.*", added.content.decode())
    account = Account.objects.get(name="New one")
    assert (account.ramp_up_started_on, account.ramp_up_days, account.ramp_up_percent) == (date(2026, 3, 2), 14, 25)
