"""A remote made with FastMCP, signed in to at FastMCP's OAuth proxy, which hands the sign-in on to an
upstream that knows one client: FastMCP's in-memory server at another origin. It asks for consent on a
page of its own.
"""

import threading

import uvicorn
from fastmcp import FastMCP
from fastmcp.server.auth import OAuthProxy, TokenVerifier
from fastmcp.server.auth.auth import AccessToken
from fastmcp.server.auth.providers.in_memory import InMemoryOAuthProvider
from key_value.aio.stores.memory import MemoryStore
from mcp.shared.auth import OAuthClientInformationFull

from served import listen, serve

upstream_listener, upstream_origin = listen()
upstream = InMemoryOAuthProvider(base_url=upstream_origin)
listener, origin = listen()
upstream.clients["proxy"] = OAuthClientInformationFull(
    client_id="proxy",
    client_secret="proxy-secret",
    redirect_uris=[f"{origin}/auth/callback"],
    token_endpoint_auth_method="client_secret_post",
)


class AskUpstream(TokenVerifier):
    async def verify_token(self, token: str) -> AccessToken | None:
        return await upstream.verify_token(token)


proxy = OAuthProxy(
    upstream_authorization_endpoint=f"{upstream_origin}/authorize",
    upstream_token_endpoint=f"{upstream_origin}/token",
    upstream_client_id="proxy",
    upstream_client_secret="proxy-secret",
    # The routes of the Python SDK want the id of a client in the form.
    token_endpoint_auth_method="client_secret_post",
    token_verifier=AskUpstream(),
    base_url=origin,
    client_storage=MemoryStore(),
    jwt_signing_key="a key for tests only, 32 bytes long",
)
remote = FastMCP("fastmcp-proxy", auth=proxy)


@remote.tool
def echo(text: str) -> str:
    """Gives back what it was given."""
    return text


def change(what):
    upstream.access_tokens.clear()
    if what == "end-grants":
        upstream.refresh_tokens.clear()


app = FastMCP("upstream", auth=upstream).http_app()
config = uvicorn.Config(app, log_level="warning")
serving = uvicorn.Server(config).run
threading.Thread(target=serving, kwargs={"sockets": [upstream_listener]}, daemon=True).start()
serve(remote.http_app(), listener, origin, change)
