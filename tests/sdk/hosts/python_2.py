"""A host on the second generation of the Python SDK (`mcp` 2.x): asks `server/discover` first."""

import time
import warnings
from typing import Any

import anyio
import mcp_types as types
from mcp import Client, StdioServerParameters

import python_host
from python_host import ELICITED, PAIR, ROOT, SAMPLED, check_close, play

warnings.simplefilter("ignore")


def wire(model: Any) -> dict[str, Any]:
    return model.model_dump(by_alias=True, mode="json", exclude_none=True)


class Host:
    def __init__(self, client: Client, notifications: list[dict[str, Any]]) -> None:
        self.client = client
        self.notifications = notifications
        self.modern = client.protocol_version >= "2026-07-28"
        python_host.tell("speaks 2026-07-28", self.modern, client.protocol_version)

    def listen(self, **filter: Any) -> Any:
        return self.client.listen(**filter)

    async def call(self, name: str, arguments: dict[str, Any], progress: Any = None) -> dict[str, Any]:
        return wire(await self.client.call_tool(name, arguments, progress_callback=progress))

    async def abandon(self, name: str, arguments: dict[str, Any], running: Any, progress: Any) -> None:
        """Giving up the task that waits is enough: this generation then sends the notification."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.call, name, arguments, progress)
            await running()
            tasks.cancel_scope.cancel()

    async def do(self, verb: str, *args: Any) -> dict[str, Any]:
        if verb == "complete":
            args = (types.PromptReference(**args[0]), *args[1:])
        return wire(await getattr(self.client, verb)(*args))


async def sample(context: Any, params: types.CreateMessageRequestParams) -> types.CreateMessageResult:
    text = types.TextContent(type="text", text=SAMPLED)
    return types.CreateMessageResult(role="assistant", model="suite-model", content=text)


async def elicit(context: Any, params: types.ElicitRequestParams) -> types.ElicitResult:
    return types.ElicitResult(action="accept", content=ELICITED)


async def list_roots(context: Any) -> types.ListRootsResult:
    return types.ListRootsResult(roots=[types.Root(**ROOT)])


async def main() -> None:
    command, *args = PAIR["bridge"]
    bridge = StdioServerParameters(command=command, args=args, env=PAIR["env"])
    notifications: list[dict[str, Any]] = []

    async def heard(message: Any) -> None:
        if isinstance(message, Exception):
            python_host.tell("readable lines", False, f"{type(message).__name__}: {message}")
        else:
            notifications.append(wire(message))

    client = Client(
        bridge,
        sampling_callback=sample,
        elicitation_callback=elicit,
        list_roots_callback=list_roots,
        message_handler=heard,
        log_level="debug",
    )
    started = time.monotonic()
    try:
        await client.__aenter__()
    except Exception as error:
        python_host.tell("connect", False, f"{type(error).__name__}: {error}")
        return
    # A bridge that leaves `server/discover` unanswered costs ten seconds here.
    took = time.monotonic() - started
    python_host.tell("connect", took < python_host.CONNECTED_WITHIN, f"{round(took * 1000)} ms")
    await play(Host(client, notifications))
    closing = time.monotonic()
    await client.__aexit__(None, None, None)
    check_close(closing)


anyio.run(main)
