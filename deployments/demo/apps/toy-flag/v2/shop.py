"""What the shop answers: the new way to check out is behind a flag."""

import json
import uuid
from http.cookies import SimpleCookie

from flags import is_on

VERSION = "v2"
FLAG = "new-checkout"


def answer(path, cookies):
    """Status, headers and body. X-Flag-Variant says which way the visitor went."""
    if path == "/health":
        return 200, {"Content-Type": "application/json"}, json.dumps({"status": "ok", "version": VERSION})
    if path != "/":
        return 404, {}, "not here\n"
    visitor = visitor_of(cookies)
    variant = "on" if is_on(FLAG, visitor) else "off"
    headers = {
        "Content-Type": "text/html",
        "X-App-Version": VERSION,
        "X-Flag-Variant": variant,
        "Set-Cookie": f"visitor={visitor}; Path=/; HttpOnly; SameSite=Lax",
    }
    try:
        return 200, headers, "<h1>Toy shop</h1>" + (new_checkout(visitor) if variant == "on" else old_checkout())
    except Exception as error:
        error.headers = headers
        raise


def visitor_of(cookies):
    """Who they are, kept in a cookie: a flag must not change from one page to the next."""
    found = SimpleCookie(cookies).get("visitor")
    return found.value if found else uuid.uuid4().hex


def old_checkout():
    """As it ever was."""
    return "<a href='/'>Check out</a>"


def new_checkout(_visitor):
    """Behind the flag."""
    return "<a href='/'>Check out, new</a>"
