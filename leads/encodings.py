"""In which encoding a lead file is written: by its mark, by strict reading, and only then by a guess."""

import codecs
import re
from dataclasses import dataclass
from typing import BinaryIO

from charset_normalizer import from_bytes

BLOCK = 64 * 1024

# The longer marks first: UTF-32's begins with UTF-16's.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What spreadsheets and exports write when they write neither Unicode nor Western text.
_LIKELY = ["cp1250", "cp1251", "cp1253", "cp1254", "cp932", "cp949", "gb18030", "big5", "mac_roman"]
_WESTERN = "cp1252"
_UTF8_SEQUENCE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_NOT_ASCII = re.compile(rb"[\x80-\xff]")
# Western words seldom hold three accented letters in a row, a symbol inside, or one of some symbols in front.
# Words of other scripts often do, when they are read as Western.
_UNLIKE_WESTERN_WORDS = re.compile(
    r"[^\x00-\x7f\W]{3}"
    r"|[^\W\d_][\xa1-\xbf\xd7\xf7\u2018\u201c-\u201e\u2020-\u2022\u2026\u2030\u0192\u02dc][^\W\d_]"
    r"|[\xa2-\xa6\xaf\xb1\xb3\xb9\xbc-\xbe][^\W\d_]"
)


@dataclass(frozen=True, slots=True)
class Encoding:
    codec: str
    is_guess: bool = False


class MixedEncodings(Exception):
    """The file is UTF-8 in one place and something else in another. `offset` is the first stray byte."""

    def __init__(self, offset: int) -> None:
        super().__init__(f"mixed encodings, first at byte {offset}")
        self.offset = offset


def encoding_of(stream: BinaryIO) -> Encoding:
    """The encoding of a seekable stream, read from its start in blocks.

    Raises MixedEncodings where no single encoding can be right.
    """
    stream.seek(0)
    plain = evident_encoding(stream.read(BLOCK))
    if plain:
        return Encoding(plain)
    stray = _first_byte_outside_utf8(stream)
    return Encoding("utf-8") if stray is None else Encoding(_guess(stream, stray), is_guess=True)


def evident_encoding(head: bytes) -> str:
    """The encoding that the first bytes of a file show by themselves, "" if they do not."""
    return next((codec for mark, codec in _MARKS if head.startswith(mark)), "") or _unmarked_utf16(head)


def _unmarked_utf16(head: bytes) -> str:
    """UTF-16 shows itself by a NUL in every second place, as long as most of the text is Latin."""
    pairs = len(head) // 2
    if not pairs:
        return ""
    even, odd = head[0::2].count(0) / pairs, head[1::2].count(0) / pairs
    if odd > 0.4 and even < 0.1:
        return "utf-16-le"
    return "utf-16-be" if even > 0.4 and odd < 0.1 else ""


def _first_byte_outside_utf8(stream: BinaryIO) -> int | None:
    """Where strict UTF-8 first fails, as an offset in the file; None if it never does."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    stream.seek(0)
    read = 0
    while True:
        block = stream.read(BLOCK)
        held_back = len(decoder.getstate()[0])
        try:
            decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            return read - held_back + error.start
        if not block:
            return None
        read += len(block)


def _guess(stream: BinaryIO, stray: int) -> str:
    """The likeliest encoding, judged by the text around the first byte that is not UTF-8."""
    start = max(0, stray - BLOCK // 4)
    stream.seek(start)
    sample = stream.read(BLOCK)
    if _is_mostly_utf8(sample):
        raise MixedEncodings(stray)
    # The cut ends may split a character in two.
    sample = b"\n".join(sample.split(b"\n")[1 if start else 0 : -1]) or sample
    if _reads_as_western(sample):
        return _WESTERN
    best = from_bytes(sample, cp_isolation=_LIKELY).best()
    return best.encoding if best else _WESTERN


def _is_mostly_utf8(sample: bytes) -> bool:
    well_formed = sum(len(found) for found in _UTF8_SEQUENCE.findall(sample))
    return well_formed > 0.8 * len(_NOT_ASCII.findall(sample))


def _reads_as_western(sample: bytes) -> bool:
    """Short samples mislead statistics, and Western files are by far the most common."""
    try:
        text = sample.decode(_WESTERN)
    except UnicodeDecodeError:
        return False
    return not _UNLIKE_WESTERN_WORDS.search(text)
