"""A remote made with FastMCP, signed in to at its own in-memory authorization server: the routes of
the official Python SDK. Prints its URL, then a line of JSON for each request to an endpoint of the
authorization server. A line on stdin ends every access token; refresh tokens stay valid.
"""

import json
import socket
import sys
import threading
from urllib.parse import parse_qs

import uvicorn
from fastmcp import FastMCP
from fastmcp.server.auth.auth import ClientRegistrationOptions, RevocationOptions
from fastmcp.server.auth.providers.in_memory import InMemoryOAuthProvider

NOTED = ("/register", "/authorize", "/token", "/revoke")


def tell(note):
    print(json.dumps(note), flush=True)


def end_access_tokens_when_told():
    for _ in sys.stdin:
        provider.access_tokens.clear()
        tell({"ended": True})


def noting(app):
    """Tells of requests as `provider.mjs` does."""

    async def wrapped(scope, receive, send):
        if scope["type"] != "http" or scope["path"] not in NOTED:
            return await app(scope, receive, send)
        asked, answered, status = bytearray(), bytearray(), None

        async def reading():
            message = await receive()
            asked.extend(message.get("body", b""))
            return message

        async def writing(message):
            nonlocal status
            status = message.get("status", status)
            answered.extend(message.get("body", b""))
            await send(message)

        await app(scope, reading, writing)
        headers = dict(scope["headers"])
        form = {name: values[0] for name, values in parse_qs(asked.decode()).items()}
        try:
            answer = json.loads(bytes(answered))
        except ValueError:
            answer = {}
        tell(
            {
                "request": f"{scope['method']} {scope['path']}",
                "status": status,
                "grant": form.get("grant_type"),
                "basic": b"authorization" in headers,
                "named": "client_id" in form,
                "method": answer.get("token_endpoint_auth_method"),
                "secrets": [answer[name] for name in ("access_token", "refresh_token") if name in answer],
                "error": answer.get("error") and f"{answer['error']}: {answer.get('error_description')}",
            }
        )

    return wrapped


listener = socket.create_server(("127.0.0.1", 0))
origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
provider = InMemoryOAuthProvider(
    base_url=origin,
    client_registration_options=ClientRegistrationOptions(enabled=True),
    revocation_options=RevocationOptions(enabled=True),
)
remote = FastMCP("fastmcp", auth=provider)


@remote.tool
def echo(text: str) -> str:
    """Gives back what it was given."""
    return text


threading.Thread(target=end_access_tokens_when_told, daemon=True).start()
server = uvicorn.Server(uvicorn.Config(noting(remote.http_app()), log_level="warning"))
tell({"ready": f"{origin}/mcp"})
server.run(sockets=[listener])
