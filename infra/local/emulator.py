"""Starts and stops an emulator of our own, in the background."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from programs import LOCALSTACK_PYTHON, MINISTACK, executable, program
from settings import Deployment, aws_environment, emulator_kind, external_endpoint

START_SECONDS = 60
STOP_SECONDS = 20


def check() -> None:
    """Ends the program when no emulator can be had, before anything that takes long."""
    if emulator_kind() == "external" and not answers(external_endpoint()):
        sys.exit(f"Nothing answers at AWS_ENDPOINT_URL={external_endpoint()}. Start the emulator first.")


def ensure(deployment: Deployment) -> tuple[str, bool]:
    """The address of a running emulator, and whether it was started just now."""
    if emulator_kind() == "external":
        return external_endpoint(), False
    running = running_endpoint(deployment)
    if running:
        return running, False
    return start(deployment), True


def running_endpoint(deployment: Deployment) -> str | None:
    """The address of the emulator that an earlier call started, while it is alive and the one that is asked for."""
    pid, endpoint = recorded(deployment)
    return endpoint if pid and endpoint and runs(pid, executable()) and answers(endpoint) else None


def start(deployment: Deployment, port: int | None = None, more: dict[str, str] | None = None) -> str:
    """Starts an emulator, with `more` in its environment, and waits until it is ready. A port that is given is that of
    an earlier start, whose log goes on."""
    stop(deployment)
    folder = deployment.folder
    temporary = folder / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    log_mode = "ab" if port else "wb"
    port = port or free_port(deployment.first_port)
    endpoint = f"http://127.0.0.1:{port}"
    wanted = program(endpoint, folder)
    # A clean environment: the functions inherit the emulator's, and a profile, proxy or endpoint of the person at the
    # keyboard must not reach them.
    environment = {name: os.environ[name] for name in ("HOME", "LANG", "PATH", "SSL_CERT_FILE") if name in os.environ}
    environment |= aws_environment(endpoint) | {
        "TMPDIR": str(temporary),
        # Their home folder may hold AWS profiles as well.
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        **wanted.environment,
        **(more or {}),
    }
    log = folder / "emulator.log"
    with log.open(log_mode) as output:
        process = subprocess.Popen(
            [str(wanted.executable), *wanted.arguments],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    pid_file(deployment).write_text(f"{process.pid}\n{endpoint}\n")
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            sys.exit(f"The emulator ended at once (exit {process.returncode}):\n{tail(log)}")
        if answers(endpoint):
            return endpoint
        time.sleep(0.1)
    stop(deployment)
    sys.exit(f"The emulator was not ready within {START_SECONDS} s:\n{tail(log)}")


def stop(deployment: Deployment) -> bool:
    """Ends the emulator that we started, and waits for its end; false when there was none."""
    pid, _ = recorded(deployment)
    pid_file(deployment).unlink(missing_ok=True)
    if not pid or not is_ours(pid):
        return False
    if not ended(pid, STOP_SECONDS):
        # It leads a process group of its own, so this reaches the functions it runs and nothing else.
        os.killpg(pid, signal.SIGKILL)
    return True


def ended(pid: int, seconds: float) -> bool:
    """Asks an emulator to end and waits for that; false when it takes longer."""
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + seconds
    while is_ours(pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def answers(endpoint: str) -> bool:
    """Whether an emulator is ready at this address."""
    return has(endpoint, "/_localstack/health")


def is_localstack(endpoint: str) -> bool:
    """Whether it is LocalStack that answers there, whoever started it. MiniStack has LocalStack's doors, too."""
    return not has(endpoint, "/_ministack/health")


def has(endpoint: str, path: str) -> bool:
    try:
        with urllib.request.urlopen(endpoint + path, timeout=2) as response:
            return response.status == 200
    except (urllib.error.URLError, OSError):
        return False


def free_port(first: int) -> int:
    """The first port from `first` on that nobody listens on."""
    for port in range(first, first + 100):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    sys.exit(f"No free port between {first} and {first + 99}.")


def pid_file(deployment: Deployment) -> Path:
    return deployment.folder / "emulator.pid"


def recorded(deployment: Deployment) -> tuple[int | None, str | None]:
    """Process id and address as written down at the start."""
    try:
        pid, endpoint = pid_file(deployment).read_text().split()
        return int(pid), endpoint
    except (FileNotFoundError, ValueError):
        return None, None


def is_ours(pid: int) -> bool:
    """Whether this process lives and is an emulator of ours: a process id may have been given to another since."""
    return runs(pid, MINISTACK) or runs(pid, LOCALSTACK_PYTHON)


def runs(pid: int, executable: Path) -> bool:
    """Whether this process lives and was started with an executable."""
    try:
        done, _ = os.waitpid(pid, os.WNOHANG)  # our own child stays a zombie until it is asked for
        if done:
            return False
    except ChildProcessError:
        pass
    try:
        command = Path(f"/proc/{pid}/cmdline").read_text()
    except FileNotFoundError:
        if Path("/proc/self").exists():
            return False
        command = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True).stdout
    return str(executable) in command


def tail(log: Path, lines: int = 30) -> str:
    """The last lines of a log."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
