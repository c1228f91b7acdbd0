"""make test: all tests; those that need a deployment get a fresh one of their own, which ends with them.

make smoke: of those, the ones that prove most, on a fresh deployment; for an emulator that is tried beside the default.
"""

import os
import shutil
import signal
import subprocess
import sys

import differences
import emulator
import fixtures
import leaks
import traces
from deploy import remove, session
from logs import function_lines
from progress import Steps
from settings import ROOT, TEST, aws_environment, emulator_kind, external_endpoint, read_env
from stack import bring_up, with_key

# Integration tests by this prefix need a deployment, all others must do without.
NEEDS_DEPLOYMENT = "emulator"
CRATES = ("shared/*", "functions/*", "infra/leadctl", "tests")
# These tests wait most of the time, so they all begin at once; those that measure time see to it that they are alone.
TOGETHER = 48
# The slower emulator is as slow for each of so many that they would wait in vain.
TOGETHER_ON_LOCALSTACK = 12
# What `make smoke` runs: the way from the form to an owner, every timer, everything that leaves, erasure, audit, keys, and
# what reads and writes cost.
SMOKE = ("main_job", "ladder", "offer_links", "outbound", "parking", "erasure", "audit", "keys", "cost")
SIMULATION_SECONDS = int(os.environ.get("SIMULATION_SECONDS", "60"))
# From the Makefile: the same packages and features in every cargo call.
WORKSPACE = os.environ["WORKSPACE"].split()


def main() -> None:
    for interruption in (signal.SIGTERM, signal.SIGINT):  # so that the emulator is stopped then, too
        signal.signal(interruption, lambda *_: sys.exit("Interrupted."))
    smoke = sys.argv[1:] == ["smoke"]
    names = sorted({path.stem for folder in CRATES for path in ROOT.glob(f"{folder}/tests/*.rs")})
    alone = [name for name in names if not name.startswith(NEEDS_DEPLOYMENT)]
    deployed = [name for name in names if name.startswith(NEEDS_DEPLOYMENT)]
    emulator.check()
    steps = Steps(total=5 if smoke else 10)
    clean_up()  # what an earlier run may have left when it was killed
    try:
        with steps.step("Building everything"):
            run(["cargo", "build", *WORKSPACE, "--lib", "--bins", "--tests"])
            run(["make", "--no-print-directory", "place"])
        if not smoke:
            without_deployment(steps, alone)
        with_deployment(steps, deployed, SMOKE if smoke else ())
    except SystemExit:
        keep_logs()
        raise
    finally:
        clean_up()
        steps.save(TEST.folder / ("smoke-times.tsv" if smoke else "times.tsv"))
    print("\nThe tests of the smoke passed." if smoke else "\nAll tests passed.")


def without_deployment(steps: Steps, names: list[str]) -> None:
    """Everything that needs no emulator."""
    with steps.step("Unit tests"):
        run(["cargo", "test", *WORKSPACE, "--lib", "--bins", *selected(names)])
    with steps.step("Examples in the documentation"):
        run(["cargo", "test", *WORKSPACE, "--doc"])
    with steps.step(f"Simulation, {SIMULATION_SECONDS} seconds"):
        run(["make", "--no-print-directory", "simulate", f"FOR={SIMULATION_SECONDS}"])
    with steps.step("The snippet for web pages"):
        snippet()
    with steps.step("The scripts' own tests"):
        path = os.pathsep.join(str(ROOT / "infra" / folder) for folder in ("local", "aws"))
        for folder in ("infra/local", "infra/aws"):
            discover = ["-m", "unittest", "discover", "--quiet", "-s", folder, "-p", "test_*.py"]
            run([sys.executable, *discover], os.environ | {"PYTHONPATH": path})


def with_deployment(steps: Steps, names: list[str], only: tuple[str, ...]) -> None:
    """The integration tests of these names on an emulator, all of them or `only` some."""
    with steps.step("Deploying onto an emulator for the tests"):
        environment = fresh_deployment()
    with steps.step("Tests on the emulator"):
        slower = emulator.is_localstack(environment["AWS_ENDPOINT_URL"])
        threads = f"--test-threads={TOGETHER_ON_LOCALSTACK if slower else TOGETHER}"
        left_out = differences.left_out() if slower else {}
        for test, why in left_out.items():
            print(f"      LEFT OUT: {test}: {why}", flush=True)
        skipped = [argument for test in left_out for argument in ("--skip", test)]
        run(["cargo", "test", *WORKSPACE, *selected(names), "--", threads, *skipped, *only], environment)
    with steps.step("Looking for personal data in logs and queues"):
        leaks.check(environment)
    with steps.step("Looking for traces of the erased"):
        traces.check(environment)


def snippet() -> None:
    """Tests of embed.js under Node; without Node they are skipped, which CI does not accept."""
    if shutil.which("node"):
        run(["node", "--test", *map(str, sorted(ROOT.glob("tests/browser/*.test.mjs")))])
    elif os.environ.get("CI"):
        sys.exit("Node is missing, so the snippet's tests cannot run.")
    else:
        print("      SKIPPED: Node is missing, so the snippet is not tested here.", flush=True)


def selected(names: list[str]) -> list[str]:
    """Cargo's arguments for these integration tests."""
    return [argument for name in names for argument in ("--test", name)]


def fresh_deployment() -> dict[str, str]:
    """Deploys onto an emulator without a past, publishes the sample playbook, and returns the tests' environment."""
    endpoint, _ = emulator.ensure(TEST)
    values = with_key(TEST, bring_up(TEST, endpoint))
    environment = os.environ | values
    fixtures.publish_playbook(environment)
    return environment


def keep_logs() -> None:
    """Saves what the functions logged, before it goes with the emulator, and shows the end of it."""
    values = read_env(TEST.env_file)
    if not values:
        return
    saved = TEST.folder / "functions.log"
    lines = function_lines(values)
    saved.write_text("\n".join(lines) + "\n")
    print("\n".join(["", f"The functions' last lines, more in {saved.relative_to(ROOT)}:", *lines[-30:]]), flush=True)


def clean_up() -> None:
    """Ends the tests' emulator; on one that is not ours, deletes the tests' stack."""
    TEST.env_file.unlink(missing_ok=True)
    if emulator_kind() == "external":
        remove(TEST, session(aws_environment(external_endpoint())))
    else:
        emulator.stop(TEST)


def run(command: list[str], environment: dict[str, str] | None = None) -> None:
    """Runs a command and ends the program when it fails."""
    print(f"      {' '.join(command)}", flush=True)
    result = subprocess.run(command, cwd=ROOT, env=environment)
    if result.returncode != 0:
        sys.exit(f"{' '.join(command)} failed (exit {result.returncode}).")


if __name__ == "__main__":
    main()
