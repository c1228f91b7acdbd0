"""What is broken: an emulator that keeps its state over restarts, functions that can be made to die, and the controls
over both. Everything here goes to the emulator directly, past the fault proxy."""

import random
import secrets
import shutil
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import emulator
import fixtures
from botocore.exceptions import BotoCoreError, ClientError
from deploy import session
from settings import CHAOS, ROOT
from stack import bring_up, with_key

from chaos.api import Api
from chaos.playbook import SECRET

BINARIES = ROOT / "target" / "chaos"
JOURNAL = CHAOS.folder / "journal"
# Stopping waits for the functions that are at work.
STOP_SECONDS = 90
WEBHOOK_SECRET = fixtures.demo_secret("chaos")


class Ground:
    """The deployment."""

    def __init__(self, workdir: Path = CHAOS.folder):
        emulator.stop(CHAOS)
        shutil.rmtree(workdir, ignore_errors=True)
        workdir.mkdir(parents=True)
        self.state = workdir / "state"
        self.endpoint = emulator.start(CHAOS, more=self.environment(None))
        self.port = int(self.endpoint.rsplit(":", 1)[1])
        values = bring_up(CHAOS, self.endpoint, binaries=BINARIES, LogLevel="warn")
        self.values = with_key(CHAOS, values)
        self.client = session(self.values)
        self.api = Api(self.values["API_URL"], self.values["API_KEY"])
        self.client("secretsmanager").create_secret(Name=SECRET, SecretString=WEBHOOK_SECRET)
        self.functions, self.sources, self.sweep_rule = self.resources()
        self.variables = {
            name: self.client("lambda").get_function_configuration(FunctionName=physical)["Environment"]["Variables"]
            for name, physical in self.functions.items()
        }
        self.run = secrets.token_hex(3)
        # Functions that have fail points now.
        self.armed: set[str] = set()

    def environment(self, functions_endpoint: str | None) -> dict[str, str]:
        """What the emulator is started with; the functions inherit the endpoint they are to call."""
        kept = {"PERSIST_STATE": "1", "STATE_DIR": str(self.state)}
        return kept | ({"AWS_ENDPOINT_URL": functions_endpoint} if functions_endpoint else {})

    def resources(self) -> tuple[dict[str, str], dict[str, str], str]:
        """The physical names of functions, of their queues' mappings, and of the sweep's rule."""
        listed = self.client("cloudformation").describe_stack_resources(StackName=CHAOS.stack)["StackResources"]
        physical = {entry["LogicalResourceId"]: entry["PhysicalResourceId"] for entry in listed}
        functions = {
            logical.removesuffix("Function").lower(): name
            for logical, name in physical.items()
            if logical.endswith("Function")
        }
        mappings = self.client("lambda").list_event_source_mappings()["EventSourceMappings"]
        sources = {}
        for name, function in functions.items():
            for mapping in mappings:
                if mapping["FunctionArn"].endswith(f":{function}"):
                    sources[name] = mapping["UUID"]
        return functions, sources, physical["EscalateFunctionSweep"]

    def restart(self, down: float, functions_endpoint: str | None) -> float:
        """Ends the emulator gracefully, keeps it down for a while and starts it again; how long it was away."""
        began = time.monotonic()
        # One stream of log lines an invocation: saved and loaded at each restart they would soon be all that it does.
        try:
            self.client("logs").delete_log_group(logGroupName=self.values["LOG_GROUP"])
        except (BotoCoreError, ClientError):
            pass
        pid, _ = emulator.recorded(CHAOS)
        if not emulator.ended(pid, STOP_SECONDS):
            sys.exit(f"The emulator did not end within {STOP_SECONDS} s; killed, it would lose what it had answered.")
        time.sleep(down)
        emulator.start(CHAOS, port=self.port, more=self.environment(functions_endpoint))
        return time.monotonic() - began

    def fail(self, **rules: str) -> None:
        """Gives functions their fail points, by name; those that are not named have none from now on."""
        for name, physical in self.functions.items():
            armed = {"FAIL_POINTS": rules[name], "FAIL_POINTS_JOURNAL": str(JOURNAL)} if name in rules else {}
            if armed or name in self.armed:
                self.configure(name, armed)
        self.armed = set(rules)

    def configure(self, name: str, more: dict[str, str], **settings) -> None:
        """Changes a function's environment; the emulator starts it afresh then."""
        variables = {"Variables": self.variables[name] | more}
        physical = self.functions[name]
        self.client("lambda").update_function_configuration(FunctionName=physical, Environment=variables, **settings)

    def deaths(self) -> list[list[str]]:
        """The journal: function, place, fate and process of every death so far."""
        if not JOURNAL.exists():
            return []
        named = {physical: name for name, physical in self.functions.items()}
        lines = [line.split() for line in JOURNAL.read_text().splitlines()]
        return [[named.get(line[0], line[0]), *line[1:]] for line in lines if len(line) == 4]

    def runs(self) -> int:
        """How often functions have been run so far: for queues by the emulator's log, for people by their calls."""
        return self.batches() + self.api.calls

    def batches(self, function: str | None = None) -> int:
        """How many batches of messages functions, or one of them, have come to the end of, by the emulator's log."""
        ended = f"ESM: Lambda {self.functions[function]} " if function else "ESM: Lambda "
        with (CHAOS.folder / "emulator.log").open(errors="replace") as log:
            return sum(ended in line and " SQS " in line for line in log)

    def sweep(self) -> str:
        """One sweep, beside those of the schedule; how it ended."""
        try:
            answer = self.client("lambda").invoke(FunctionName=self.functions["escalate"], Payload=b"{}")
            return "failed" if "FunctionError" in answer else "ended"
        except (BotoCoreError, ClientError):
            return "cut off"

    def schedule(self, enabled: bool) -> None:
        """Switches the schedule's sweep on or off."""
        events = self.client("events")
        (events.enable_rule if enabled else events.disable_rule)(Name=self.sweep_rule)

    def playbook(self) -> dict:
        """The playbook in force."""
        return self.api.call("GET", "/playbook", headers={"Accept": "application/json"}).body

    def publish(self, text: str) -> None:
        """Publishes a playbook."""
        reply = self.api.call("PUT", "/playbook", text.encode(), {"Content-Type": "application/json"})
        if reply.status != 200:
            sys.exit(f"The playbook was not taken: {reply}")

    def decisions(self, lead_id: str, function: str) -> int | None:
        """How many decision records a function has put beside a lead; they go first, so that a worker which stands
        still before its commit has left one. None for a function that leaves none before its commit."""
        prefix = {"score": "SCORE#", "route": "ROUTE#"}.get(function)
        if not prefix:
            return None
        found = self.client("dynamodb").query(
            TableName=self.values["TABLE_NAME"],
            KeyConditionExpression="pk = :pk AND begins_with(sk, :sk)",
            ExpressionAttributeValues={":pk": {"S": f"LEAD#{lead_id}"}, ":sk": {"S": prefix}},
            ConsistentRead=True,
        )
        return found["Count"]

    def stop(self) -> None:
        """Ends the emulator."""
        emulator.stop(CHAOS)


class Restarts:
    """Restarts the emulator again and again, until it is told to stop: after gaps of so many seconds, or as soon as there
    must have been more."""

    def __init__(
        self, ground: Ground, functions_endpoint: str, gaps: tuple[float, float], must: Callable[[], int], seed: int
    ):
        self.ground, self.endpoint, self.gaps, self.must = ground, functions_endpoint, gaps, must
        self.draw = random.Random(seed + 2)
        self.count = 0
        self.failed: BaseException | None = None
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.go_on, daemon=True)
        self.thread.start()

    def go_on(self) -> None:
        try:
            while True:
                gap, down = self.draw.uniform(*self.gaps), self.draw.uniform(0, 2)
                began = time.monotonic()
                while self.count >= self.must() and time.monotonic() < began + gap:
                    if self.stopping.wait(0.1):
                        return
                waited = time.monotonic() - began
                away = self.ground.restart(down, self.endpoint)
                self.count += 1
                print(f"      restart {self.count} after {waited:.0f} s, away for {away:.1f} s", flush=True)
        except BaseException as error:  # the main thread has to end with it
            self.failed = error

    def stop(self) -> None:
        """No more restarts; one that has begun is ended first."""
        self.stopping.set()
        self.thread.join()
        if self.failed:
            raise self.failed


class Sweeps:
    """Sweeps that run into each other: so many at once, again and again. Not all the time: each arms a timer for whatever
    is due soon, and the emulator would soon do nothing else."""

    def __init__(self, ground: Ground, at_once: int, every: float):
        self.ground, self.at_once, self.every = ground, at_once, every
        self.counts: Counter[str] = Counter()
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.go_on, daemon=True)
        self.thread.start()

    def go_on(self) -> None:
        with ThreadPoolExecutor(self.at_once) as pool:
            while not self.stopping.wait(self.every):
                self.counts.update(pool.map(lambda _: self.ground.sweep(), range(self.at_once)))

    def stop(self) -> None:
        """No more of them; those that have begun are ended first."""
        self.stopping.set()
        self.thread.join()
