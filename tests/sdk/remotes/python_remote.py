"""A remote made with the official Python SDK: one tool for each thing a bridge has to carry.

`python_remote.py [--stateless] [--json]` listens on a free loopback port and prints its URL. With
`--json` the SDK drops what belongs to a request, so notifications and requests of the remote then go
out on the standalone stream; with `--stateless` there is no session and no way to reach the host.
"""

import argparse
import json
import socket
from typing import Any

import anyio
import uvicorn
from mcp import types
from mcp.server.fastmcp import Context, FastMCP
from pydantic import AnyUrl

PEOPLE = ["Ada", "Alan", "Grace", "Zoë"]

options = argparse.ArgumentParser()
options.add_argument("--stateless", action="store_true")
options.add_argument("--json", action="store_true")
options = options.parse_args()

remote = FastMCP(
    "python-remote",
    instructions="one tool for each thing a bridge has to carry",
    stateless_http=options.stateless,
    json_response=options.json,
    log_level="WARNING",
)
lowlevel = remote._mcp_server

fates: dict[str, str] = {}
levels: dict[Any, str] = {}
subscribers: dict[str, set[Any]] = {}


def related(context: Context) -> str | None:
    """The request a message belongs to, where the transport can carry it beside the answer."""
    return None if options.json else context.request_id


@remote.tool()
async def echo(text: str) -> str:
    """Gives the text back."""
    return text


@remote.tool()
async def number(n: int) -> dict[str, Any]:
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
    token = context.request_context.meta.progressToken if context.request_context.meta else None
    for step in range(1, steps + 1):
        if token is not None:
            await context.session.send_progress_notification(
                token, step, steps, f"step {step}", related_request_id=related(context)
            )
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


@remote.tool()
async def sample(prompt: str, context: Context) -> str:
    """Has the host's model say something."""
    question = types.SamplingMessage(role="user", content=types.TextContent(type="text", text=prompt))
    answer = await context.session.create_message(
        [question], max_tokens=10, related_request_id=related(context)
    )
    return f"sampled: {answer.content.text}"


@remote.tool()
async def ask(context: Context) -> str:
    """Asks the host's user for a name."""
    form = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
    answer = await context.session.elicit_form("Who are you?", form, related_request_id=related(context))
    return f"{answer.action}: {json.dumps(answer.content, ensure_ascii=False)}"


@remote.tool()
async def roots(context: Context) -> str:
    """Asks the host for its roots, on the standalone stream."""
    answer = await context.session.list_roots()
    return ", ".join(f"{root.name} {root.uri}" for root in answer.roots)


@remote.tool()
async def touch(uri: str) -> str:
    """Tells whoever subscribed that a resource changed."""
    for session in subscribers.get(uri, set()):
        await session.send_resource_updated(AnyUrl(uri))
    return "touched"


@remote.tool()
async def log(level: types.LoggingLevel, text: str, context: Context) -> str:
    """Sends one log message, naming the level that the host has asked for."""
    data = f"{levels.get(context.session, 'no level')}: {text}"
    await context.session.send_log_message(level, data, "python-remote", related_request_id=related(context))
    return "logged"


@remote.tool()
async def grow(name: str, context: Context) -> str:
    """Adds a tool and says that the list changed."""

    async def grown() -> str:
        return name

    remote.add_tool(grown, name=name, description="was not there before")
    await context.session.send_tool_list_changed()
    return "grown"


@remote.resource("lab://greeting")
def greeting() -> str:
    return "Grüße, 世界 👋"


@remote.resource("lab://square/{n}")
def square(n: str) -> str:
    return str(int(n) ** 2)


@remote.prompt()
def greet(name: str) -> str:
    """Greets somebody."""
    return f"Greet {name} in one line."


@remote.completion()
async def complete(reference, argument, context):
    return types.Completion(values=[name for name in PEOPLE if name.startswith(argument.value)])


@lowlevel.set_logging_level()
async def set_level(level: types.LoggingLevel) -> None:
    levels[lowlevel.request_context.session] = level


@lowlevel.subscribe_resource()
async def subscribe(uri: AnyUrl) -> None:
    subscribers.setdefault(str(uri), set()).add(lowlevel.request_context.session)


@lowlevel.unsubscribe_resource()
async def unsubscribe(uri: AnyUrl) -> None:
    subscribers.get(str(uri), set()).discard(lowlevel.request_context.session)


def declare_everything() -> None:
    """FastMCP has no way to declare subscriptions and list changes: say them here."""
    declared = lowlevel.get_capabilities

    def get_capabilities(*args: Any) -> types.ServerCapabilities:
        capabilities = declared(*args)
        capabilities.resources.subscribe = True
        capabilities.tools.listChanged = True
        return capabilities

    lowlevel.get_capabilities = get_capabilities


async def main() -> None:
    declare_everything()
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    config = uvicorn.Config(
        remote.streamable_http_app(), log_level="warning", timeout_graceful_shutdown=1
    )
    port = listener.getsockname()[1]
    print(f"listening on http://127.0.0.1:{port}/mcp", flush=True)
    await uvicorn.Server(config).serve(sockets=[listener])


anyio.run(main)
