"""From a running emulator to a deployment that answers: stack, sender, secrets, API key, environment file."""

import os

import fixtures
from deploy import deploy, session
from settings import Deployment, aws_environment, read_env, write_env

QUEUES = ("ENRICH", "SCORE", "ROUTE", "NOTIFY", "TIMER")


def bring_up(deployment: Deployment, endpoint: str, **options) -> dict[str, str]:
    """Deploys onto the emulator and returns what the environment file is to hold, but for the key."""
    environment = aws_environment(endpoint)
    client = session(environment)
    outputs = deploy(deployment, client, endpoint, **options)
    fixtures.verify_senders(client("ses"))
    fixtures.create_secrets(client("secretsmanager"))
    queues = {f"QUEUE_{name}": outputs[f"{name.capitalize()}QueueUrl"] for name in QUEUES}
    return {
        "API_URL": outputs["ApiUrl"],
        **environment,
        "STACK": deployment.stack,
        "TABLE_NAME": outputs["TableName"],
        "MASTER_SECRET": outputs["MasterSecretName"],
        "BUS_NAME": outputs["BusName"],
        "LOG_GROUP": outputs["LogGroupName"],
        "AUDIT_FUNCTION": outputs["AuditFunctionName"],
        "ESCALATE_FUNCTION": outputs["EscalateFunctionName"],
        **queues,
    }


def with_key(deployment: Deployment, values: dict[str, str]) -> dict[str, str]:
    """Adds an API key, that of an earlier run while it is still good, and writes the file."""
    key = read_env(deployment.env_file).get("API_KEY")
    if not key or not fixtures.opens(values["API_URL"], key):
        key = fixtures.create_key(os.environ | values)
    values = {"API_URL": values["API_URL"], "API_KEY": key, **values}
    write_env(deployment.env_file, values)
    return values
