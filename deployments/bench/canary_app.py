"""A tiny web app with a fault switch, as a version that the local hosting can run; standard library only."""

from __future__ import annotations

from pathlib import Path

from infra.files import make_folder
from infra.hosting import Source
from infra.manifest import FILE_NAME, read_manifest

# What a candidate does to its visitors: the share it answers with 500, and the share it lets wait 3 s.
FAULTS = {
    "fails 100 %": (1.0, 0.0),
    "fails 20 %": (0.2, 0.0),
    "fails 6 %": (0.06, 0.0),
    "slow: p95 3 s": (0.0, 0.1),
    "hangs": (0.0, 1.0),
    "healthy": (0.0, 0.0),
}
MANIFEST = 'name = "{app}"\n[commands]\nstart = "exec python3 server.py"\n[health]\npath = "/health"\n'
# Every answer says which version gave it, so that a request lost by anybody else is seen.
SERVER = """
import asyncio, os, random
VERSION, FAILING, WAITING = os.environ["APP_VERSION"], float(os.environ["FAILING"]), float(os.environ["WAITING"])

async def answer(reader, writer):
    try:
        while True:
            head = (await reader.readuntil(b"\\r\\n\\r\\n")).decode("latin-1")
            length = [l.split(":")[1] for l in head.split("\\r\\n") if l.lower().startswith("content-length:")]
            await reader.readexactly(int(length[0]) if length else 0)
            bad = random.random() < FAILING and not head.startswith("GET /health")
            if random.random() < WAITING and not head.startswith("GET /health"):
                await asyncio.sleep(3)
            status = "500 Internal Server Error" if bad else "202 Accepted" if head.startswith("POST") else "200 OK"
            lines = f"HTTP/1.1 {status}", f"X-App-Version: {VERSION}", "Content-Length: 2", "", "ok"
            writer.write("\\r\\n".join(lines).encode())
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()

async def main():
    server = await asyncio.start_server(answer, "127.0.0.1", int(os.environ["PORT"]), backlog=512)
    await server.serve_forever()

asyncio.run(main())
"""


def write_app(folder: Path, app: str) -> Source:
    """The app's files, below `folder`; every version has the same."""
    make_folder(folder)
    (folder / FILE_NAME).write_text(MANIFEST.format(app=app))
    (folder / "server.py").write_text(SERVER)
    return Source(folder, str(folder), "v1", "0" * 40, read_manifest(folder))


def variables(version: str, fault: str) -> dict[str, str]:
    """What a version with this fault finds in its environment."""
    failing, waiting = FAULTS[fault]
    return {"APP_VERSION": version, "FAILING": str(failing), "WAITING": str(waiting)}
