"""Shared by the servers in Python: the socket, the notes about requests, and the lines on stdin."""

import json
import socket
import sys
import threading
from urllib.parse import parse_qs

import uvicorn

# Paths of endpoints, as they are told.
NOTED = {
    **{path: path for path in ("/register", "/authorize", "/token", "/revoke")},
    **{f"{path}/": path for path in ("/register", "/authorize", "/token")},
    "/revoke_token/": "/revoke",
    "/device-authorization/": "/device",
    "/device_authorization": "/device",
}


def tell(note):
    print(json.dumps(note), flush=True)


def listen():
    """A socket on a free port of this machine, and its origin."""
    listener = socket.create_server(("127.0.0.1", 0))
    return listener, f"http://127.0.0.1:{listener.getsockname()[1]}"


def serve(app, listener, origin, change):
    """Serves until the process is ended; `change` does what a line on stdin says."""

    def obey():
        for line in sys.stdin:
            change(line.strip())
            tell({"done": line.strip()})

    threading.Thread(target=obey, daemon=True).start()
    tell({"ready": f"{origin}/mcp"})
    server = uvicorn.Server(uvicorn.Config(noting(app), log_level="warning"))
    server.run(sockets=[listener])


def noting(app):
    """Tells of each request to an endpoint of the authorization server."""

    async def wrapped(scope, receive, send):
        if scope["type"] != "http" or scope["path"] not in NOTED:
            return await app(scope, receive, send)
        asked, status = bytearray(), None

        async def reading():
            message = await receive()
            asked.extend(message.get("body", b""))
            return message

        async def writing(message):
            nonlocal status
            status = message.get("status", status)
            await send(message)

        await app(scope, reading, writing)
        grant = parse_qs(asked.decode(errors="replace")).get("grant_type", [None])[0]
        asked_for = f"{scope['method']} {NOTED[scope['path']]}"
        tell({"request": asked_for, "grant": grant, "status": status})

    return wrapped
