"""The fault proxy between the functions and the emulator: throttles, transaction conflicts, lost acknowledgements."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

import emulator
from settings import CHAOS, LOCAL

MICROBURST = LOCAL / "venv" / "bin" / "microburst"
FIRST_PORT = 4866
START_SECONDS = 30

CONFLICT = {"code": "TransactionCanceledException", "fields": {"CancellationReasons": [{"Code": "TransactionConflict"}]}}
THROTTLES = {
    "dynamodb": "ProvisionedThroughputExceededException",
    "sqs": "RequestThrottled",
    "events": "ThrottlingException",
}


def rules(share: float) -> list[tuple[str, dict]]:
    """The faults, each with its class. The first rule that fires wins, so conflicts, which few calls can meet, go first;
    `abort_bytes: 0` passes the call on and kills the reply."""
    conflict = {"service": "dynamodb", "operation": "TransactWriteItems", "probability": share, "error": CONFLICT}
    throttles = [
        ("throttle", {"service": service, "probability": share, "error": {"code": code}})
        for service, code in THROTTLES.items()
    ]
    lost = [
        ("lost reply", {"service": service, "probability": share, "response": {"abort_bytes": 0}})
        for service in THROTTLES
    ]
    return [("conflict", conflict), *throttles, *lost]


class Proxy:
    """A running fault proxy."""

    def __init__(self, upstream: str):
        self.port = emulator.free_port(FIRST_PORT)
        self.url = f"http://127.0.0.1:{self.port}"
        self.classes: dict[str, str] = {}
        log = (CHAOS.folder / "proxy.log").open("wb")
        command = [str(MICROBURST), "--upstream", upstream, "--port", str(self.port), "--host", "127.0.0.1"]
        environment = {name: os.environ[name] for name in ("HOME", "LANG", "PATH") if name in os.environ}
        self.process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
        deadline = time.monotonic() + START_SECONDS
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                sys.exit(f"The fault proxy did not start:\n{emulator.tail(CHAOS.folder / 'proxy.log')}")
            time.sleep(0.1)

    def answers(self) -> bool:
        """Whether it is ready."""
        try:
            self.control("GET", "health")
            return True
        except OSError:
            return False

    def control(self, method: str, what: str, body=None):
        """One call of its control interface."""
        data = json.dumps(body).encode() if body is not None else None
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}/_microburst/{what}", data=data, headers=headers, method=method)
        with urllib.request.urlopen(request, timeout=10) as response:
            return json.load(response)

    def inject(self, share: float) -> None:
        """From now on so many of the calls fail, in each way that they can."""
        wanted = rules(share)
        kept = self.control("POST", "rules", [rule for _, rule in wanted])
        self.classes |= {str(rule["id"]): name for (name, _), rule in zip(wanted, kept)}

    def calm(self) -> None:
        """No faults any more."""
        self.control("POST", "rules", [])

    def fired(self) -> dict[str, int]:
        """How often each class of fault fired."""
        counts = dict.fromkeys(name for name, _ in rules(0))
        counts = {name: 0 for name in counts}
        for entry in self.control("GET", "stats")["by_rule"]:
            counts[self.classes[str(entry["id"])]] += entry["fired"]
        return counts

    def stop(self) -> None:
        """Ends it."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
