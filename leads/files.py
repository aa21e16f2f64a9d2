"""Reading lead files: bytes in, rows with their line numbers out, in memory that does not grow with the file.

What is broken is found before the first row is handed out, so a file is read whole or not at all.
"""

import codecs
import csv
import io
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import BinaryIO

from leads.encodings import BLOCK, Encoding, MixedEncodings, encoding_of, evident_encoding

DELIMITERS = (",", ";", "\t", "|")
HEADER_WITHIN = 10
"""The header is looked for in so many rows: notes may stand above it."""
LONGEST_LINE = 1_000_000
"""In characters. A longer one is no line of a lead file."""

_MENDING = "Open the file in a spreadsheet, save it as 'CSV UTF-8 (comma delimited)' and import that file."
_FOREIGN = (
    (b"%PDF", "a PDF document"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls)"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"{\\rtf", "a rich-text document"),
    (b"BEGIN:VCARD", "a vCard file"),
)
_FOREIGN_TEXT = (
    ("<!doctype html", "a web page (perhaps the download's log-in page)"),
    ("<html", "a web page (perhaps the download's log-in page)"),
    ("<", "an XML or HTML document"),
    ("{", "a JSON document"),
    ("[{", "a JSON document"),
)
_CONTROL = bytes(code for code in range(32) if code not in b"\0\t\n\x0b\x0c\r\x1a\x1b")

HeaderScore = Callable[[Sequence[str]], int]
"""How many columns of a row of names are understood; 0 if it cannot be the header of a lead file."""


class LeadFileError(Exception):
    """The file cannot be read. The text says what is wrong with it and how to mend it."""


@dataclass(frozen=True, slots=True)
class Row:
    """One record. `line` is the physical line on which it begins, counted from 1."""

    line: int
    cells: tuple[str, ...]

    @property
    def is_blank(self) -> bool:
        return not any(cell.strip() for cell in self.cells)


@dataclass(frozen=True, slots=True)
class LeadFile:
    """A file that is known to be readable, and how it is written."""

    encoding: str
    delimiter: str
    header_line: int
    header: tuple[str, ...]
    """Column names, each one different from the others and none blank."""
    warnings: tuple[str, ...]
    stream: BinaryIO = field(repr=False)

    def rows(self) -> Iterator[Row]:
        """The rows below the header, also those that hold nothing; wholly empty lines are no rows.

        Starts over at each call; two calls must not be mixed, for they share the stream.
        """
        records = _records(_lines(self.stream, self.encoding), self.delimiter)
        return (row for row in records if row.line > self.header_line)


def open_lead_file(stream: BinaryIO, *, score: HeaderScore, encoding: str = "") -> LeadFile:
    """Find out how a file is written and check that all of it can be read.

    The stream must be seekable, for it is read more than once. `encoding` overrules what would be found out.
    Raises LeadFileError.
    """
    _refuse_foreign(stream)
    found = _encoding(stream, encoding)
    delimiter, header = _header(stream, found.codec, score)
    irregular_line = _check(stream, found.codec, delimiter)
    return LeadFile(
        encoding=found.codec,
        delimiter=delimiter,
        header_line=header.line,
        header=_repaired(header.cells),
        warnings=tuple(_warnings(stream, found, irregular_line)),
        stream=stream,
    )


def _refuse_foreign(stream: BinaryIO) -> None:
    stream.seek(0)
    head = stream.read(BLOCK)
    if not head.strip(b"\0\r\n\t ,;|\xef\xbb\xbf\xfe\xff"):
        raise LeadFileError("The file is empty. Export it again and check its size before importing it.")
    foreign = _foreign_kind(stream, head)
    if foreign:
        raise LeadFileError(f"The file is {foreign}, not CSV. {_MENDING}")


def _foreign_kind(stream: BinaryIO, head: bytes) -> str:
    """What the file is if it is no table in plain text, in words; "" if it may be one."""
    if head.startswith(b"PK\x03\x04"):
        return _kind_of_zip(stream)
    text = head[:64].lstrip(b"\xef\xbb\xbf\xff\xfe \r\n\t").replace(b"\0", b"").decode("latin-1").lower()
    by_bytes = next((kind for magic, kind in _FOREIGN if head.startswith(magic)), "")
    by_text = next((kind for start, kind in _FOREIGN_TEXT if text.startswith(start)), "")
    return by_bytes or by_text or ("a binary file" if _is_binary(head) else "")


def _is_binary(head: bytes) -> bool:
    """Whether one byte in fifty is a control character. In UTF-16 they are halves of letters."""
    control = len(head) - len(head.translate(None, _CONTROL))
    return control > len(head) // 50 and not evident_encoding(head)


def _kind_of_zip(stream: BinaryIO) -> str:
    try:
        names = zipfile.ZipFile(stream).namelist()
    except zipfile.BadZipFile:
        return "a damaged ZIP archive"
    if any(name.startswith("xl/") for name in names):
        return "an Excel workbook (.xlsx)"
    if any(name.endswith("Connections.csv") for name in names):
        return "a LinkedIn data archive (unpack it and take Connections.csv from it)"
    return "a ZIP archive"


def _encoding(stream: BinaryIO, wanted: str) -> Encoding:
    try:
        return _named(wanted) if wanted else encoding_of(stream)
    except MixedEncodings as error:
        stream.seek(0)
        line = 1 + sum(block.count(b"\n") for block in _blocks(stream, error.offset))
        raise LeadFileError(
            f"The file is UTF-8, but line {line} holds characters in another encoding. "
            f"Correct that line, then save the file as 'CSV UTF-8'."
        ) from None


def _named(wanted: str) -> Encoding:
    try:
        "".encode(wanted)  # Refuses codecs that are no text encodings, such as base64.
    except LookupError:
        raise LeadFileError(f"There is no encoding named '{wanted}'. Try 'utf-8' or 'cp1252'.") from None
    return Encoding(codecs.lookup(wanted).name)


def _blocks(stream: BinaryIO, length: int) -> Iterator[bytes]:
    """The next `length` bytes, in pieces."""
    while length > 0 and (block := stream.read(min(BLOCK, length))):
        length -= len(block)
        yield block


def _lines(stream: BinaryIO, codec: str) -> Iterator[str]:
    """Physical lines with their endings (LF, CR LF or a lone CR), without NUL characters."""
    stream.seek(0)
    decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder(codec)(), translate=False)
    begun, count = "", 0
    while True:
        block = stream.read(BLOCK)
        text = begun + _decoded(decoder, block, codec, count)
        *whole, begun = _split(text if count else text.lstrip("\ufeff"))
        yield from whole
        count += len(whole)
        if len(begun) > LONGEST_LINE:
            raise LeadFileError(f"Line {count + 1} has over a million characters: this is no CSV. {_MENDING}")
        if not block:
            yield from filter(None, [begun])
            return


def _decoded(decoder: io.IncrementalNewlineDecoder, block: bytes, codec: str, lines_before: int) -> str:
    try:
        return decoder.decode(block, final=not block).replace("\0", "")
    except UnicodeDecodeError as error:
        line = lines_before + 1 + error.object[: error.start].count(b"\n")
        raise LeadFileError(
            f"The file cannot be read as {codec}: there is a wrong character near line {line}. {_MENDING}"
        ) from None


def _split(text: str) -> list[str]:
    """Whole lines, and last what follows them. `str.splitlines` would split at too many characters."""
    lines = list(io.StringIO(text, newline=""))
    return lines if lines and not lines[-1].endswith(("\n", "\r")) else [*lines, ""]


class _Feed:
    """Hands lines to the csv module and knows whether it has asked for more than there are."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self.is_exhausted = False

    def __iter__(self) -> Iterator[str]:
        yield from self._lines
        self.is_exhausted = True


def _records(lines: Iterable[str], delimiter: str) -> Iterator[Row]:
    """Rows with the line each begins on; lines that hold nothing at all are left out."""
    feed = _Feed(lines)
    reader = csv.reader(feed, delimiter=delimiter, skipinitialspace=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error:
            raise LeadFileError(_open_quotation(line)) from None
        if cells is None:
            return
        # A complete row never makes the reader look for a further line.
        if feed.is_exhausted:
            raise LeadFileError(_open_quotation(line))
        if cells:
            yield Row(line, tuple(cells))


def _open_quotation(line: int) -> str:
    return (
        f"The row that begins on line {line} opens a quotation mark that is never closed. "
        "Close or remove it, or export the file again, and import it then."
    )


def _header(stream: BinaryIO, codec: str, score: HeaderScore) -> tuple[str, Row]:
    """The delimiter and the row of column names: the reading in which most names are understood."""
    readings = [
        (score(row.cells), delimiter, row)
        for delimiter in DELIMITERS
        for row in _first_records(stream, codec, delimiter)
    ]
    if not readings:
        _read_through(stream, codec, DELIMITERS[0])
        raise LeadFileError("The file holds only empty lines. Export it again and check it before importing it.")
    understood, delimiter, header = max(readings, key=lambda reading: reading[0])
    if not understood:
        raise LeadFileError(_no_header(readings[0][2]))
    return delimiter, header


def _first_records(stream: BinaryIO, codec: str, delimiter: str) -> Iterator[Row]:
    """The rows among which the header is looked for, as far as they can be read with this delimiter."""
    try:
        yield from islice(_records(_lines(stream, codec), delimiter), HEADER_WITHIN)
    except LeadFileError:
        return


def _no_header(first: Row) -> str:
    cells = ", ".join(f"'{cell.strip()[:40]}'" for cell in first.cells[:6])
    return (
        f"No header was found in the first {HEADER_WITHIN} rows. A lead file needs a row of column names, at "
        "least one for LinkedIn addresses (such as 'LinkedIn URL') or e-mail addresses (such as 'Email'). "
        f"The file begins with: {cells}. Name its columns and import it again."
    )


def _check(stream: BinaryIO, codec: str, delimiter: str) -> int:
    """Read everything once. Returns the first line whose quotation marks are irregular, 0 if there is none.

    Irregular ones (`"Acme "The Best" Ltd"`) are read as spreadsheets read them, which may join rows.
    """
    strict = csv.reader(_lines(stream, codec), delimiter=delimiter, skipinitialspace=True, strict=True)
    try:
        for _ in strict:
            pass
    except csv.Error:
        irregular_line = strict.line_num
        _read_through(stream, codec, delimiter)
        return irregular_line
    return 0


def _read_through(stream: BinaryIO, codec: str, delimiter: str) -> None:
    """Read every row, for the error that one of them may raise."""
    for _ in _records(_lines(stream, codec), delimiter):
        pass


def _repaired(names: Sequence[str]) -> tuple[str, ...]:
    """Names that differ from each other: a repeated one is numbered, a blank one is called by its place."""
    repaired: list[str] = []
    for place, name in enumerate(names, start=1):
        wanted = " ".join(name.replace("\ufeff", "").split()) or f"Column {place}"
        repaired.append(_unused(wanted, repaired))
    return tuple(repaired)


def _unused(wanted: str, taken: Sequence[str]) -> str:
    lowered = {name.lower() for name in taken}
    name, number = wanted, 1
    while name.lower() in lowered:
        number += 1
        name = f"{wanted} ({number})"
    return name


def _warnings(stream: BinaryIO, encoding: Encoding, irregular_line: int) -> Iterator[str]:
    if encoding.is_guess:
        yield (
            f"The file is not Unicode; it was read as {encoding.codec}, which is a guess. "
            "Check names with accents, or save the file as 'CSV UTF-8'."
        )
    if irregular_line:
        yield (
            f"Line {irregular_line}: the quotation marks are irregular, so rows around it may have been "
            "joined. Check them."
        )
    if not encoding.codec.startswith(("utf-16", "utf-32")) and _holds_nul(stream):
        yield "The file holds NUL characters; they were left out."


def _holds_nul(stream: BinaryIO) -> bool:
    stream.seek(0)
    return any(b"\0" in block for block in iter(lambda: stream.read(BLOCK), b""))
