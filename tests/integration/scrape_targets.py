"""A small HTTP server whose pages of metrics the test changes while they are scraped."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPEN_METRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"


class TargetServer:
    """Serves `pages`: {path: (content type, text)}; a path that is not there is a 404."""

    def __init__(self, pages: dict[str, tuple[str, str]]):
        self.pages = dict(pages)
        self.requests: list[tuple[str, dict]] = []  # (path and query, headers), the last ones
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                owner.requests = owner.requests[-500:] + [(self.path, dict(self.headers))]
                content_type, text = owner.pages.get(self.path.split("?")[0], (TEXT, None))
                body = b"gone" if text is None else text.encode()
                self.send_response(404 if text is None else 200)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server.server_address[1]}"

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
