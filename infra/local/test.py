"""make test: all tests; those that need a deployment get a fresh one of their own, which ends with them."""

import os
import shutil
import signal
import subprocess
import sys

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
TOGETHER = ["--test-threads=48"]
SIMULATION_SECONDS = int(os.environ.get("SIMULATION_SECONDS", "60"))
# From the Makefile: the same packages and features in every cargo call.
WORKSPACE = os.environ["WORKSPACE"].split()


def main() -> None:
    for interruption in (signal.SIGTERM, signal.SIGINT):  # so that the emulator is stopped then, too
        signal.signal(interruption, lambda *_: sys.exit("Interrupted."))
    names = sorted({path.stem for folder in CRATES for path in ROOT.glob(f"{folder}/tests/*.rs")})
    alone = [name for name in names if not name.startswith(NEEDS_DEPLOYMENT)]
    deployed = [name for name in names if name.startswith(NEEDS_DEPLOYMENT)]
    emulator.check()
    steps = Steps(total=7)
    clean_up()  # what an earlier run may have left when it was killed
    try:
        with steps.step("Building everything"):
            run(["cargo", "build", *WORKSPACE, "--lib", "--bins", "--tests"])
            run(["make", "--no-print-directory", "place"])
        with steps.step("Unit tests"):
            run(["cargo", "test", *WORKSPACE, "--lib", "--bins", *selected(alone)])
        with steps.step("Examples in the documentation"):
            run(["cargo", "test", *WORKSPACE, "--doc"])
        with steps.step(f"Simulation, {SIMULATION_SECONDS} seconds"):
            run(["make", "--no-print-directory", "simulate", f"FOR={SIMULATION_SECONDS}"])
        with steps.step("The snippet for web pages"):
            snippet()
        with steps.step("The checker of make chaos, and make deploy"):
            path = os.environ | {"PYTHONPATH": os.pathsep.join(str(ROOT / "infra" / folder) for folder in ("local", "aws"))}
            for folder in ("infra/local", "infra/aws"):
                run([sys.executable, "-m", "unittest", "discover", "--quiet", "-s", folder, "-p", "test_*.py"], path)
        with steps.step("Deploying onto an emulator for the tests"):
            environment = fresh_deployment()
        with steps.step("Tests on the emulator"):
            if deployed:
                run(["cargo", "test", *WORKSPACE, *selected(deployed), "--", *TOGETHER], environment)
        with steps.step("Looking for personal data in logs and queues"):
            leaks.check(environment)
        with steps.step("Looking for traces of the erased"):
            traces.check(environment)
    except SystemExit:
        keep_logs()
        raise
    finally:
        clean_up()
        steps.save(TEST.folder / "times.tsv")
    print("\nAll tests passed.")


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
