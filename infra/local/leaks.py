"""After the tests: nothing of the people in them may stand in what the functions logged or in any queue."""

import base64
import sys

from deploy import session
from logs import function_lines

# Of the people whom the emulator's tests submit. Each is theirs alone: no playbook, path or function has it.
WORDS = ("ada.winter", "Winter Works", "@works-", "vp sales")
RECEIVES = 20


def check(values: dict[str, str]) -> None:
    """Ends the program when personal data is where it does not belong."""
    lines = function_lines(values)
    messages = queued(session(values)("sqs"))
    if not any("submission taken" in line for line in lines):
        sys.exit("The functions' logs are empty, so they prove nothing.")
    found = [f"logged: {line}" for line in lines if betrays(line)]
    found += [f"in {queue}: {body}" for queue, body in messages if betrays(body)]
    if found:
        sys.exit("\n".join(["Personal data is where it does not belong:", *found[:20]]))
    print(f"      {len(lines)} lines and {len(messages)} messages without a word of anybody.", flush=True)


def betrays(text: str) -> bool:
    """Whether a text holds one of the words: as it is, in base64, in hexadecimal or escaped."""
    lower = text.lower()
    return any(disguise in text or disguise in lower for word in WORDS for disguise in disguises(word))


def disguises(word: str) -> list[str]:
    """A word as it may be written."""
    data = word.encode()
    plain = [word.lower(), data.hex(), "".join(f"%{byte:02x}" for byte in data), word.replace(" ", "+").lower()]
    for before in range(3):
        padded = b"." * before + data
        encoded = base64.urlsafe_b64encode(padded).decode().rstrip("=")
        plain.append(encoded[-(-before * 8 // 6) : len(padded) * 8 // 6])
    return plain


def queued(sqs) -> list[tuple[str, str]]:
    """What waits in every queue, those for dead letters included; it is gone from there afterwards."""
    found = []
    for url in sqs.list_queues().get("QueueUrls", []):
        for _ in range(RECEIVES):
            messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=0).get("Messages", [])
            if not messages:
                break
            found += [(url.rsplit("/", 1)[-1], message["Body"]) for message in messages]
    return found
