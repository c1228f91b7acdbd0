"""Runs a function's `bootstrap` as a plain process.

LocalStack itself runs functions in Docker only; how they are run is a plug-in, chosen by LAMBDA_RUNTIME_EXECUTOR.
Each process has a Lambda Runtime API of its own on the loopback interface.

LocalStack makes an execution environment for every call that finds none free. Two hundred of them at once would be two
hundred processes that all start on the cores that are to serve them, so that an environment here is no more than a
place in the line for one of a few processes.
"""

import json
import os
import queue
import subprocess
import tempfile
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from localstack import config
from localstack.services.lambda_.invocation.executor_endpoint import StatusErrorException
from localstack.services.lambda_.invocation.lambda_models import FunctionVersion, InvocationResult
from localstack.services.lambda_.invocation.plugins import RuntimeExecutorPlugin
from localstack.services.lambda_.invocation.runtime_executor import RuntimeExecutor

LOOPBACK = "127.0.0.1"
# Of one function at a time.
MOST_PROCESSES = 16
START_SECONDS = 30
# Of LocalStack's own environment functions get no more than this: the rest is not theirs.
INHERITED = ("PATH", "SSL_CERT_FILE")


class ProcessExecutorPlugin(RuntimeExecutorPlugin):
    """How LocalStack finds the executor."""

    name = "process"

    def load(self, *args, **kwargs):
        return ProcessExecutor


class ProcessExecutor(RuntimeExecutor):
    """One execution environment, as LocalStack sees it."""

    def __init__(self, id: str, function_version: FunctionVersion):
        super().__init__(id=id, function_version=function_version)
        self.environment: dict[str, str] = {}
        self.lines = ""

    def start(self, env_vars: dict[str, str]) -> None:
        inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
        self.environment = inherited | {name: str(value) for name, value in env_vars.items()}

    def stop(self) -> None:
        pass

    def invoke(self, payload: dict[str, str]) -> InvocationResult:
        # The platform's line as on AWS; LocalStack takes no line at all for a mistake.
        self.lines = f"START RequestId: {payload['invoke-id']} Version: {self.function_version.id.qualifier}\n"
        with crew(self.function_version).member(self.environment) as bootstrap:
            body, failed = bootstrap.call(payload)
            self.lines += bootstrap.new_lines()
        return InvocationResult(payload["invoke-id"], body, is_error=failed, logs=self.lines)

    def get_logs(self) -> str:
        return self.lines

    def get_address(self) -> str:
        return LOOPBACK

    def get_endpoint_from_executor(self) -> str:
        return LOOPBACK

    def get_runtime_endpoint(self) -> str:
        return f"http://{LOOPBACK}:{config.GATEWAY_LISTEN[0].port}/_localstack_lambda/{self.id}"

    @classmethod
    def prepare_version(cls, function_version: FunctionVersion) -> None:
        function_version.config.code.prepare_for_execution()

    @classmethod
    def cleanup_version(cls, function_version: FunctionVersion) -> None:
        crew(function_version).dismiss()


class Crew:
    """The processes of one version of a function."""

    def __init__(self, function_version: FunctionVersion):
        self.function_version = function_version
        self.places = threading.BoundedSemaphore(MOST_PROCESSES)
        self.idle: queue.LifoQueue[Bootstrap] = queue.LifoQueue()
        self.dismissed = False

    @contextmanager
    def member(self, environment: dict[str, str]):
        """A process that is ready for a call. One that has died or was ended is followed by another."""
        with self.places:
            try:
                bootstrap = self.idle.get_nowait()
            except queue.Empty:
                bootstrap = Bootstrap(self.function_version, environment)
                failure = bootstrap.wait_until_ready()
                if failure is not None:
                    bootstrap.end()
                    raise StatusErrorException("The function did not start", payload=failure) from None
            try:
                yield bootstrap
            finally:
                if bootstrap.is_alive() and not self.dismissed:
                    self.idle.put(bootstrap)
                else:
                    bootstrap.end()

    def dismiss(self) -> None:
        """Ends those that have nothing to do, and each of the others after its call."""
        self.dismissed = True
        while not self.idle.empty():
            self.idle.get().end()


CREWS: dict[str, Crew] = {}
CREWS_LOCK = threading.Lock()


def crew(function_version: FunctionVersion) -> Crew:
    """The processes of this version, by the revision that LocalStack gives to each change of code or configuration."""
    with CREWS_LOCK:
        return CREWS.setdefault(function_version.config.internal_revision, Crew(function_version))


class Bootstrap:
    """One process and the Runtime API it talks to. It never has more than one call in hand."""

    def __init__(self, function_version: FunctionVersion, environment: dict[str, str]):
        self.timeout = function_version.config.timeout
        self.ready = threading.Event()
        self.calls: queue.Queue[dict | None] = queue.Queue()
        self.answers: queue.Queue[tuple[bytes, bool]] = queue.Queue()
        self.api = ThreadingHTTPServer((LOOPBACK, 0), RuntimeApi)
        self.api.daemon_threads = True
        self.api.bootstrap = self
        threading.Thread(target=self.api.serve_forever, kwargs={"poll_interval": 5}, daemon=True).start()
        self.log = tempfile.TemporaryFile("w+b")
        self.log_read = 0
        code = function_version.config.code.get_unzipped_code_location()
        self.process = subprocess.Popen(
            [str(code / "bootstrap")],
            cwd=code,
            env=environment
            | {"AWS_LAMBDA_RUNTIME_API": f"{LOOPBACK}:{self.api.server_port}", "LAMBDA_TASK_ROOT": str(code)},
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=self.log,
        )

    def is_alive(self) -> bool:
        return self.process.poll() is None

    def wait_until_ready(self) -> bytes | None:
        """None once it asks for its first call, otherwise what went wrong."""
        deadline = time.monotonic() + START_SECONDS
        while not self.ready.wait(0.02):
            if not self.answers.empty():
                return self.answers.get()[0]
            if not self.is_alive():
                return error("Runtime.ExitError", f"Runtime exited with status {self.process.returncode}")
            if time.monotonic() > deadline:
                return error("Sandbox.Timedout", f"Not ready within {START_SECONDS} s")
        return None

    def call(self, payload: dict[str, str]) -> tuple[bytes, bool]:
        """The answer to a call and whether it is a failure. After a timeout the process is ended, as on AWS."""
        said = f"RequestId: {payload['invoke-id']} Error: "
        deadline = time.time() + self.timeout
        self.calls.put(payload | {"deadline": deadline})
        while True:
            try:
                return self.answers.get(timeout=0.1)
            except queue.Empty:
                pass
            if not self.is_alive():
                return error("Runtime.ExitError", f"{said}Runtime exited"), True
            if time.time() > deadline:
                self.process.kill()
                self.process.wait()
                return error("Sandbox.Timedout", f"{said}Task timed out after {self.timeout}.00 seconds"), True

    def new_lines(self) -> str:
        """What it has written since the last call."""
        lines = os.pread(self.log.fileno(), os.fstat(self.log.fileno()).st_size - self.log_read, self.log_read)
        self.log_read += len(lines)
        return lines.decode("utf-8", "replace")

    def end(self) -> None:
        """Ends process and API."""
        self.process.kill()
        self.process.wait()
        self.calls.put(None)
        self.log.close()
        self.api.server_close()
        threading.Thread(target=self.api.shutdown, daemon=True).start()


class RuntimeApi(BaseHTTPRequestHandler):
    """The requests of https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html."""

    protocol_version = "HTTP/1.1"
    # One packet for each answer; otherwise the second waits 40 ms for the first to be acknowledged.
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self) -> None:
        bootstrap: Bootstrap = self.server.bootstrap
        bootstrap.ready.set()
        call = bootstrap.calls.get()
        if call is None:
            self.close_connection = True
            return
        headers = {
            "Lambda-Runtime-Aws-Request-Id": call["invoke-id"],
            "Lambda-Runtime-Deadline-Ms": str(int(call["deadline"] * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": call["invoked-function-arn"],
            "Lambda-Runtime-Trace-Id": call["trace-id"],
            "Content-Type": "application/json",
        }
        self.reply(200, headers, call["payload"].encode())

    def do_POST(self) -> None:
        # …/invocation/<id>/response, …/invocation/<id>/error or …/init/error
        self.server.bootstrap.answers.put((self.body(), self.path.endswith("/error")))
        self.reply(202, {}, b"")

    def body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", "").lower():
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        chunks = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return b"".join(chunks)

    def reply(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, *_) -> None:
        pass


def error(kind: str, message: str) -> bytes:
    """A failure in the words of Lambda."""
    return json.dumps({"errorType": kind, "errorMessage": message}).encode()
