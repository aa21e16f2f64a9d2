"""What an answer means: readable rules over the words of a message. Pure; no Django, no I/O.

`words` prepares a text, `rules` says what it is, `returning` when somebody who is away comes back. In doubt the answer
is `unknown`, which is treated as any other answer of a person: everything automatic stops.
"""

from inbox.classifying.returning import Return, return_of
from inbox.classifying.rules import Class, Verdict, classify

__all__ = ["Class", "Return", "Verdict", "classify", "return_of"]
