"""Where things are, and what the two local deployments are called."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOCAL = ROOT / ".local"
LEADCTL = LOCAL / "bin" / "leadctl"
PLAYBOOK = ROOT / "infra" / "playbooks" / "acme.yaml"
SAMPLE_LEADS = ROOT / "tests" / "data" / "leads.ndjson"
SAMPLE_FORM = "demo-request"


def functions() -> list[str]:
    """The functions of the workspace, by the names of their folders."""
    return sorted(path.parent.name for path in (ROOT / "functions").glob("*/Cargo.toml"))


@dataclass(frozen=True)
class Deployment:
    """One local deployment: its name, where its files are, and the port its emulator would like."""

    name: str
    env_file: Path
    first_port: int

    @property
    def folder(self) -> Path:
        return LOCAL / self.name

    @property
    def stack(self) -> str:
        return f"leadline-{self.name}"


RUN = Deployment("run", LOCAL / "env", 4566)
TEST = Deployment("test", LOCAL / "test" / "env", 4666)
CHAOS = Deployment("chaos", LOCAL / "chaos" / "env", 4766)
BENCH = Deployment("bench", LOCAL / "bench" / "env", 4866)


def emulator_kind() -> str:
    """`ministack` or `localstack`, which these scripts start and stop, or `external`, which somebody else does."""
    kind = os.environ.get("EMULATOR") or "ministack"
    if kind not in ("ministack", "localstack", "external"):
        sys.exit(f"EMULATOR={kind} is not known. Use ministack (the default), localstack or external.")
    return kind


def external_endpoint() -> str:
    """The address of the emulator that somebody else started."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL", "").rstrip("/")
    if not endpoint:
        sys.exit("EMULATOR=external needs AWS_ENDPOINT_URL, such as http://127.0.0.1:4566.")
    if "amazonaws.com" in endpoint:
        sys.exit("AWS_ENDPOINT_URL points at AWS itself. The local deployment is for emulators only.")
    return endpoint


def aws_environment(endpoint: str) -> dict[str, str]:
    """What an AWS client needs to talk to the emulator. Emulators take any credentials."""
    external = emulator_kind() == "external"

    def given(name: str, default: str) -> str:
        return (os.environ.get(name) if external else None) or default

    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_REGION": given("AWS_REGION", "us-east-1"),
        "AWS_ACCESS_KEY_ID": given("AWS_ACCESS_KEY_ID", "test"),
        "AWS_SECRET_ACCESS_KEY": given("AWS_SECRET_ACCESS_KEY", "test"),
    }


def read_env(path: Path) -> dict[str, str]:
    """The KEY=value lines of a file; nothing when there is none."""
    if not path.exists():
        return {}
    lines = path.read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


def write_env(path: Path, values: dict[str, str]) -> None:
    """Writes KEY=value lines; only the owner may read them, one is a key to the API."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".new")
    draft.touch(mode=0o600)
    draft.write_text("".join(f"{key}={value}\n" for key, value in values.items()))
    draft.replace(path)
