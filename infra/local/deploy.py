"""Puts the binaries and the template onto the emulator: zips to S3, then CloudFormation, as on AWS."""

import hashlib
import io
import platform
import re
import sys
import time
import zipfile
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from settings import ROOT, Deployment, functions

TEMPLATE = ROOT / "infra" / "template.yaml"
BINARIES = ROOT / "target" / "lambda"
DEPLOY_SECONDS = 180


def session(environment: dict[str, str]):
    """Makes clients for the emulator; they never look at the profiles of the person at the keyboard."""

    def client(service: str):
        return boto3.client(
            service,
            endpoint_url=environment["AWS_ENDPOINT_URL"],
            region_name=environment["AWS_REGION"],
            aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
            config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 2}),
        )

    return client


def deploy(deployment: Deployment, client, endpoint: str, binaries: Path = BINARIES, **more: str) -> dict[str, str]:
    """Creates or updates the stack, with `more` parameters of the template, and returns its outputs."""
    bucket = f"{deployment.stack}-code"
    create_bucket(client("s3"), bucket)
    code = {name: upload(client("s3"), bucket, name, binaries) for name in functions()}
    parameters = {
        # The host's, which has built them. Only an emulator that runs them in containers looks at it.
        "Architecture": "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64",
        "GatewayEndpoint": endpoint,
        "AllowLocalTargets": "true",
        **more,
    }
    request = {
        "StackName": deployment.stack,
        "TemplateURL": upload_template(client("s3"), bucket, with_code(TEMPLATE.read_text(), code)),
        "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    }
    cloudformation = client("cloudformation")
    status = stack_status(cloudformation, deployment.stack)
    if status in ("ROLLBACK_COMPLETE", "CREATE_FAILED", "DELETE_FAILED"):
        remove(deployment, client)  # a stack that never came to be can't be updated
        status = None
    try:
        if status is None:
            cloudformation.create_stack(**request, OnFailure="DO_NOTHING")
        else:
            cloudformation.update_stack(**request)
    except ClientError as error:
        if "No updates are to be performed" not in str(error):
            sys.exit(f"The template was refused: {error.response['Error']['Message']}")
    wait(cloudformation, deployment.stack)
    stack = cloudformation.describe_stacks(StackName=deployment.stack)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


def remove(deployment: Deployment, client) -> None:
    """Deletes the stack and waits for its end."""
    cloudformation = client("cloudformation")
    cloudformation.delete_stack(StackName=deployment.stack)
    wait(cloudformation, deployment.stack)


def create_bucket(s3, bucket: str) -> None:
    """Makes the bucket for the zips unless there is one."""
    try:
        s3.create_bucket(Bucket=bucket)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("BucketAlreadyOwnedByYou", "BucketAlreadyExists"):
            raise


def upload(s3, bucket: str, function: str, binaries: Path = BINARIES, **whose: str) -> str:
    """Puts a function's zip into the bucket unless it is there; returns its address. `whose` goes with each request."""
    binary = binaries / function / "bootstrap"
    if not binary.exists():
        sys.exit(f"{binary.relative_to(ROOT)} is missing. Run make build first.")
    content = zipped(binary)
    key = f"{function}/{hashlib.sha256(content).hexdigest()}.zip"
    try:
        s3.head_object(Bucket=bucket, Key=key, **whose)
    except ClientError:
        s3.put_object(Bucket=bucket, Key=key, Body=content, **whose)
    return f"s3://{bucket}/{key}"


def upload_template(s3, bucket: str, template: str) -> str:
    """Puts the template into the bucket, since CloudFormation takes no more than 50 KB in a request; an address that is
    good for an hour."""
    key = "template.yaml"
    s3.put_object(Bucket=bucket, Key=key, Body=template.encode())
    return s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": key}, ExpiresIn=3600)


def zipped(binary: Path) -> bytes:
    """A zip that is the same bytes whenever the binary is, so that an unchanged function is left alone."""
    entry = zipfile.ZipInfo("bootstrap", date_time=(1980, 1, 1, 0, 0, 0))
    entry.external_attr = 0o755 << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(entry, binary.read_bytes(), compresslevel=6)
    return content.getvalue()


def with_code(template: str, code: dict[str, str]) -> str:
    """The template with each function's folder replaced by the address of its zip."""

    def address(match: re.Match) -> str:
        return f"CodeUri: {code[match.group(1)]}"

    return re.sub(r"CodeUri: \.\./target/lambda/([a-z]+)/", address, template)


def stack_status(cloudformation, stack: str) -> str | None:
    """The state the stack is in; none when there is no such stack."""
    try:
        return cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise


def wait(cloudformation, stack: str) -> None:
    """Waits for the end of what is under way; ends the program with the reasons when it failed."""
    deadline = time.monotonic() + DEPLOY_SECONDS
    while time.monotonic() < deadline:
        status = stack_status(cloudformation, stack)
        if status in (None, "CREATE_COMPLETE", "UPDATE_COMPLETE", "DELETE_COMPLETE"):
            return
        if "FAILED" in status or status.endswith("ROLLBACK_COMPLETE"):
            sys.exit(f"The stack {stack} ended as {status}:\n{reasons(cloudformation, stack)}")
        time.sleep(0.2)
    sys.exit(f"The stack {stack} was not ready within {DEPLOY_SECONDS} s.")


def reasons(cloudformation, stack: str) -> str:
    """Which resources failed and why, first failure first."""
    events = cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
    lines = [reason(event) for event in reversed(events) if "FAILED" in event["ResourceStatus"]]
    return "\n".join(lines) or "  no reason was given"


def reason(event: dict) -> str:
    """What became of a resource that failed, in a line."""
    why = event.get("ResourceStatusReason", "?")
    return f"  {event['LogicalResourceId']} ({event['ResourceType']}): {why}"
