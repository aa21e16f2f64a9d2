"""The broker of a machine that has none: messages appear whole, and a broker that is away loses nothing."""

import json
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from queue import Empty

import pytest
from celery import Celery
from kombu import Connection
from kombu.transport.virtual import Channel

from integrations.models import WebhookReceipt
from outreach.doorbell import ring
from outreach.running import broker
from tests.bench import Bench

QUEUE = "outreach"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def options(folder: Path) -> dict[str, str]:
    return {"data_folder_in": str(folder), "data_folder_out": str(folder), "control_folder": str(folder)}


@pytest.fixture
def channel(folder: Path) -> Iterator[Channel]:
    broker.register()
    with Connection("embedded://localhost//", transport_options=options(folder)) as connection:
        yield connection.channel()


def test_messages_come_out_as_they_went_in_and_once(channel: Channel) -> None:
    messages = [{"number": number, "text": "é🦊"} for number in range(20)]
    for message in messages:
        channel._put(QUEUE, message)
    assert sorted((channel._get(QUEUE) for _ in range(20)), key=lambda each: each["number"]) == messages
    with pytest.raises(Empty):
        channel._get(QUEUE)


def test_a_queue_gives_only_its_own_messages(channel: Channel) -> None:
    channel._put("other", {"number": 1})
    with pytest.raises(Empty):
        channel._get(QUEUE)
    assert channel._get("other") == {"number": 1}


def test_a_reader_never_sees_an_unfinished_message(channel: Channel, folder: Path) -> None:
    """Large messages, and somebody who reads each the moment it shows."""
    seen, broken, done = set[str](), list[str](), threading.Event()

    def read() -> None:
        while not done.is_set():
            for path in folder.glob("*.msg"):
                if path.name not in seen:
                    seen.add(path.name)
                    try:
                        json.loads(path.read_bytes())
                    except ValueError:
                        broken.append(path.name)

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(25):
        channel._put(QUEUE, {"text": "x" * 2_000_000})
    done.set()
    reader.join()
    assert broken == []
    assert not list(folder.glob("*.part"))


def test_what_is_still_being_written_is_not_taken(channel: Channel, folder: Path) -> None:
    (folder / f"000000000000001_x.{QUEUE}.msg.part").write_text('{"number": 1')
    with pytest.raises(Empty):
        channel._get(QUEUE)


def test_a_folder_that_was_removed_is_made_again(channel: Channel, folder: Path) -> None:
    channel._put(QUEUE, {"number": 1})
    shutil.rmtree(folder)
    with pytest.raises(Empty):
        channel._get(QUEUE)
    channel._put(QUEUE, {"number": 2})
    assert channel._get(QUEUE) == {"number": 2}
    shutil.rmtree(folder)
    channel._put(QUEUE, {"number": 3})
    assert channel._get(QUEUE) == {"number": 3}


def away(folder: Path) -> Celery:
    """An application whose broker's folder is gone."""
    app = Celery("away", broker="embedded://localhost//", set_as_current=False)
    app.conf.broker_transport_options = options(folder / "gone")
    app.conf.task_default_queue = QUEUE
    return app


@pytest.mark.django_db
def test_a_bell_that_cannot_ring_is_only_logged(
    folder: Path, caplog: pytest.LogCaptureFixture, django_capture_on_commit_callbacks: object
) -> None:
    broker.register()
    app = away(folder)

    @app.task(name="somebody.home")
    def somebody() -> None:
        """Never reached."""

    (folder / "gone").mkdir()
    with app.connection_for_write() as connection:
        connection.default_channel  # noqa: B018  (the transport makes its folders when it is opened)
        with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
            (folder / "gone").rename(folder / "elsewhere")
            (folder / "gone").write_text("a file where the folder was")
            ring(somebody)
    assert "somebody.home" in caplog.text


@pytest.mark.django_db
def test_a_bell_rings_only_once_the_change_is_committed(django_capture_on_commit_callbacks: object) -> None:
    bench = Bench()
    with django_capture_on_commit_callbacks() as callbacks:  # type: ignore[operator]
        bench.deliver("users", {"event": "x"})
        assert WebhookReceipt.objects.count() == 1
    assert len(callbacks) == 1
