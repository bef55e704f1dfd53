"""The features that a host with a Python SDK tries, in terms common to both generations of the SDK.

The generations differ in names and in how a session is made; `python_1.py` and `python_2.py` adapt.
Results are looked at in their wire form (`model_dump`), which is the same in both.
"""

import json
import os
import time
import urllib.request
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import anyio

PAIR = json.loads(os.environ["MCP_TETHER_PAIR"])
PLAN = PAIR["plan"]
UNIQUE = f"unique-{os.getpid()}-{time.time_ns()}"
FEATURE_WITHIN = 20
CONNECTED_WITHIN = 5
NOTIFICATION_WITHIN = 10

SAMPLED = "the model says 世界 to 1"
ROOT = {"uri": "file:///suite/root", "name": "suite root"}
ELICITED = PLAN.get("elicitation", {}).get("content")


class Host(Protocol):
    """One SDK, adapted."""

    notifications: list[dict[str, Any]]
    # Whether the SDK has settled on 2026-07-28, which has streams in the place of subscriptions.
    modern: bool

    async def call(self, name: str, arguments: dict[str, Any], progress: Any = None) -> dict[str, Any]: ...
    async def abandon(self, name: str, arguments: dict[str, Any], running: Callable[[], Awaitable[None]],
                      progress: Any) -> None: ...
    async def do(self, verb: str, *args: Any) -> dict[str, Any]: ...


def tell(feature: str, ok: bool, detail: str) -> None:
    print(json.dumps({"feature": feature, "ok": ok, "detail": detail}), flush=True)


async def check(feature: str, body: Callable[[], Awaitable[None]]) -> bool:
    started = time.monotonic()
    try:
        with anyio.fail_after(FEATURE_WITHIN):
            await body()
    except TimeoutError as error:
        tell(feature, False, str(error) or f"nothing within {FEATURE_WITHIN} s")
        return False
    except Exception as error:
        tell(feature, False, f"{type(error).__name__}: {error}")
        return False
    tell(feature, True, f"{round((time.monotonic() - started) * 1000)} ms")
    return True


def expect(holds: Any, what: str, seen: Any) -> None:
    if not holds:
        shown = seen if isinstance(seen, str) else json.dumps(seen, ensure_ascii=False, default=str)
        raise AssertionError(f"{what}; saw {shown[:300]}")


async def until(what: str, holds: Callable[[], Awaitable[Any]], limit: float = NOTIFICATION_WITHIN) -> None:
    deadline = time.monotonic() + limit
    while not await holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"never came: {what}")
        await anyio.sleep(0.025)


def made(args: dict[str, Any]) -> dict[str, Any]:
    """The plan with this run's own names in it, so that runs do not see each other's traces."""
    return json.loads(json.dumps(args).replace("UNIQUE", UNIQUE))


def text_of(result: dict[str, Any]) -> str:
    return "\n".join(block.get("text", "") for block in result["content"])


def expect_echo(result: dict[str, Any], plan: dict[str, Any], value: str) -> None:
    """An echo is the text behind a prefix or, where there is none, the arguments as JSON."""
    text = text_of(result)
    seen = text if "prefix" in plan else json.loads(text)[plan["argument"]]
    expect(seen == plan.get("prefix", "") + value, value, seen)


def expect_all(names: list[str], wanted: list[str]) -> None:
    missing = [name for name in wanted if name not in names]
    expect(not missing, f"{', '.join(missing)} in the list", names)


def read_standalone() -> str:
    with urllib.request.urlopen(f"{PAIR['control']}/standalone") as answer:
        return answer.read().decode()


async def standalone_stream() -> None:
    """The recorder knows when the remote's own stream is open; what it says before is lost."""
    opened = await anyio.to_thread.run_sync(read_standalone)
    expect(opened == "true", "the standalone stream was never opened", "no GET 200")


async def play(host: Host) -> None:
    """Everything the plan offers, on a connected host."""
    if PLAN["standaloneStream"]:
        await check("standalone stream", standalone_stream)
    for feature, key, body in FEATURES:
        if key in PLAN:
            await check(feature, lambda body=body, key=key: body(host, PLAN[key]))
    if not host.modern:
        await check("ping", lambda: host.do("send_ping"))


def check_close(started: float) -> None:
    """The SDK closes stdin, waits two seconds, and then sends SIGTERM."""
    took = time.monotonic() - started
    ok = took < 2
    tell("close", ok, f"{round(took * 1000)} ms" if ok else f"the bridge did not leave by itself: {took:.1f} s")


async def tools_list(host: Host, wanted: list[str]) -> None:
    expect_all([tool["name"] for tool in (await host.do("list_tools"))["tools"]], wanted)


async def tools_call(host: Host, plan: dict[str, Any]) -> None:
    text = text_of(await host.call(plan["tool"], plan["args"]))
    expect(plan["contains"] in text, plan["contains"], text)


async def unicode(host: Host, plan: dict[str, Any]) -> None:
    result = await host.call(plan["tool"], {plan["argument"]: plan["value"]})
    expect_echo(result, plan, plan["value"])


async def big_number(host: Host, plan: dict[str, Any]) -> None:
    for number in (2**53 + 1, -(2**63), 10**30 + 7):
        result = await host.call(plan["tool"], {plan["argument"]: number})
        for answer in (json.loads(text_of(result)), result.get("structuredContent")):
            expect(answer is None or answer[plan["argument"]] == number, str(number), result)


async def tool_failure(host: Host, plan: dict[str, Any]) -> None:
    result = await host.call(plan["tool"], plan["args"])
    expect(result["isError"] is True, "isError", result)
    expect(plan["mentions"] in text_of(result), plan["mentions"], result)


async def unknown_tool(host: Host, plan: dict[str, Any]) -> None:
    try:
        result = await host.call(plan["name"], {})
        said = text_of(result) if result["isError"] else "no error"
    except Exception as error:
        said = str(error)
    expect(plan["mentions"] in said, f"an error that mentions {plan['mentions']}", said)


async def prompts_list(host: Host, wanted: list[str]) -> None:
    expect_all([prompt["name"] for prompt in (await host.do("list_prompts"))["prompts"]], wanted)


async def prompts_get(host: Host, plan: dict[str, Any]) -> None:
    result = await host.do("get_prompt", plan["name"], plan["args"])
    expect(plan["contains"] in result["messages"][0]["content"]["text"], plan["contains"], result)


async def resources_list(host: Host, wanted: list[str]) -> None:
    expect_all([one["uri"] for one in (await host.do("list_resources"))["resources"]], wanted)


async def resources_read(host: Host, plan: dict[str, Any]) -> None:
    result = await host.do("read_resource", plan["uri"])
    expect(plan["contains"] in result["contents"][0]["text"], plan["contains"], result)


async def templates_list(host: Host, wanted: list[str]) -> None:
    templates = (await host.do("list_resource_templates"))["resourceTemplates"]
    expect_all([one["uriTemplate"] for one in templates], wanted)


async def completion(host: Host, plan: dict[str, Any]) -> None:
    result = await host.do("complete", plan["ref"], plan["argument"])
    expect(result["completion"]["values"] == plan["values"], str(plan["values"]), result)


async def progress(host: Host, plan: dict[str, Any]) -> None:
    told: list[float] = []

    async def note(step: float, total: float | None, message: str | None) -> None:
        told.append(step)

    result = await host.call(plan["tool"], plan["args"], note)
    expect(told == list(range(1, plan["steps"] + 1)), "every step, in order, before the answer", told)
    expect(text_of(result) == plan["text"], plan["text"], result)


async def cancellation(host: Host, plan: dict[str, Any]) -> None:
    steps = 0

    async def note(step: float, total: float | None, message: str | None) -> None:
        nonlocal steps
        steps += 1

    async def fate() -> str:
        return text_of(await host.call(plan["fate"]["tool"], made(plan["fate"]["args"])))

    async def is_running() -> bool:
        return (await fate()) == "running" if "fate" in plan else steps > 0

    async def is_cancelled() -> bool:
        return (await fate()) == "cancelled"

    await host.abandon(plan["tool"], made(plan["args"]), lambda: until("the call running", is_running), note)
    if plan.get("reaches"):
        await until("the call cancelled", is_cancelled)


async def sampling(host: Host, plan: dict[str, Any]) -> None:
    text = text_of(await host.call(plan["tool"], plan["args"]))
    expect(SAMPLED in text, SAMPLED, text)


async def elicitation(host: Host, plan: dict[str, Any]) -> None:
    text = text_of(await host.call(plan["tool"], plan["args"]))
    expect("Zoë" in text, "Zoë", text)


async def roots(host: Host, plan: dict[str, Any]) -> None:
    text = text_of(await host.call(plan["tool"], plan["args"]))
    expect(ROOT["uri"] in text and ROOT["name"] in text, str(ROOT), text)


async def subscription(host: Host, plan: dict[str, Any]) -> None:
    if host.modern:
        async with host.listen(resource_subscriptions=[plan["uri"]]):
            await updated(host, plan)
        return
    await host.do("subscribe_resource", plan["uri"])
    await updated(host, plan)
    await host.do("unsubscribe_resource", plan["uri"])


async def updated(host: Host, plan: dict[str, Any]) -> None:
    await host.call(plan["trigger"]["tool"], plan["trigger"]["args"])
    await notified(host, 0, "notifications/resources/updated", lambda params: params["uri"] == plan["uri"])
    if "after" in plan:
        await host.call(plan["after"]["tool"], plan["after"]["args"])


async def logging(host: Host, plan: dict[str, Any]) -> None:
    if not host.modern:
        await host.do("set_logging_level", "debug")
    await host.call(plan["trigger"]["tool"], plan["trigger"]["args"])
    await notified(host, 0, "notifications/message", lambda params: plan["mentions"] in str(params["data"]))
    if "after" in plan:
        await host.call(plan["after"]["tool"], plan["after"]["args"])


async def list_changed(host: Host, plan: dict[str, Any]) -> None:
    if host.modern:
        async with host.listen(**{f"{plan['appears']['list']}_list_changed": True}):
            await changed(host, plan)
    else:
        await changed(host, plan)


async def changed(host: Host, plan: dict[str, Any]) -> None:
    before = len(host.notifications)
    await host.call(plan["trigger"]["tool"], made(plan["trigger"]["args"]))
    await notified(host, before, plan["notification"], lambda params: True)
    appears = made(plan["appears"])
    members = (await host.do(f"list_{appears['list']}"))[appears["list"]]
    expect_all([member[appears["key"]] for member in members], [appears["value"]])
    if "after" in plan:
        await host.call(plan["after"]["tool"], made(plan["after"]["args"]))


async def notified(host: Host, after: int, method: str, holds: Callable[[Any], bool]) -> None:
    async def came() -> bool:
        since = host.notifications[after:]
        return any(one["method"] == method and holds(one.get("params")) for one in since)

    await until(method, came)


async def parallel_calls(host: Host, plan: dict[str, Any]) -> None:
    results: dict[str, Any] = {}

    async def one(text: str) -> None:
        results[text] = await host.call(plan["tool"], {plan["argument"]: text})

    async with anyio.create_task_group() as calls:
        for index in range(20):
            calls.start_soon(one, f"call {index} 世")
    for text, result in results.items():
        expect_echo(result, plan, text)


async def large_result(host: Host, plan: dict[str, Any]) -> None:
    body = plan["pattern"] * (plan["size"] // len(plan["pattern"]))
    value = plan["size"] if plan["sends"] == "size" else body
    text = text_of(await host.call(plan["tool"], {plan["argument"]: value}))
    expect(text == plan["prefix"] + body, f"{plan['size']} characters, unchanged", f"{len(text)} characters")


FEATURES = [
    ("tools/list", "tools", tools_list),
    ("tools/call", "call", tools_call),
    ("unicode", "unicode", unicode),
    ("big numbers", "bigNumber", big_number),
    ("tool failure", "toolFailure", tool_failure),
    ("unknown tool", "unknownTool", unknown_tool),
    ("prompts/list", "prompts", prompts_list),
    ("prompts/get", "prompt", prompts_get),
    ("resources/list", "resources", resources_list),
    ("resources/read", "read", resources_read),
    ("resources/templates/list", "templates", templates_list),
    ("completion", "completion", completion),
    ("progress", "progress", progress),
    ("cancellation", "cancellation", cancellation),
    ("sampling", "sampling", sampling),
    ("elicitation", "elicitation", elicitation),
    ("roots", "roots", roots),
    ("subscription", "subscription", subscription),
    ("logging", "logging", logging),
    ("list changed", "listChanged", list_changed),
    ("parallel calls", "parallel", parallel_calls),
    ("large result", "large", large_result),
]
