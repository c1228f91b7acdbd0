"""The public API as a client has it: every call ends in a status or in no answer, and a client without one tries again."""

import http.client
import json
import random
import time
import urllib.error
import urllib.request
import uuid
from typing import Any, NamedTuple


class Reply(NamedTuple):
    """A status, 0 when there was no answer, and the body when it was JSON."""

    status: int
    body: Any = None

    @property
    def unclear(self) -> bool:
        """Whether the other side may or may not have acted."""
        return self.status == 0 or self.status == 429 or self.status >= 500


class Api:
    """One deployment's API."""

    def __init__(self, url: str, key: str):
        self.url, self.key = url, key
        # Nearly exact: threads may lose one now and then.
        self.calls = 0

    def call(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, seconds: float = 15
    ) -> Reply:
        """Sends one request; `path` may be a whole address."""
        self.calls += 1
        headers = {"Authorization": f"Bearer {self.key}", **(headers or {})}
        data = body
        if body is not None and not isinstance(body, bytes):
            data = json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        address = path if path.startswith("http") else self.url + path
        request = urllib.request.Request(address, data=data, headers=headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=seconds) as response:
                return Reply(response.status, parsed(response.read()))
        except urllib.error.HTTPError as error:
            return Reply(error.code, parsed(error.read()))
        except (OSError, http.client.HTTPException):
            return Reply(0)

    def get(self, path: str, tries: int = 8) -> Any:
        """Reads, again while there is no clear answer; ends the run when there is none in the end."""
        for attempt in range(tries):
            reply = self.call("GET", path)
            if reply.status == 200:
                return reply.body
            if reply.status == 404:
                return None
            time.sleep(0.3 * (attempt + 1))
        raise SystemExit(f"GET {path} has no answer: status {reply.status}, {reply.body}")

    def leads(self) -> list[dict]:
        """All leads, page by page. A lead that changes while pages are turned may come twice, the later one counts."""
        found: dict[str, dict] = {}
        cursor = ""
        while True:
            page = self.get(f"/leads?limit=100{cursor}")
            found.update({lead["lead_id"]: lead for lead in page["leads"]})
            if not page["next_cursor"]:
                return list(found.values())
            cursor = f"&cursor={page['next_cursor']}"

    def timeline(self, lead_id: str) -> list[dict]:
        """Everything that happened to a lead."""
        events: list[dict] = []
        cursor = ""
        while True:
            page = self.get(f"/leads/{lead_id}/timeline?limit=200{cursor}")
            events += page["events"]
            if not page["next_cursor"]:
                return events
            cursor = f"&cursor={page['next_cursor']}"


def parsed(content: bytes) -> Any:
    """The JSON in a body; nothing when it is something else."""
    try:
        return json.loads(content)
    except ValueError:
        return None


def fresh_key(draw: random.Random) -> str:
    """An idempotency key that can be drawn again from the same seed."""
    return str(uuid.UUID(int=draw.getrandbits(128), version=4))


def pause(draw: random.Random, attempt: int) -> None:
    """Waits before the next try: longer each time, with jitter, so that clients do not come back together."""
    time.sleep(min(4.0, 0.3 * 2**attempt) * (0.5 + draw.random()))
