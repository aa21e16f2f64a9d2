import pytest
from tests.campaigns.test_simulating import *
@pytest.mark.django_db
def test_scale():
    client = make_client(); accounts=[make_account(client, provider_account_id=f"a{i}", name=f"Sender {i}", invitations_per_day=40) for i in range(3)]
    campaign = make_campaign(client, accounts, steps=(INVITE,)+(WRITE_NEXT_HOUR,)*4)
    leads=[Lead(client=client, first_name="A", public_identifier=f"p{i}", company="X", email=f"p{i}@x{i}.example") for i in range(5000)]
    Lead.objects.bulk_create(leads); enroll(campaign=campaign, leads=leads, by=None, at=MONDAY_MORNING)
    t=clock.stopwatch(); p=simulate(campaign=campaign, at=MONDAY_MORNING, days=90); print("TIME", clock.stopwatch()-t, p.unfinished, len(sends(p)))
    c2 = make_campaign(client, accounts, name="Demo"); enroll(campaign=c2, leads=leads[:150], by=None, at=MONDAY_MORNING)
    print(typed("Demo", "--senders", "+1"))
