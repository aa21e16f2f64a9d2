"""Lead files between the two steps of an import: kept on disk, named by a signed ticket."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO, Self
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.core.files.uploadedfile import UploadedFile

from outreach.identifiers import new_id

SALT = "leads.import"
VALID_SECONDS = 24 * 3600
# Lead files hold personal data: no more of them stay on disk for a user than can be under way at once.
KEPT_FOR_A_USER = 3


class TicketError(Exception):
    """The ticket is not ours, too old, or its file is gone."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """An uploaded file on its way into a client's leads, and whose upload it is."""

    file: str
    filename: str
    client_id: str
    user_id: str
    tags: tuple[str, ...]
    include_filtered: bool

    def sign(self) -> str:
        return signing.dumps(asdict(self), salt=SALT)

    @classmethod
    def read(cls, signed: str, *, user_id: UUID) -> Self:
        """Raises TicketError for a ticket that is not this user's or no longer of use."""
        try:
            data: dict[str, Any] = signing.loads(signed, salt=SALT, max_age=VALID_SECONDS)
        except signing.BadSignature:
            raise TicketError("This import has expired. Upload the file again.") from None
        ticket = cls(**{**data, "tags": tuple(data["tags"])})
        if ticket.user_id != str(user_id) or not ticket.path.exists():
            raise TicketError("The uploaded file is no longer there. Upload it again.")
        return ticket

    @property
    def path(self) -> Path:
        return _folder(self.user_id) / self.file

    def open(self) -> BinaryIO:
        return self.path.open("rb")


def _folder(user_id: str) -> Path:
    return Path(settings.DATA_DIR) / "uploads" / user_id


def keep(
    upload: UploadedFile, *, client_id: UUID, user_id: UUID, tags: tuple[str, ...], include_filtered: bool
) -> Ticket:
    """Store an upload and forget the user's oldest ones. Names grow with time, so their order is their age."""
    folder = _folder(str(user_id))
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{new_id()}.csv"
    with (folder / name).open("wb") as file:
        for chunk in upload.chunks():
            file.write(chunk)
    for old in sorted(folder.iterdir())[:-KEPT_FOR_A_USER]:
        old.unlink(missing_ok=True)
    return Ticket(name, upload.name or "leads.csv", str(client_id), str(user_id), tags, include_filtered)
