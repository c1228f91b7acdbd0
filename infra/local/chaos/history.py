"""What the clients know: what they sent, what was answered, and what they never learnt. Plain data, no connection."""

from dataclasses import dataclass, field


@dataclass
class Submission:
    """One submission of one person, under one idempotency key however often it was sent."""

    number: int
    email: str
    form: str
    key: str
    answers: dict = field(default_factory=dict)
    tries: int = 0
    # Every id that was answered; more than one is harm.
    acknowledged: list[str] = field(default_factory=list)
    # Statuses that refuse it for good: none is expected.
    refused: list[int] = field(default_factory=list)

    @property
    def sent(self) -> bool:
        return self.tries > 0


@dataclass
class Answer:
    """One answer of a salesperson to an offer; `status` is the last one, 0 when there never was one."""

    lead_id: str
    rep_id: str
    offer: int
    verb: str
    status: int = 0


@dataclass
class History:
    """Everything that clients did."""

    submissions: list[Submission] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)

    def acknowledged(self) -> int:
        """How many submissions were answered 2xx."""
        return sum(bool(s.acknowledged) for s in self.submissions)


def mailbox(email: str) -> str:
    """The mailbox behind an address as this run writes them: letter case aside."""
    return email.lower()
