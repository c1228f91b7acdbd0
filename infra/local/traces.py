"""What the emulator tests have erased must be nowhere: neither in the table nor in what the functions logged.

A test gives one person the word FORGOTTEN in every field and erases that person; another keeps the word KEPT, which
has to be found, or else the search itself would be broken.
"""

import base64
import json
import sys

from deploy import session
from logs import function_lines

FORGOTTEN = "forgetme"
KEPT = "rememberme"


def check(values: dict[str, str]) -> None:
    """Ends the program when there is a trace of the erased person."""
    rows = [json.dumps(item, default=as_text) for item in items(values)]
    if not any(holds(row, KEPT) for row in rows):
        sys.exit(f"No row holds {KEPT!r}: the test that erases did not run, or this search finds nothing.")
    found = [f"row {row[:200]}" for row in rows if holds(row, FORGOTTEN)]
    found += [f"log line {line[:200]}" for line in function_lines(values) if holds(line, FORGOTTEN)]
    if found:
        sys.exit("\n".join([f"{len(found)} traces of somebody who was erased:", *found[:20]]))
    print(f"      none in {len(rows)} rows")


def items(values: dict[str, str]):
    """Every item of the table."""
    pages = session(values)("dynamodb").get_paginator("scan").paginate(TableName=values["TABLE_NAME"])
    return [item for page in pages for item in page["Items"]]


def as_text(value) -> str:
    """Bytes as the text that they may be."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def holds(text: str, word: str) -> bool:
    """Whether a text holds a word as it is, in hexadecimal, percent-encoded or in base64."""
    folded = text.lower()
    plain = [word, word.encode().hex(), "".join(f"%{byte:02x}" for byte in word.encode())]
    return any(form in folded for form in plain) or any(
        form in text for spelt in (word, word.upper(), word.capitalize()) for form in in_base64(spelt)
    )


def in_base64(word: str) -> list[str]:
    """The letters of a word in base64 that are the same whatever stands before and after it."""
    forms = []
    for shift, first in ((0, 0), (1, 2), (2, 3)):
        padded = b"x" * shift + word.encode()
        forms.append(base64.b64encode(padded).decode()[first : len(padded) // 3 * 4])
    return forms
