"""The emulators that these scripts start: the command of each and what it needs in its environment."""

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from settings import LOCAL, emulator_kind

MINISTACK = LOCAL / "venv" / "bin" / "ministack"
LOCALSTACK = LOCAL / "localstack"
LOCALSTACK_PYTHON = LOCALSTACK / "venv" / "bin" / "python"


@dataclass(frozen=True)
class Program:
    """How to start an emulator. Whatever runs `executable` is ours."""

    executable: Path
    arguments: tuple[str, ...]
    environment: dict[str, str]


def program(endpoint: str, folder: Path) -> Program:
    """The emulator that was asked for, to answer at an address and to keep its files in a folder."""
    return localstack(endpoint, folder) if emulator_kind() == "localstack" else ministack(endpoint)


def executable() -> Path:
    """By which a process of the emulator that was asked for is known."""
    return LOCALSTACK_PYTHON if emulator_kind() == "localstack" else MINISTACK


def ministack(endpoint: str) -> Program:
    """MiniStack. Its functions inherit its environment."""
    address = urlsplit(endpoint)
    return Program(MINISTACK, (), {"BIND_HOST": address.hostname, "GATEWAY_PORT": str(address.port)})


def localstack(endpoint: str, folder: Path) -> Program:
    """LocalStack with our plug-ins, as localstack/prepare.sh has set it up. Its README.md says what each is for."""
    address = urlsplit(endpoint).netloc
    environment = {
        "GATEWAY_LISTEN": address,
        "LOCALSTACK_HOST": address,
        "SQS_ENDPOINT_STRATEGY": "path",  # the others make names that only a public name server knows
        # All it writes stays here, and it asks nobody on the network.
        "HOME": str(folder / "localstack" / "home"),
        "OVERRIDE_IN_DOCKER": "0",
        "FILESYSTEM_ROOT": str(folder / "localstack"),
        "DNS_ADDRESS": "0",
        "DISABLE_EVENTS": "1",
        "SKIP_SSL_CERT_DOWNLOAD": "1",
        "LAMBDA_RUNTIME_EXECUTOR": "process",
        "DYNAMODB_LOCAL_HOME": str(LOCALSTACK / "dynamodb"),
        "DYNAMODB_LOCAL_JAVA": str(LOCALSTACK / "java"),
        # Between two looks into a queue that our plug-in lets it wait at.
        "LAMBDA_EVENT_SOURCE_MAPPING_POLL_INTERVAL_SEC": "0.01",
        "LAMBDA_EVENT_SOURCE_MAPPING_MAX_BACKOFF_ON_EMPTY_POLL_SEC": "0.1",
        # A profile under load showed a sixth of its time in log lines and in metrics of queues.
        "LS_LOG": "warn",
        "SQS_DISABLE_CLOUDWATCH_METRICS": "1",
    }
    return Program(LOCALSTACK_PYTHON, ("-m", "localstack.runtime.main"), environment)
