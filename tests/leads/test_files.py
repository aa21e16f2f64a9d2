"""Reading lead files: every way in which the world writes a table, and what is no table."""

import csv
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads.files import LeadFile, LeadFileError, Row, open_lead_file
from leads.formats import understood_columns

FILES = Path(__file__).parent / "files"
HEADER = "First Name,Email\n"


def opened(content: bytes | str, encoding: str = "") -> LeadFile:
    stream = io.BytesIO(content.encode() if isinstance(content, str) else content)
    return open_lead_file(stream, score=understood_columns, encoding=encoding)


def cells(content: bytes | str) -> list[tuple[str, ...]]:
    return [row.cells for row in opened(content).rows()]


@pytest.mark.parametrize(
    ("name", "encoding", "delimiter", "header_line"),
    [
        ("linkedin_connections.csv", "utf-8", ",", 4),
        ("linkedin_connections_padded.csv", "utf-8-sig", ",", 6),
        ("linkedin_connections_old.csv", "utf-8", ",", 1),
        ("generic_semicolons_cp1252.csv", "cp1252", ";", 1),
        ("generic_tabs_utf16.txt", "utf-16", "\t", 1),
    ],
)
def test_how_a_file_is_written_is_found_out(name: str, encoding: str, delimiter: str, header_line: int) -> None:
    with (FILES / name).open("rb") as stream:
        found = open_lead_file(stream, score=understood_columns)
    assert (found.encoding, found.delimiter, found.header_line) == (encoding, delimiter, header_line)


@pytest.mark.parametrize(
    "codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "cp1250"]
)
def test_names_survive_every_encoding(codec: str) -> None:
    name = "Grażyna Wiśniewska" if codec == "cp1250" else "Zoé Lefèvre"
    rows = f"{name},mail@example.example\n" * 20
    assert cells((HEADER + rows).encode(codec))[0][0] == name


@pytest.mark.parametrize(("codec", "name"), [("cp1251", "Иван Петров"), ("cp932", "山田太郎")])
def test_other_scripts_are_recognised(codec: str, name: str) -> None:
    found = opened((HEADER + f"{name},mail@example.example\n" * 20).encode(codec))
    assert next(found.rows()).cells[0] == name
    assert "a guess" in found.warnings[0]


def test_one_western_accent_is_enough_for_the_right_guess() -> None:
    assert cells((HEADER + "Íñigo,i@mail.example\n").encode("cp1252"))[0][0] == "Íñigo"


def test_an_encoding_given_by_hand_overrules_the_guess() -> None:
    content = (HEADER + "Jiří,j@mail.example\n").encode("cp1250")
    assert next(opened(content, encoding="cp1250").rows()).cells[0] == "Jiří"


@pytest.mark.parametrize("unknown", ["klingon", "base64"])
def test_an_unknown_encoding_is_named(unknown: str) -> None:
    with pytest.raises(LeadFileError, match=f"no encoding named '{unknown}'"):
        opened(HEADER, encoding=unknown)


def test_a_file_in_two_encodings_is_refused_with_its_line() -> None:
    good = "Zoé,z@mail.example\n" * 5
    with pytest.raises(LeadFileError, match="line 7 holds characters in another encoding"):
        opened((HEADER + good).encode() + "Zoé,z@mail.example\n".encode("cp1252"))


def test_a_damaged_unicode_file_is_refused_with_its_line() -> None:
    with pytest.raises(LeadFileError, match="wrong character near line 3"):
        opened(b"\xef\xbb\xbf" + HEADER.encode() + b"Ada,a@mail.example\nZo\xe9,z@mail.example\n")


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_every_line_ending_is_understood(ending: str) -> None:
    content = ending.join(["First Name,Email", "Ada,a@mail.example", "", "Ben,b@mail.example"])
    assert [(row.line, row.cells[0]) for row in opened(content).rows()] == [(2, "Ada"), (4, "Ben")]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_every_delimiter_is_recognised_whatever_the_cells_hold(delimiter: str) -> None:
    content = f'First Name{delimiter}Email{delimiter}Note\nAda{delimiter}a@mail.example{delimiter}"a,b;c|d\te"\n'
    assert cells(content) == [("Ada", "a@mail.example", "a,b;c|d\te")]


def test_a_single_column_needs_no_delimiter() -> None:
    assert cells("LinkedIn URL\nhttps://www.linkedin.com/in/ada\n") == [("https://www.linkedin.com/in/ada",)]


def test_a_spreadsheets_separator_line_is_no_header() -> None:
    found = opened("sep=;\nFirst Name;Email\nAda;a@mail.example\n")
    assert (found.delimiter, found.header_line) == (";", 2)


def test_the_line_of_a_row_is_where_it_begins_also_after_cells_of_many_lines() -> None:
    content = 'First Name,Email,Note\nAda,a@mail.example,"one\ntwo\nthree"\nBen,b@mail.example,x\n'
    assert [row.line for row in opened(content).rows()] == [2, 5]


def test_a_header_below_the_tenth_row_is_not_looked_for() -> None:
    assert opened("note\n" * 9 + HEADER).header_line == 10
    with pytest.raises(LeadFileError, match=r"No header was found in the first 10 rows.*'note'"):
        opened("note\n" * 10 + HEADER)


def test_repeated_and_blank_names_are_repaired_and_keep_their_columns() -> None:
    found = opened("Email,,Email, email ,\na,b,c,d,e\n")
    assert found.header == ("Email", "Column 2", "Email (2)", "email (3)", "Column 5")


def test_an_open_quotation_mark_is_refused_with_the_line_of_its_row() -> None:
    with pytest.raises(LeadFileError, match="begins on line 3 opens a quotation mark"):
        opened(HEADER + 'Ada,a@mail.example\n"Ben,b@mail.example\nCleo,c@mail.example\n')


def test_an_open_quotation_mark_in_the_first_line_is_refused_too() -> None:
    with pytest.raises(LeadFileError, match="begins on line 1 opens a quotation mark"):
        opened('"First Name,Email\nAda,a@mail.example\n')


def test_irregular_quotation_marks_are_warned_of() -> None:
    found = opened(HEADER + 'Ada,a@mail.example\n"Ben "Bo" Sample",b@mail.example\n')
    assert "Line 3: the quotation marks are irregular" in found.warnings[0]
    assert len(list(found.rows())) == 2


def test_nul_characters_are_left_out_and_warned_of() -> None:
    found = opened(HEADER.encode() + b"A\0da,a@mail.example\n")
    assert next(found.rows()).cells[0] == "Ada"
    assert "NUL" in found.warnings[0]


def test_a_line_without_end_is_refused() -> None:
    with pytest.raises(LeadFileError, match="Line 2 has over a million characters"):
        opened(HEADER + "x" * 2_000_000)


def archive(*names: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as packed:
        for name in names:
            packed.writestr(zipfile.ZipInfo(name), "content")  # without today's time: tests are named by these bytes
    return content.getvalue()


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf\r\n \r\n", "is empty"),
        (b",,,\n,,,\n", "is empty"),
        (archive("[Content_Types].xml", "xl/workbook.xml"), r"an Excel workbook \(\.xlsx\)"),
        (archive("Basic_LinkedInDataExport/Connections.csv"), "take Connections.csv"),
        (archive("other.txt"), "a ZIP archive"),
        (b"PK\x03\x04 cut off", "a damaged ZIP archive"),
        (b"%PDF-1.7 ...", "a PDF document"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 ...", "an old Excel workbook"),
        (b"\n<!DOCTYPE html><html><body>Log in</body></html>", "a web page"),
        (b'{"leads": []}', "a JSON document"),
        (b"\x7fELF\x01\x02\x03\x04\x05\x06\x07\x08\x0e\x0f", "a binary file"),
        (b"colour,size\nred,1\n", "No header was found"),
    ],
)
def test_what_is_no_lead_file_is_named_and_refused(content: bytes, complaint: str) -> None:
    with pytest.raises(LeadFileError, match=complaint):
        opened(content)


def test_rows_can_be_read_again_from_the_start() -> None:
    found = opened(HEADER + "Ada,a@mail.example\n")
    assert list(found.rows()) == list(found.rows()) == [Row(2, ("Ada", "a@mail.example"))]


class Endless(io.RawIOBase):
    """A file of many rows that exists only as far as it is read, and notes the largest piece asked for."""

    ROW = b"Ada,ada@mail.example\n"

    def __init__(self, rows: int) -> None:
        self._size = len(HEADER) + rows * len(self.ROW)
        self._at = 0
        self.largest = 0

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0, /) -> int:
        self._at = offset
        return offset

    def read(self, size: int = -1, /) -> bytes:
        assert size > 0, "the whole file was asked for at once"
        self.largest = max(self.largest, size)
        end = min(self._at + size, self._size)
        whole = HEADER.encode() + self.ROW * (max(0, end - len(HEADER)) // len(self.ROW) + 1)
        piece, self._at = whole[self._at : end], end
        return piece


def test_a_file_is_read_in_pieces_and_never_whole() -> None:
    stream = Endless(rows=12_000)
    rows: Iterator[Row] = open_lead_file(stream, score=understood_columns).rows()  # type: ignore[arg-type]
    assert sum(1 for _ in rows) == 12_000
    assert stream.largest <= 64 * 1024


@given(
    st.lists(
        st.lists(
            st.text(st.characters(codec="utf-8", exclude_categories=["Cc"], include_characters="\n\r"), max_size=8),
            min_size=2,
            max_size=5,
        ),
        max_size=8,
    ),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    st.sampled_from(["\n", "\r\n"]),
)
def test_what_the_csv_module_writes_is_read_back(rows: list[list[str]], codec: str, ending: str) -> None:
    written = io.StringIO(newline="")
    writer = csv.writer(written, quoting=csv.QUOTE_ALL, lineterminator=ending)
    writer.writerows([["First Name", "Email", "A", "B", "C"], *rows])
    assert cells(written.getvalue().encode(codec)) == [tuple(row) for row in rows]


@given(st.binary(max_size=300))
def test_no_bytes_are_too_odd(content: bytes) -> None:
    try:
        list(opened(content).rows())
    except LeadFileError as error:
        assert str(error).endswith((".", "then."))
