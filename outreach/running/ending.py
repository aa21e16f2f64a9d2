"""Whether this process was asked to end. What has begun is finished then, and nothing new begins.

Celery tells it to the main process of a worker alone; the mark lies in memory that its children share.
"""

import mmap
from typing import Any

_mark = mmap.mmap(-1, 1)


def begin(**_: Any) -> None:
    """The process, with its children, ends as soon as what is at hand is done."""
    _mark[0] = 1


def has_begun() -> bool:
    return _mark[0] == 1


def forget() -> None:
    """For tests: nobody ends."""
    _mark[0] = 0
