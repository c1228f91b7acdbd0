"""`make deploy STACK=… REGION=…`: builds for AWS, shows what would change, and rolls it out.

Uses the credentials and profile of the person at the keyboard. What was given to the stack before stays as it was unless
it is given again."""

import hashlib
import json
import os
import subprocess
import sys
import time

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from binary import unfit
from deploy import BINARIES, TEMPLATE, reason, stack_status, upload, with_code
from settings import ROOT, functions

# Of these the owner says something himself; the others are for emulators and tests.
NOT_FOR_AWS = {"GatewayEndpoint", "AllowLocalTargets"}
MINUTES = 20


def main() -> None:
    stack, region = wanted("STACK"), wanted("REGION")
    given = parameters(os.environ.get("PARAMETERS", ""))
    client = clients(region)
    account = signed_in(client)
    cloudformation = client("cloudformation")
    status = settled(stack_status(cloudformation, stack), stack)
    before = [] if status is None else cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["Parameters"]
    architecture = chosen(os.environ.get("ARCH", ""), given, before)
    given["Architecture"] = architecture
    subprocess.run(["make", "--no-print-directory", "build", f"ARCH={architecture}"], cwd=ROOT, check=True)
    wrong = {name: unfit(BINARIES / name / "bootstrap", architecture) for name in functions()}
    lines = [f"The binary of {name} {why}." for name, why in wrong.items() if why]
    if lines:
        sys.exit("\n".join([*lines, "Nothing has been uploaded."]))

    bucket = os.environ.get("BUCKET") or f"leadline-code-{account}-{region}"
    template = published(client("s3"), bucket, region, account)
    change = f"roll-out-{int(time.time())}"
    cloudformation.create_change_set(
        StackName=stack,
        ChangeSetName=change,
        ChangeSetType="CREATE" if status is None else "UPDATE",
        TemplateURL=template,
        Parameters=merged(given, [p["ParameterKey"] for p in before]),
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    )
    changes = looked_at(cloudformation, stack, change)
    if changes is None:
        print("Nothing would change.")
    else:
        print("\n".join(told(changes)))
        lost = replaced(changes)
        if lost:
            sys.exit(f"{', '.join(lost)} would be replaced and begin empty. Nothing has been changed.")
        cloudformation.execute_change_set(StackName=stack, ChangeSetName=change, ClientRequestToken=change)
        finished(cloudformation, stack, change)
    outputs = cloudformation.describe_stacks(StackName=stack)["Stacks"][0].get("Outputs", [])
    print(what_next({o["OutputKey"]: o["OutputValue"] for o in outputs}, stack, region))


def wanted(name: str) -> str:
    """A setting that has to be given."""
    value = os.environ.get(name, "")
    if not value:
        sys.exit(f"{name} is missing: make deploy STACK=leadline REGION=eu-central-1")
    return value


def parameters(text: str) -> dict[str, str]:
    """`Name=value` pairs that are parameters of the template for AWS."""
    pairs = [pair.partition("=") for pair in text.split()]
    given = {name: value for name, equals, value in pairs if equals}
    wrong = [name for name, equals, _ in pairs if not equals or name in NOT_FOR_AWS or name not in known()]
    if wrong:
        names = ", ".join(sorted(known() - NOT_FOR_AWS))
        sys.exit(f"PARAMETERS: {', '.join(wrong)}: write Name=value, with names out of {names}.")
    return given


def chosen(wanted: str, given: dict[str, str], before: list[dict[str, str]]) -> str:
    """The architecture to build for: what is asked for, or what the stack has, or arm64, which costs less."""
    has = {p["ParameterKey"]: p["ParameterValue"] for p in before}
    architecture = wanted or given.get("Architecture") or has.get("Architecture") or "arm64"
    if architecture not in ("arm64", "x86_64"):
        sys.exit(f"ARCH={architecture}: there are arm64 and x86_64.")
    if wanted and given.get("Architecture", wanted) != wanted:
        sys.exit(f"ARCH={wanted} and Architecture={given['Architecture']} contradict each other.")
    return architecture


def known() -> set[str]:
    """The parameters that the template has."""
    section = TEMPLATE.read_text().split("\nParameters:\n")[1].split("\nConditions:\n")[0]
    return {line.strip().rstrip(":") for line in section.splitlines() if line.startswith("  ") and line[2] != " "}


def merged(given: dict[str, str], before: list[str]) -> list[dict[str, object]]:
    """What is given now, and what the stack has of the rest."""
    kept = [name for name in before if name not in given and name in known()]
    return [
        *({"ParameterKey": name, "ParameterValue": value} for name, value in given.items()),
        *({"ParameterKey": name, "UsePreviousValue": True} for name in kept),
    ]


def clients(region: str):
    """Makes clients with the credentials that boto3 finds."""
    session = boto3.Session(region_name=region)
    return lambda service: session.client(service)


def signed_in(client) -> str:
    """The account that the credentials are for."""
    try:
        return client("sts").get_caller_identity()["Account"]
    except (BotoCoreError, ClientError) as error:
        sys.exit(f"AWS does not know you: {error}\nSign in first, such as by aws sso login, and set AWS_PROFILE.")


def published(s3, bucket: str, region: str, account: str) -> str:
    """Puts the zips and the template into the bucket, which is made when there is none; the template's address. Names of
    buckets are everybody's: one that somebody else has taken is never written to, or they could change what is rolled out."""
    whose = {"ExpectedBucketOwner": account}
    try:
        s3.head_bucket(Bucket=bucket, **whose)
    except ClientError as error:
        # An answer to HEAD has no words but the status.
        code = error.response["Error"]["Code"]
        if code in ("301", "400", "403"):
            sys.exit(
                f"The bucket {bucket} is not yours, not for you, or not in {region}: {error}\n"
                "Name one of your own: make deploy … BUCKET=name"
            )
        if code not in ("404", "NoSuchBucket"):
            raise
        made(s3, bucket, region, whose)
    code = {name: upload(s3, bucket, name, **whose) for name in functions()}
    text = with_code(TEMPLATE.read_text(), code)
    # By its content, as the zips: two stacks of an account that are rolled out at once have a bucket between them.
    key = f"template/{hashlib.sha256(text.encode()).hexdigest()}.yaml"
    s3.put_object(Bucket=bucket, Key=key, Body=text.encode(), **whose)
    # CloudFormation reads it with the rights of whoever asks. A signed address would be too long with a session's token.
    suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return f"https://{bucket}.s3.{region}.{suffix}/{key}"


def made(s3, bucket: str, region: str, whose: dict[str, str]) -> None:
    """Makes a bucket that nobody else can read, and nobody without TLS."""
    where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    try:
        s3.create_bucket(Bucket=bucket, **where)
    except ClientError as error:
        if error.response["Error"]["Code"] != "BucketAlreadyExists":
            raise
        # It was made by somebody else a moment ago.
        sys.exit(f"The bucket {bucket} is not yours. Name one of your own: make deploy … BUCKET=name")
    everything = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    s3.put_public_access_block(
        Bucket=bucket, PublicAccessBlockConfiguration=dict.fromkeys(everything, True), **whose
    )
    partition = "aws-cn" if region.startswith("cn-") else "aws-us-gov" if region.startswith("us-gov-") else "aws"
    arn = f"arn:{partition}:s3:::{bucket}"
    refused = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, f"{arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    policy = {"Version": "2012-10-17", "Statement": [refused]}
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy), **whose)


def settled(status: str | None, stack: str) -> str | None:
    """The state that a change can begin from; ends the program with what to do about any other."""
    if status == "REVIEW_IN_PROGRESS":
        return None  # a change was looked at and never made
    if status == "ROLLBACK_COMPLETE":
        sys.exit(f"The stack {stack} never came to be. Delete it (aws cloudformation delete-stack), then try again.")
    if status and status.endswith("_IN_PROGRESS"):
        sys.exit(f"The stack {stack} is {status}. Wait for its end, then try again.")
    return status


def looked_at(cloudformation, stack: str, change: str) -> list[dict] | None:
    """The changes of a change set; none when there are none."""
    end = time.monotonic() + 60 * MINUTES
    while time.monotonic() < end:
        found = cloudformation.describe_change_set(StackName=stack, ChangeSetName=change)
        if found["Status"] == "CREATE_COMPLETE":
            return [c["ResourceChange"] for c in found["Changes"]]
        if found["Status"] == "FAILED":
            why = found.get("StatusReason", "?")
            if "didn't contain changes" in why or "No updates" in why:
                cloudformation.delete_change_set(StackName=stack, ChangeSetName=change)
                return None
            sys.exit(f"The template was refused: {why}")
        time.sleep(1)
    sys.exit(f"AWS has not said within {MINUTES} minutes what would change.")


def told(changes: list[dict]) -> list[str]:
    """One line for each change."""
    words = {"Add": "new", "Modify": "changed", "Remove": "gone"}
    return [
        f"{words.get(c['Action'], c['Action']):>8}  {c['LogicalResourceId']}"
        + ("  (replaced)" if c.get("Replacement") == "True" else "")
        for c in changes
    ]


def replaced(changes: list[dict]) -> list[str]:
    """What holds something that a replacement would not have."""
    held = {"Table", "MasterSecret"}
    return sorted(
        c["LogicalResourceId"]
        for c in changes
        if c["LogicalResourceId"] in held and (c["Action"] == "Remove" or c.get("Replacement") == "True")
    )


def finished(cloudformation, stack: str, change: str) -> None:
    """Waits for the end; tells how far it is and why something failed, as it happens."""
    end = time.monotonic() + 60 * MINUTES
    last, said = None, set()
    while time.monotonic() < end:
        status = stack_status(cloudformation, stack)
        for event in failures(cloudformation, stack, change):
            if event["EventId"] not in said:
                print(reason(event), flush=True)
                said.add(event["EventId"])
        if status != last:
            print(f"{stack}: {status}", flush=True)
            last = status
        if status in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            return
        if status is None or "FAILED" in status or status.endswith("ROLLBACK_COMPLETE"):
            sys.exit(f"The stack {stack} ended as {status}." + ("" if said else " No reason was given."))
        time.sleep(2)
    sys.exit(f"The stack {stack} was not ready within {MINUTES} minutes; AWS goes on with it.")


def failures(cloudformation, stack: str, change: str) -> list[dict]:
    """What failed in this change and not in one before it, first failure first."""
    found = []
    for page in cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack):
        ours = [event for event in page["StackEvents"] if event.get("ClientRequestToken") == change]
        found += [event for event in ours if "FAILED" in event["ResourceStatus"]]
        if len(ours) < len(page["StackEvents"]):
            break  # the newest come first
    return found[::-1]


def what_next(outputs: dict[str, str], stack: str, region: str) -> str:
    """Where it answers, how to make the first key, and how to see whether all is well."""
    lines = [
        f"\nLeadline answers at {outputs['ApiUrl']}",
        "leadctl (make leadctl builds it) takes credentials from the environment; from a profile, also one of SSO, they come by:",
        '  eval "$(aws configure export-credentials --profile NAME --format env)"',
        "The first key, shown once:",
        f"  AWS_REGION={region} TABLE_NAME={outputs['TableName']} .local/bin/leadctl keys create --name me --scopes all",
        "Then publish your playbook:",
        f"  API_URL={outputs['ApiUrl']} API_KEY=… .local/bin/leadctl playbook publish my-playbook.yaml",
        "Whether all is well:",
        f"  AWS_REGION={region} STACK={stack} API_URL={outputs['ApiUrl']} API_KEY=… .local/bin/leadctl doctor",
    ]
    if "DomainTarget" in outputs:
        lines.insert(1, f"Point its name there by a CNAME record: {outputs['DomainTarget']}")
    return "\n".join(lines)


if __name__ == "__main__":
    try:
        main()
    except (BotoCoreError, ClientError) as error:
        sys.exit(f"AWS refused: {error}")
    except subprocess.CalledProcessError:
        sys.exit(1)  # make has said why
