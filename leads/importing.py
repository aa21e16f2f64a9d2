"""Bringing a lead file into a client's leads: match, merge, write in batches, and report every row.

Importing the same file again changes nothing. A batch is one transaction; a file that cannot be read to its
end is refused before the first.
"""

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import batched
from typing import BinaryIO, TextIO
from uuid import UUID

