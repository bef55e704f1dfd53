"""A host on the first generation of the Python SDK (`mcp` 1.x)."""

import time
from typing import Any

import anyio
from mcp import ClientSession, StdioServerParameters, types
from mcp.client.stdio import stdio_client
from pydantic import AnyUrl

import python_host
from python_host import ELICITED, PAIR, ROOT, SAMPLED, check, check_close, play


def wire(model: Any) -> dict[str, Any]:
    return model.model_dump(by_alias=True, mode="json", exclude_none=True)


class Host:
    def __init__(self, session: ClientSession, notifications: list[dict[str, Any]]) -> None:
        self.session = session
        self.notifications = notifications
        self.modern = False

    async def call(self, name: str, arguments: dict[str, Any], progress: Any = None) -> dict[str, Any]:
        return wire(await self.session.call_tool(name, arguments, progress_callback=progress))

    async def abandon(self, name: str, arguments: dict[str, Any], running: Any, progress: Any) -> None:
        """This generation has no word for it: the host sends the notification and stops waiting."""
        request_id = None

        async def ask() -> None:
            nonlocal request_id
            request_id = self.session._request_id
            await self.call(name, arguments, progress)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ask)
            await running()
            cancelled = types.CancelledNotification(
                params=types.CancelledNotificationParams(requestId=request_id, reason="no longer wanted")
            )
            await self.session.send_notification(types.ClientNotification(cancelled))
            tasks.cancel_scope.cancel()

    async def do(self, verb: str, *args: Any) -> dict[str, Any]:
        if verb == "complete":
            args = (types.PromptReference(**args[0]), *args[1:])
        elif args and verb.endswith("_resource"):
            args = (AnyUrl(args[0]),)
        return wire(await getattr(self.session, verb)(*args))


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
    closing = 0.0

    async def heard(message: Any) -> None:
        if isinstance(message, types.ServerNotification):
            notifications.append(wire(message.root))
        elif isinstance(message, Exception) and "unknown request ID" not in str(message):
            # (a remote may still answer a call that was given up; the SDK then says it knows no such id)
            python_host.tell("readable lines", False, f"{type(message).__name__}: {message}")

    try:
        async with stdio_client(bridge) as streams:
            async with ClientSession(
                *streams,
                sampling_callback=sample,
                elicitation_callback=elicit,
                list_roots_callback=list_roots,
                message_handler=heard,
            ) as session:
                if await check("connect", session.initialize):
                    await play(Host(session, notifications))
                # Noted before the session closes: the fault below can cut that short as well.
                closing = time.monotonic()
    except BaseExceptionGroup as group:
        # A fault of this SDK: a notification that arrives while it closes breaks its own reader.
        _, others = group.split(anyio.BrokenResourceError)
        if others is not None or not closing:
            raise
    check_close(closing)


anyio.run(main)
