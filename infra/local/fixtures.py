"""What a deployment needs besides the stack: a sender that may send, secrets, a key, a playbook, sample leads."""

import base64
import hashlib
import json
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request

from botocore.exceptions import ClientError

from settings import LEADCTL, PLAYBOOK, ROOT, SAMPLE_FORM, SAMPLE_LEADS

SECRET_PREFIX = "leadline/"
SETTLE_SECONDS = 90
UNDER_WAY = {"received", "enriched", "scored"}


def verify_senders(ses) -> None:
    """Lets the e-mail addresses of the sample playbook send: without an identity the emulator refuses, as AWS does."""
    for address in sorted(set(re.findall(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", PLAYBOOK.read_text()))):
        ses.verify_email_identity(EmailAddress=address)


def create_secrets(secrets) -> None:
    """Creates what the sample playbook refers to as `…secret: name`; on AWS this is the operator's part."""
    names = re.findall(r"\b\w*secret: *[\"']?([\w/.-]+)", PLAYBOOK.read_text())
    for name in sorted({name.removeprefix(SECRET_PREFIX) for name in names}):
        try:
            secrets.create_secret(Name=SECRET_PREFIX + name, SecretString=demo_secret(name))
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceExistsException":
                raise


def demo_secret(name: str) -> str:
    """A value in the form of a webhook secret: whsec_ and the base64 of SHA-256 of "leadline demo <name>"."""
    return "whsec_" + base64.b64encode(hashlib.sha256(f"leadline demo {name}".encode()).digest()).decode()


def leadctl(environment: dict[str, str], *arguments: str, quiet: bool = False) -> str:
    """Runs the operator's command and returns what it printed, or shows it unless `quiet`."""
    result = subprocess.run(
        [str(LEADCTL), *arguments], cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE if quiet else None
    )
    if result.returncode != 0:
        sys.exit(f"leadctl {' '.join(arguments)} failed (exit {result.returncode}).")
    return (result.stdout or "").strip()


def create_key(environment: dict[str, str]) -> str:
    """A new API key with every scope."""
    return leadctl(environment, "keys", "create", "--name", "local", "--scopes", "all", "--quiet", quiet=True)


def opens(api_url: str, key: str) -> bool:
    """Whether the API takes this key."""
    try:
        list_leads({"API_URL": api_url, "API_KEY": key})
        return True
    except urllib.error.HTTPError as error:
        if error.code in (401, 403):
            return False
        raise


def publish_playbook(environment: dict[str, str]) -> None:
    """Publishes the sample playbook."""
    leadctl(environment, "playbook", "publish", str(PLAYBOOK.relative_to(ROOT)))


def submit_leads(environment: dict[str, str]) -> None:
    """Submits the sample leads through the public door, which is to refuse some of them."""
    leadctl(environment, "submit", "--form", SAMPLE_FORM, "--allow-refused", str(SAMPLE_LEADS.relative_to(ROOT)))


def wait_until_settled(environment: dict[str, str]) -> None:
    """Waits until no lead is on its way through the line any more; says so when that takes too long."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while True:
        leads = list_leads(environment)
        moving = sum(lead["stage"] in UNDER_WAY for lead in leads)
        if leads and not moving:
            return
        if time.monotonic() > deadline:
            print(f"      {moving} of {len(leads)} leads are still on their way.")
            return
        time.sleep(0.5)


def list_leads(environment: dict[str, str]) -> list[dict]:
    """The first page of leads, as the API gives them."""
    request = urllib.request.Request(
        f"{environment['API_URL']}/leads?limit=100", headers={"Authorization": f"Bearer {environment['API_KEY']}"}
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)["leads"]
