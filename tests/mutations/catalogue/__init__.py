"""Every planted bug, room by room."""

from tests.mutations.bug import Bug
from tests.mutations.catalogue import deciding, hearing, planning, sending

BUGS: tuple[Bug, ...] = (*sending.BUGS, *deciding.BUGS, *planning.BUGS, *hearing.BUGS)
