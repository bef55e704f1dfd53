"""A remote made with FastMCP, signed in to at its in-memory authorization server."""

from fastmcp import FastMCP
from fastmcp.server.auth.auth import ClientRegistrationOptions, RevocationOptions
from fastmcp.server.auth.providers.in_memory import InMemoryOAuthProvider

from served import listen, serve

listener, origin = listen()
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


def change(what):
    provider.access_tokens.clear()
    if what == "end-grants":
        provider.refresh_tokens.clear()


serve(remote.http_app(), listener, origin, change)
