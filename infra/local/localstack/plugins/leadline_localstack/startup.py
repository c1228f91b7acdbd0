"""Changes that LocalStack 4.14 needs to run here, made when it starts and before it serves."""

import functools
import logging
import os
from pathlib import Path

from localstack.runtime import hooks
from localstack.services.dynamodb.server import DynamodbServer, _log_listener
from localstack.services.lambda_.event_source_mapping.pollers.sqs_poller import SqsPoller
from localstack.services.sqs.provider import QueueUpdateWorker
from localstack.utils.run import ShellCommandThread
from localstack.utils.threads import TMP_THREADS
from twisted.internet.endpoints import TCP4ServerEndpoint

# The most that SQS allows.
WAIT_SECONDS = 20
LOOK_SECONDS = 0.1
LAUNCHER = Path(__file__).with_name("Loopback.java")


@hooks.on_infra_start()
def adapt() -> None:
    """Makes all of them."""
    # One line for each request, on a form of address that the other emulator needs.
    logging.getLogger("localstack.deprecations").setLevel(logging.ERROR)
    # It takes no more than the port from GATEWAY_LISTEN, and would listen on every address of the machine.
    TCP4ServerEndpoint.__init__ = functools.partialmethod(TCP4ServerEndpoint.__init__, interface="127.0.0.1")
    DynamodbServer.do_start_thread = start_dynamodb
    QueueUpdateWorker.start = functools.partialmethod(look_often, QueueUpdateWorker.start)
    SqsPoller._register_client_hooks = functools.partialmethod(wait_at_the_queue, SqsPoller._register_client_hooks)


def wait_at_the_queue(poller: SqsPoller, register_client_hooks) -> None:
    """Lets a function's queue be read as Lambda reads it: a message is taken when it comes.

    LocalStack looks into a queue without waiting, and again after a second, or ten when nothing was there for long.
    """
    register_client_hooks(poller)

    def wait(params: dict, **_) -> None:
        params["WaitTimeSeconds"] = params.get("WaitTimeSeconds") or WAIT_SECONDS

    poller.source_client.meta.events.register("provide-client-params.sqs.ReceiveMessage", wait)


def look_often(worker: QueueUpdateWorker, start) -> None:
    """Lets a message whose delay is over be there a tenth of a second later, where LocalStack looks once a second."""
    start(worker)
    worker.scheduler.schedule(worker.do_update_all_queues, period=LOOK_SECONDS)


def start_dynamodb(server: DynamodbServer) -> ShellCommandThread:
    """Starts DynamoDB Local from where we have put it, with tables in memory.

    LocalStack would download it, a Java runtime and an agent that lifts the limit of 20 indexes, from hosts that are
    no package registries, and would let it listen on every address of the machine.
    """
    home = os.environ["DYNAMODB_LOCAL_HOME"]
    command = [
        os.environ["DYNAMODB_LOCAL_JAVA"],
        f"-Xmx{server.heap_size}",
        f"-Djava.library.path={home}/DynamoDBLocal_lib",
        "-cp",
        f"{home}/DynamoDBLocal.jar:{home}/DynamoDBLocal_lib/*",
        str(LAUNCHER),
        "-port",
        str(server.port),
        "-inMemory",
    ]
    thread = ShellCommandThread(
        command,
        strip_color=True,
        log_listener=_log_listener,
        auto_restart=True,
        name="dynamodb-local",
        env_vars={"DDB_LOCAL_TELEMETRY": "0"},
    )
    TMP_THREADS.append(thread)
    thread.start()
    return thread
