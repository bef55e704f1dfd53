"""Tries what `direct.mjs` expects with the Python SDK 2.x, and prints what it saw as JSON."""

import json
import sys
from typing import Any

import anyio
import mcp_types as types
from mcp import Client


async def sample(context: Any, params: types.CreateMessageRequestParams) -> types.CreateMessageResult:
    text = types.TextContent(type="text", text="hi")
    return types.CreateMessageResult(role="assistant", model="m", content=text)


async def elicit(context: Any, params: types.ElicitRequestParams) -> types.ElicitResult:
    return types.ElicitResult(action="accept", content={"answer": "Zoë"})


async def list_roots(context: Any) -> types.ListRootsResult:
    return types.ListRootsResult(roots=[types.Root(uri="file:///a", name="a")])


async def main() -> None:
    seen: dict[str, Any] = {}
    async with Client(
        sys.argv[1], sampling_callback=sample, elicitation_callback=elicit, list_roots_callback=list_roots
    ) as client:

        async def call(name: str, arguments: dict[str, Any] | None = None, progress: Any = None) -> Any:
            result = await client.call_tool(name, arguments or {}, progress_callback=progress)
            return result.structured_content

        names = [tool.name for tool in (await client.list_tools()).tools]
        seen["annotated"] = sorted(n for n in names if n.startswith("header_") or n == "locate")
        seen["add"] = await call("add", {"a": 1, "b": 2})
        place = {"room": " 7 "}
        seen["locate"] = await call(
            "locate", {"region": "Zürich", "count": 42, "urgent": True, "place": place}
        )
        seen["ask_user"] = await call("ask_user")
        seen["ask_twice"] = await call("ask_twice")
        seen["ask_all"] = sorted(await call("ask_all"))
        seen["put_off"] = await call("put_off", {"times": 2})
        seen["progress"] = []

        async def progress(done: float, total: float | None, message: str | None) -> None:
            seen["progress"].append(int(done))

        await call("slow", {"ms": 20}, progress)
        prompt = await client.get_prompt("compare", {"first": "Zoë"})
        seen["prompt"] = prompt.messages[0].content.text
        secret = await client.read_resource("lab://secret")
        seen["secret"] = secret.contents[0].text
        try:
            await client.read_resource("lab://no")
        except Exception as error:  # noqa: BLE001
            seen["missing"] = getattr(getattr(error, "error", error), "code", None)
    print(json.dumps(seen))


anyio.run(main)
