"""make bench: builds what is deployed, as it is deployed, and measures it. What needs a deployment gets a fresh one of its
own, which ends with it. Standard output has the figures only; what is being done is told on standard error."""

import os
import signal
import subprocess
import sys
from contextlib import redirect_stdout

import emulator
import fixtures
from deploy import zipped
from progress import Steps
from settings import BENCH, ROOT, emulator_kind, functions
from stack import bring_up, with_key

TARGET = ROOT / os.environ.get("CARGO_TARGET_DIR", "target")
BINARIES = ROOT / "target" / "bench"
# What is measured, by name; the last takes 21 minutes and is left out unless LATENESS=1 asks for it.
ALWAYS = ("decisions", "leads", "idle", "binaries", "deployed")
PARTS = (*ALWAYS, "lateness")
DEPLOYED = {"deployed", "lateness"}
# All of the workspace, or features and so sizes would be others than in `make build PROFILE=release`.
BUILD = ["cargo", "build", "--release", "--workspace"]


def main() -> None:
    for interruption in (signal.SIGTERM, signal.SIGINT):  # so that the emulator is stopped then, too
        signal.signal(interruption, lambda *_: sys.exit("Interrupted."))
    parts = chosen(os.environ.get("ONLY", ""), os.environ.get("LATENESS", ""))
    with redirect_stdout(sys.stderr):
        status = measured(parts)
    sys.exit(status)


def chosen(only: str, lateness: str) -> tuple[str, ...]:
    """The parts that are asked for, in their order."""
    if not only.split():
        return PARTS if lateness else ALWAYS
    unknown = sorted(set(only.split()) - set(PARTS))
    if unknown:
        sys.exit(f"ONLY={unknown[0]} is not known. Use some of {', '.join(PARTS)}.")
    return tuple(part for part in PARTS if part in only.split())


def measured(parts: tuple[str, ...]) -> int:
    """Measures these parts; the exit status of the measurement."""
    needs_deployment = bool(DEPLOYED & set(parts))
    if needs_deployment and emulator_kind() != "ministack":
        sys.exit("make bench reads the memory of functions that its own emulator runs: EMULATOR=ministack.")
    needs_binaries = needs_deployment or "binaries" in parts
    steps = Steps(total=2 + needs_deployment)
    environment = os.environ | {"PARTS": " ".join(parts), "BINARIES": str(BINARIES)}
    try:
        with steps.step("Building as it is deployed (the first time takes many minutes)"):
            build(needs_binaries)
        if needs_deployment:
            with steps.step("Deploying onto an emulator"):
                environment |= deployment()
        with steps.step(f"Measuring: {', '.join(parts)}"):
            # Not through Python, which sends everything to standard error here.
            return subprocess.run([str(TARGET / "release" / "bench")], cwd=ROOT, env=environment).returncode
    finally:
        emulator.stop(BENCH)


def build(binaries: bool) -> None:
    """Builds the measurement and, if they are needed, the binaries with their zips."""
    wanted = ["bench", *((*functions(), "leadctl") if binaries else ())]
    run([*BUILD, *(argument for name in wanted for argument in ("--bin", name))])
    if not binaries:
        return
    run(["make", "--no-print-directory", "place", "PROFILE=release", f"INTO={BINARIES.relative_to(ROOT)}"])
    for name in functions():
        # The very bytes that `make run` and `make deploy` upload.
        (BINARIES / name / "function.zip").write_bytes(zipped(BINARIES / name / "bootstrap"))


def deployment() -> dict[str, str]:
    """Deploys the release binaries onto an emulator without a past, with the sample playbook; its settings."""
    emulator.stop(BENCH)
    BENCH.env_file.unlink(missing_ok=True)
    values = with_key(BENCH, bring_up(BENCH, emulator.start(BENCH), binaries=BINARIES))
    fixtures.publish_playbook(os.environ | values)
    return values


def run(command: list[str]) -> None:
    """Runs a command, whose words are no figures, and ends the program when it fails."""
    if subprocess.run(command, cwd=ROOT, stdout=sys.stderr).returncode != 0:
        sys.exit(f"{' '.join(command)} failed.")


if __name__ == "__main__":
    main()
