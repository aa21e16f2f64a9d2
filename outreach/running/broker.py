"""The broker for a machine that has none: kombu's file transport, with messages that appear whole.

kombu writes a message in place, so that a reader may take it while it is still empty, and the worker dies of it.
Here a message is written under another name and renamed, which POSIX makes one step. A folder that was removed is
made again: messages are only doorbells, so that what was in it is no loss.
"""

import os
import uuid
from pathlib import Path
from queue import Empty
from time import monotonic
from typing import Any

from kombu.exceptions import ChannelError
from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.json import dumps

SCHEME = "embedded"


class Channel(filesystem.Channel):
    def _put(self, queue: str, payload: dict[str, Any], **kwargs: Any) -> None:  # type: ignore[override]
        """Names sort by time, which is the order in which readers take messages."""
        folder = Path(self.data_folder_out)
        name = f"{round(monotonic() * 1000):015d}_{uuid.uuid4()}.{queue}.msg"
        unfinished = folder / f"{name}.part"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            unfinished.write_text(dumps(payload))
            os.replace(unfinished, folder / name)
        except OSError as problem:
            raise ChannelError(f"Cannot add {name!r} to the broker's folder {folder}") from problem

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        try:
            return super()._get(queue)
        except FileNotFoundError:
            Path(self.data_folder_in).mkdir(parents=True, exist_ok=True)
            raise Empty from None


class Transport(filesystem.Transport):
    Channel = Channel


def register() -> None:
    """Let `embedded://` name this transport."""
    TRANSPORT_ALIASES[SCHEME] = f"{__name__}:Transport"
