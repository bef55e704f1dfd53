"""A remote made with the second generation of the official Python SDK, or with FastMCP 4.

`python_2_remote.py [--fastmcp] [--modern]` listens on a free loopback port and prints its URL. Both serve
2026-07-28 beside the older revisions on one endpoint; with `--modern` the older ones are refused, as by a
server that no longer has them.
"""

import argparse
import json
import socket

import anyio
import uvicorn

options = argparse.ArgumentParser()
options.add_argument("--fastmcp", action="store_true")
options.add_argument("--modern", action="store_true")
options = options.parse_args()

if options.fastmcp:
    from fastmcp import Context, FastMCP

    remote = FastMCP("fastmcp-remote", instructions="made with FastMCP 4")
else:
    from mcp.server.mcpserver import Context, MCPServer

    remote = MCPServer("python-2-remote", instructions="made with the Python SDK 2", log_level="WARNING")

fates: dict[str, str] = {}


@remote.tool()
async def echo(text: str) -> str:
    """Gives the text back."""
    return text


@remote.tool()
async def number(n: int) -> dict:
    """Gives an integer back, as a number and as text."""
    return {"n": n, "text": str(n)}


@remote.tool()
async def large(size: int) -> str:
    """Gives a text of so many characters."""
    return "0123456789" * (size // 10)


@remote.tool()
async def fail() -> str:
    """Fails, as tools do."""
    raise ValueError("this tool always fails")


@remote.tool()
async def count(steps: int, context: Context) -> str:
    """Reports each of its steps."""
    for step in range(1, steps + 1):
        await context.report_progress(step, steps, f"step {step}")
    return f"{steps} steps"


@remote.tool()
async def wait(token: str) -> str:
    """Waits until it is cancelled."""
    fates[token] = "running"
    try:
        await anyio.sleep(60)
    except anyio.get_cancelled_exc_class():
        fates[token] = "cancelled"
        raise
    fates[token] = "over"
    return "over"


@remote.tool()
async def fate(token: str) -> str:
    """Tells what became of a `wait`."""
    return fates.get(token, "unknown")


@remote.resource("lab://greeting")
def greeting() -> str:
    """Greets everyone."""
    return "Grüße, 世界 👋"


@remote.resource("lab://square/{n}")
def square(n: str) -> str:
    """Squares a number."""
    return str(int(n) ** 2)


@remote.prompt()
def greet(name: str) -> str:
    """Greets somebody."""
    return f"Greet {name} in one line."


def only_modern(app):
    """Refuses `initialize` as a server of 2026-07-28 alone does."""

    async def refusing(scope, receive, send):
        if scope["type"] != "http" or scope["method"] != "POST":
            return await app(scope, receive, send)
        body, more = b"", True
        while more:
            part = await receive()
            body, more = body + part.get("body", b""), part.get("more_body", False)
        message = json.loads(body or b"{}")
        if message.get("method") == "initialize":
            error = {
                "code": -32022,
                "message": "unsupported protocol version",
                "data": {"supported": ["2026-07-28"], "requested": message["params"].get("protocolVersion", "")},
            }
            answer = json.dumps({"jsonrpc": "2.0", "id": message["id"], "error": error}).encode()
            head = [(b"content-type", b"application/json"), (b"content-length", str(len(answer)).encode())]
            await send({"type": "http.response.start", "status": 400, "headers": head})
            return await send({"type": "http.response.body", "body": answer})
        parts = [{"type": "http.request", "body": body, "more_body": False}]

        async def again():
            return parts.pop() if parts else await receive()

        await app(scope, again, send)

    return refusing


async def main() -> None:
    app = remote.http_app() if options.fastmcp else remote.streamable_http_app()
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    served = only_modern(app) if options.modern else app
    config = uvicorn.Config(served, log_level="warning", timeout_graceful_shutdown=1, lifespan="on")
    port = listener.getsockname()[1]
    print(f"listening on http://127.0.0.1:{port}/mcp", flush=True)
    await uvicorn.Server(config).serve(sockets=[listener])


anyio.run(main)
