"""An HTTP server that passes requests on to another one, and makes some of them go wrong.

    proxy = FaultyProxy(gateway.port).start()
    proxy.endpoint                                  # instead of the gateway's
    proxy.set_faults(["500", "cut"], probability=0.1, seed=1)
    proxy.set_faults(["wrong_answer"], methods=["GET"])
    proxy.injected                                  # a Counter: what went wrong how often
    proxy.stop()

Which requests are hit depends on the seed and the order in which requests arrive alone.
"""

import http.client
import http.server
import random
import ssl
import threading
from collections import Counter
from pathlib import Path

# What each kind does to one exchange.
KINDS = {
    "500": "answered 500 without being passed on",
    "503": "answered 503 without being passed on",
    "500_after": "passed on, then answered 500",
    "close": "passed on, then the connection is closed without an answer",
    "cut": "passed on; the answer ends in the middle of its body, or of its header without one",
    "slow": "passed on after 300 ms",
    "stall": "never answered; the connection stays open until the client gives up",
    "wrong_request": "passed on with one byte of the body changed",
    "wrong_answer": "passed on; one byte of the answer's body is changed",
}
# Kinds after which a client that repeats gets the right answer.
PASSING_KINDS = ["500", "503", "500_after", "close", "cut", "slow"]


def damaged(body: bytes) -> bytes:
    middle = len(body) // 2
    return body[:middle] + bytes([body[middle] ^ 0x10]) + body[middle + 1:] if body else body


class FaultyProxy:
    def __init__(self, upstream_port: int, certificate: Path | None = None):
        """With a `certificate` (PEM, its key in it) the proxy speaks TLS to its clients."""
        self.upstream_port = upstream_port
        self.injected: Counter = Counter()
        self.stopped = threading.Event()
        self._lock = threading.Lock()
        self._choose = lambda method: None
        proxy = self

        class Handler(_Handler):
            owner = proxy

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self.endpoint = f"{'https' if certificate else 'http'}://127.0.0.1:{self.port}"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)

    def start(self) -> "FaultyProxy":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def stop(self):
        self.stopped.set()
        self._server.shutdown()
        self._server.server_close()

    def set_faults(self, kinds: list[str], probability: float = 1.0, seed: int = 1,
                   methods: list[str] | None = None, times: int | None = None):
        """From the next request on; `times` bounds how many are hit. No kinds: no faults."""
        assert all(kind in KINDS for kind in kinds), kinds
        generator = random.Random(seed)
        left = [times]

        def choose(method: str) -> str | None:
            hit = generator.random() < probability
            if not kinds or not hit or (methods and method not in methods) or left[0] == 0:
                return None
            if left[0] is not None:
                left[0] -= 1
            return generator.choice(kinds)

        with self._lock:
            self._choose = choose

    def choose(self, method: str) -> str | None:
        with self._lock:
            kind = self._choose(method)
            if kind:
                self.injected[kind] += 1
            return kind


class _Handler(http.server.BaseHTTPRequestHandler):
    owner: FaultyProxy
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *arguments):
        pass

    def _handle(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        kind = self.owner.choose(self.command)
        if kind in ("500", "503"):
            self._answer(int(kind), {}, b"")
        elif kind == "stall":
            self.owner.stopped.wait(60)
            self.close_connection = True
        else:
            self._pass_on(kind, body)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _handle

    def _pass_on(self, kind: str | None, body: bytes):
        if kind == "slow":
            self.owner.stopped.wait(0.3)
        status, headers, answer = self._ask(damaged(body) if kind == "wrong_request" else body)
        if kind == "500_after":
            self._answer(500, {}, b"")
        elif kind == "close":
            self.close_connection = True
        elif kind == "cut":
            self._cut(status, headers, answer)
        else:
            self._answer(status, headers, damaged(answer) if kind == "wrong_answer" else answer)

    def _ask(self, body: bytes):
        connection = http.client.HTTPConnection("127.0.0.1", self.owner.upstream_port, timeout=60)
        try:
            # The client's own headers: Host is part of its signature.
            connection.request(self.command, self.path, body=body or None,
                               headers=dict(self.headers.items()))
            response = connection.getresponse()
            return response.status, dict(response.getheaders()), response.read()
        finally:
            connection.close()

    def _head(self, status: int, headers: dict, length: int):
        kept = {name: value for name, value in headers.items()
                if name.lower() not in ("content-length", "transfer-encoding", "connection")}
        declared = headers.get("Content-Length") if self.command == "HEAD" else None
        self.send_response_only(status)
        for name, value in kept.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", declared or str(length))
        self.end_headers()

    def _answer(self, status: int, headers: dict, body: bytes):
        self._head(status, headers, len(body))
        if self.command != "HEAD":
            self.wfile.write(body)

    def _cut(self, status: int, headers: dict, body: bytes):
        self.close_connection = True
        if not body or self.command == "HEAD":
            self.wfile.write(b"HTTP/1.1 200 O")
            return
        self._head(status, headers, len(body))
        self.wfile.write(body[:len(body) // 2])
