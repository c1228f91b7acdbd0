"""make logs: what the functions of the running deployment have logged, oldest first."""

import sys
from datetime import datetime, timezone

from deploy import session
from settings import RUN, read_env

# Lines of the platform around each invocation.
PLATFORM = ("START RequestId: ", "END RequestId: ", "REPORT RequestId: ")


def function_lines(values: dict[str, str]) -> list[str]:
    """The functions' own lines with the time of each."""
    logs = session(values)("logs")
    # The deployment's group; and a group for each function, where LocalStack puts the lines all the same.
    named = logs.describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{values['BUS_NAME']}-")["logGroups"]
    groups = [values["LOG_GROUP"], *(group["logGroupName"] for group in named)]
    filtered = logs.get_paginator("filter_log_events")
    pages = [page for group in groups for page in filtered.paginate(logGroupName=group)]
    events = [event for page in pages for event in page["events"] if not event["message"].startswith(PLATFORM)]
    events.sort(key=lambda event: event["timestamp"])
    return [f"{clock(event['timestamp'])} {event['message'].rstrip()}" for event in events]


def clock(milliseconds: int) -> str:
    """A time of day in UTC."""
    return datetime.fromtimestamp(milliseconds / 1000, timezone.utc).strftime("%H:%M:%S.%f")[:-3]


if __name__ == "__main__":
    values = read_env(RUN.env_file)
    if not values:
        sys.exit("There is no deployment. make run makes one.")
    print("\n".join(function_lines(values)))
