"""One company, however it is spelled: "Nordkaj", "NORDKAJ GmbH" and "Nordkaj, Inc." are the same."""

import re
import unicodedata
from typing import Any

from django.db import models

# What says only how a company is set up. Left out at the end of a name, never when nothing else would remain.
LEGAL_FORMS = frozenset(
    "inc incorporated llc llp lp ltd limited plc corp corporation co and gmbh mbh ag kg kgaa ohg ug gbr ek ev se sa "
    "sas sasu sarl eurl snc bv nv vof cv ab as asa aps oy oyj hb kb srl spa sl slu sau lda ltda doo sro kft zrt pty "
    "pvt private haftungsbeschränkt haftungsbeschrankt".split()
)
_JOINED = re.compile(r"[.'’`´/]")
_APART = re.compile(r"[\W_]+")
_LETTERS = str.maketrans({"ø": "o", "ł": "l", "æ": "ae", "œ": "oe", "đ": "d"})


def company_key(name: str) -> str:
    """The form in which companies are compared; "" for no company."""
    plain = unicodedata.normalize("NFKD", name.casefold().translate(_LETTERS))
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    words = _APART.sub(" ", _JOINED.sub("", plain.replace("&", " and ").replace("+", " and "))).split()
    if len(words) > 1 and words[0] == "the":
        words = words[1:]
    while len(words) > 1 and words[-1] in LEGAL_FORMS:
        words.pop()
    return " ".join(words)[:300]


class CompanyKey(models.CharField):
    """Follows the field `company` of the same row whenever the row is saved."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs |= {"max_length": 300, "db_default": "", "editable": False, "blank": True}
        super().__init__(*args, **kwargs)

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        key = company_key(getattr(model_instance, "company", ""))
        setattr(model_instance, self.attname, key)
        return key
