"""The status that is asked of the database is the one that is shown."""

from itertools import product

import pytest

from campaigns.api.statuses import LeadStatus, has_any_status, has_status
from campaigns.models import Enrollment
from tests.api.tenants import Tenant

pytestmark = pytest.mark.django_db


def test_every_combination_is_found_under_the_status_it_shows_and_no_other(northwind: Tenant) -> None:
    shown = set()
    for state, stage, held in product(Enrollment.State.values, Enrollment.Stage.values, ["", "text_refused"]):
        Enrollment.objects.update(state=state, stage=stage, held_because=held)
        status = Enrollment.objects.get().status
        found = {each for each in LeadStatus.values if Enrollment.objects.filter(has_status(each)).exists()}
        assert found == {status}, (state, stage, held)
        shown.add(status)
    assert shown == set(LeadStatus.values)


def test_no_status_asked_for_means_any(northwind: Tenant) -> None:
    assert Enrollment.objects.filter(has_any_status([])).exists()
