"""What the shop answers."""

import json

VERSION = "v1"


def answer(path, _cookies):
    """Status, headers and body."""
    if path == "/health":
        return 200, {"Content-Type": "application/json"}, json.dumps({"status": "ok", "version": VERSION})
    if path != "/":
        return 404, {}, "not here\n"
    return 200, {"Content-Type": "text/html", "X-App-Version": VERSION}, "<h1>Toy shop</h1><a href='/'>Check out</a>"
