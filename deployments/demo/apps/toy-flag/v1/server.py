"""A shop of one page, over nothing but Python's standard library. Serves on 127.0.0.1:$PORT."""

import os
import signal
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from shop import answer


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        try:
            status, headers, body = answer(self.path, self.headers.get("Cookie") or "")
        except Exception as error:
            # What the answer says of its variant holds for errors too: the edge counts by it.
            status, headers, body = 500, getattr(error, "headers", {}), "that went wrong\n"
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body.encode()))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        """Nobody reads it."""


def main():
    """Until SIGTERM; requests in flight end first."""
    server = ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler)
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever()


if __name__ == "__main__":
    main()
