"""A message's own words: without what it quotes, and without the signature below it."""

import re
import unicodedata

_QUOTE_BEGINS = re.compile(
    r"^\s*(>|-{2,}\s*(original message|ursprüngliche nachricht|message d'origine|mensaje original)"
    r"|on .{5,80} wrote:|am .{5,80} schrieb|le .{5,80} a écrit|op .{5,80} schreef|el .{5,80} escribió|il .{5,80} ha scritto)",
    re.IGNORECASE,
)
_SIGNATURE = re.compile(r"^\s*(--|__+|sent from my|von meinem|envoyé de mon|verzonden vanaf)", re.IGNORECASE)
_QUOTES = str.maketrans({"’": "'", "‘": "'", "`": "'", "´": "'", "“": '"', "”": '"', "\u00a0": " "})


def own_words(text: str) -> str:
    """Lower case, one space between words, plain quotation marks; nothing quoted, no signature."""
    kept: list[str] = []
    for line in unicodedata.normalize("NFC", text).translate(_QUOTES).splitlines():
        if _QUOTE_BEGINS.match(line) or _SIGNATURE.match(line):
            break
        kept.append(line)
    return " ".join(" ".join(kept).lower().split())
