"""A manual task is done or skipped from its page, and its lead goes on."""

from django.urls import reverse

from campaigns.models import ManualTask
from tests.console.addresses import listing


def press(browser, task: ManualTask, name: str, **form: str):
    answer = {"_form_submitted": "on", **form}
    return browser.post(reverse(f"admin:campaigns_manualtask_{name}", args=[task.pk]), answer)


def test_a_task_is_done_with_a_note(agent, ours):
    press(agent, ours.task, "done", note="She calls back.")
    ours.task.refresh_from_db()
    assert (ours.task.state, ours.task.note) == ("done", "She calls back.")
    assert ours.task.closed_by.startswith("operator:")


def test_tasks_are_skipped_from_the_list(agent, ours):
    agent.post(listing(ManualTask), {"action": "skip_selected", "_selected_action": [str(ours.task.pk)]})
    ours.task.refresh_from_db()
    assert ours.task.state == "skipped"


def test_a_viewer_closes_nothing(viewer, ours):
    assert press(viewer, ours.task, "done").status_code == 403
    ours.task.refresh_from_db()
    assert ours.task.state == "open"
