"""A receiver of webhooks that loses some of its replies: the sender cannot know that it has been heard."""

import base64
import hashlib
import hmac
import json
import random
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# The tolerance of the Standard Webhooks specification, in seconds.
TOLERANCE = 300


@dataclass(frozen=True)
class Hook:
    """One attempt as it arrived."""

    id: str
    lead_id: str
    kind: str
    verified: bool
    replied: bool
    data: dict


def signature(secret: str, hook_id: str, timestamp: str, body: bytes) -> str:
    """A signature by the text of the Standard Webhooks specification, with no code of ours."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = hmac.new(key, f"{hook_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return "v1," + base64.b64encode(signed).decode()


class Sink:
    """The receiver, on a port of its own."""

    def __init__(self, secret: str, seed: int):
        self.lock = threading.Lock()
        self.hooks: list[Hook] = []
        self.losing = 0.0
        self.draw = random.Random(seed)
        sink = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                name, at = self.headers.get("webhook-id", ""), self.headers.get("webhook-timestamp", "0")
                expected = signature(secret, name, at, body)
                given = self.headers.get("webhook-signature", "").split(" ")
                fresh = at.isdigit() and abs(time.time() - int(at)) <= TOLERANCE
                verified = fresh and any(hmac.compare_digest(expected, one) for one in given)
                if sink.take(name, body, verified):
                    self.send_response(204)
                    self.end_headers()
                else:
                    self.close_connection = True

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 256

            def handle_error(self, *_):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, name: str, body: bytes, verified: bool) -> bool:
        """Keeps an attempt; false when its reply is to be lost."""
        try:
            document = json.loads(body)
        except ValueError:
            document = {}
        data = document.get("data", {})
        with self.lock:
            replied = self.draw.random() >= self.losing
            hook = Hook(name, data.get("lead_id", ""), document.get("type", ""), verified, replied, data)
            self.hooks.append(hook)
        return replied

    def lose(self, share: float) -> None:
        """From now on so many of the replies are lost."""
        self.losing = share

    def seen(self) -> list[Hook]:
        """Everything that has arrived so far, in order."""
        with self.lock:
            return list(self.hooks)

    def stop(self) -> None:
        """Ends it."""
        self.server.shutdown()
        self.server.server_close()
