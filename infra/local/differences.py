"""What LocalStack 4.14 does otherwise than AWS and MiniStack do, why, and which tests cannot hold on it.

This is the one list. A test that is not named here has to pass on LocalStack as it does on MiniStack, and one that is
named is left out there with a word on why. What MiniStack does otherwise than AWS is in shared/store/src/conformance.rs.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Difference:
    """One thing that is otherwise, why, and the tests that show it by their full names."""

    what: str
    why: str
    tests: tuple[str, ...] = ()


DIFFERENCES = (
    Difference(
        what="A body with content-encoding: gzip is unpacked before the function sees it, or answered 500.",
        why="LocalStack's gateway behaves as if compression were switched on for the API, which it is not.",
        tests=("emulator::refusals::bodies_that_are_packed",),
    ),
    Difference(
        what="A multipart body that cannot be taken apart is answered 400 without a document.",
        why="LocalStack's web server, Twisted, takes multipart apart itself and refuses it before it calls a function.",
        tests=("emulator::refusals::multipart_bodies_that_are_torn",),
    ),
    Difference(
        what=(
            "The table lets an index's key be counted up, which DynamoDB refuses, and ends a page of a query later "
            "than after 1 MB. The rest of the suite is in the same test."
        ),
        why="Amazon's DynamoDB Local, which LocalStack runs, does not keep to DynamoDB in these.",
        tests=("the_adapter_conforms",),
    ),
    Difference(
        what="Of two steps on one item in a transaction the first failing condition is told, not that there are two.",
        why="DynamoDB Local looks at the conditions first; DynamoDB refuses such a transaction unseen.",
        tests=("random_operations_come_out_as_on_the_twin",),
    ),
    Difference(
        what=(
            "A transaction is said to consume four times what the same writes consume outside, indexes included; AWS "
            "counts twice, and indexes once. A batch of reads is said to consume nothing for items that are not there."
        ),
        why="DynamoDB Local's accounts. Single writes and all other reads it counts as AWS does, and as our twin does.",
    ),
    Difference(
        what="What functions log is in a group for each function, not in the deployment's own.",
        why="LocalStack keeps a function's LoggingConfig and does not act on it; logs.py and `leadctl tail` read both.",
    ),
    Difference(
        what="A queue's messages go to one call of its function at a time.",
        why="LocalStack has one reader for each event source and leaves MaximumConcurrency alone.",
    ),
    Difference(
        what="What is saved is gone when LocalStack ends.",
        why="Its free edition has no persistence. `make chaos`, which restarts its emulator, is for MiniStack.",
    ),
    Difference(
        what="It is slower: it takes half a minute to deploy, where MiniStack takes eight seconds.",
        why="It is one Python process, so one core, that checks and serializes every call by the service's model.",
    ),
)


def left_out() -> dict[str, str]:
    """The tests that cannot hold on LocalStack, each with the reason."""
    return {test: difference.why for difference in DIFFERENCES for test in difference.tests}
