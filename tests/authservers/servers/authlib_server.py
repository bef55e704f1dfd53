"""A remote as Flask view, signed in to at Authlib's authorization server: registration, device codes,
programs, and secrets with spaces, which Authlib reads as they are from a `Basic` header."""

import os
import secrets
import time
from functools import partial

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"

from a2wsgi import WSGIMiddleware  # noqa: E402
from authlib.integrations.flask_oauth2 import AuthorizationServer  # noqa: E402
from authlib.oauth2 import rfc7591, rfc7636, rfc8628  # noqa: E402
from authlib.oauth2.rfc6749 import ClientMixin, TokenMixin, grants  # noqa: E402
from authlib.oauth2.rfc7009 import RevocationEndpoint  # noqa: E402
from flask import Flask, jsonify, request  # noqa: E402

from served import listen, serve  # noqa: E402

SCOPE = "mcp:tools offline_access"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
METHODS = ["client_secret_basic", "client_secret_post", "none"]
listener, origin = listen()
clients, codes, devices, tokens = {}, {}, {}, []


class Client(ClientMixin):
    def __init__(self, info, metadata):
        self.info, self.metadata = info, metadata

    def get_client_id(self):
        return self.info["client_id"]

    def get_default_redirect_uri(self):
        return self.metadata["redirect_uris"][0]

    def get_allowed_scope(self, scope):
        return " ".join(word for word in (scope or "").split() if word in SCOPE.split())

    def check_redirect_uri(self, redirect_uri):
        return redirect_uri in self.metadata["redirect_uris"]

    def check_client_secret(self, client_secret):
        return client_secret == self.info["client_secret"]

    def check_endpoint_auth_method(self, method, endpoint):
        return method == self.metadata.get("token_endpoint_auth_method", METHODS[0])

    def check_response_type(self, response_type):
        return response_type in self.metadata.get("response_types", [])

    def check_grant_type(self, grant_type):
        return grant_type in self.metadata.get("grant_types", [])


class Token(TokenMixin):
    def __init__(self, client, values):
        self.client, self.values, self.ended, self.until = client, values, False, None
        self.began = time.time()

    def check_client(self, client):
        return client is self.client

    def get_scope(self):
        return self.values.get("scope", "")

    def get_expires_in(self):
        return self.values["expires_in"]

    def is_expired(self):
        return self.until is not None or self.began + self.get_expires_in() < time.time()

    def is_revoked(self):
        return self.ended

    def get_user(self):
        return "sara"

    def get_client(self):
        return self.client


class Code:
    def __init__(self, code, asked):
        self.code, self.client = code, asked.client
        self.redirect_uri, self.scope = asked.payload.redirect_uri, asked.payload.scope
        self.code_challenge = asked.payload.data.get("code_challenge")
        self.code_challenge_method = asked.payload.data.get("code_challenge_method")

    def get_redirect_uri(self):
        return self.redirect_uri

    def get_scope(self):
        return self.scope


class Device(rfc8628.DeviceCredentialDict):
    approved = False


class CodeGrant(grants.AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = METHODS

    def save_authorization_code(self, code, request):
        codes[code] = Code(code, request)

    def query_authorization_code(self, code, client):
        found = codes.get(code)
        return found if found and found.client is client else None

    def delete_authorization_code(self, authorization_code):
        del codes[authorization_code.code]

    def authenticate_user(self, authorization_code):
        return "sara"


class RefreshGrant(grants.RefreshTokenGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = METHODS
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token):
        found = token_of("refresh_token", refresh_token)
        return None if found is None or found.ended else found

    def authenticate_user(self, refresh_token):
        return "sara"

    def revoke_old_credential(self, refresh_token):
        refresh_token.ended = True


class ClientCredentials(grants.ClientCredentialsGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = METHODS[:2]


class DeviceGrant(rfc8628.DeviceCodeGrant):
    def query_device_credential(self, device_code):
        return devices.get(device_code)

    def query_user_grant(self, user_code):
        found = next(it for it in devices.values() if it["user_code"] == user_code)
        return ("sara", True) if found.approved else None

    def should_slow_down(self, credential):
        return False


class Registration(rfc7591.ClientRegistrationEndpoint):
    def authenticate_token(self, request):
        return "anybody"

    def get_server_metadata(self):
        return metadata()

    def generate_client_secret(self, request):
        # Form-encoding makes a plus of the space, which stays one here.
        return f"{secrets.token_urlsafe(16)} {secrets.token_urlsafe(16)}"

    def save_client(self, client_info, client_metadata, request):
        clients[client_info["client_id"]] = Client(client_info, client_metadata)
        return clients[client_info["client_id"]]


class DeviceAuthorization(rfc8628.DeviceAuthorizationEndpoint):
    INTERVAL = 1

    def get_verification_uri(self):
        return f"{origin}/activate"

    def save_device_credential(self, client_id, scope, data):
        ends = int(time.time()) + data["expires_in"]
        values = {**data, "client_id": client_id, "scope": scope, "expires_at": ends}
        devices[data["device_code"]] = Device(values)


class Revocation(RevocationEndpoint):
    CLIENT_AUTH_METHODS = METHODS

    def query_token(self, token_string, token_type_hint):
        return token_of("refresh_token", token_string) or token_of("access_token", token_string)

    def revoke_token(self, token, request):
        token.ended = True


def token_of(kind, value):
    return next((it for it in tokens if it.values.get(kind) == value), None)


def save_token(token, request):
    tokens.append(Token(request.client, token))


def metadata():
    at = partial("{}/{}".format, origin)
    return {
        "issuer": origin,
        "authorization_endpoint": at("authorize"),
        "token_endpoint": at("token"),
        "registration_endpoint": at("register"),
        "revocation_endpoint": at("revoke"),
        "device_authorization_endpoint": at("device_authorization"),
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials", DEVICE],
        # Without `none`, so that clients get a secret, and without `client_secret_post`.
        "token_endpoint_auth_methods_supported": METHODS[:1],
        "code_challenge_methods_supported": ["S256"],
        "scopes_supported": SCOPE.split(),
    }


app = Flask(__name__)
app.config["OAUTH2_REFRESH_TOKEN_GENERATOR"] = True
server = AuthorizationServer(app, query_client=clients.get, save_token=save_token)
server.register_grant(CodeGrant, [rfc7636.CodeChallenge(required=True)])
for grant in (RefreshGrant, ClientCredentials, DeviceGrant):
    server.register_grant(grant)
for endpoint in (Registration, DeviceAuthorization, Revocation):
    server.register_endpoint(endpoint)
RESOURCE = "/.well-known/oauth-protected-resource/mcp"
app.get("/.well-known/oauth-authorization-server")(metadata)


@app.get(RESOURCE)
def resource():
    return {"resource": f"{origin}/mcp", "authorization_servers": [origin]}


@app.get("/authorize")
def authorize():
    grant = server.get_consent_grant(end_user="sara")
    return server.create_authorization_response(grant_user="sara", grant=grant)


@app.post("/token")
def token():
    return server.create_token_response()


@app.route("/activate", methods=["GET", "POST"])
def activate():
    for device in devices.values():
        device.approved |= request.values.get("user_code") == device["user_code"]
    return "done"


for path, endpoint in [
    ("register", Registration),
    ("device_authorization", DeviceAuthorization),
    ("revoke", Revocation),
]:
    view = partial(server.create_endpoint_response, endpoint.ENDPOINT_NAME)
    app.add_url_rule(f"/{path}", endpoint=path, view_func=view, methods=["POST"])


def answer_to(asked):
    match asked["method"]:
        case "initialize":
            return {
                "protocolVersion": asked["params"]["protocolVersion"],
                "capabilities": {"tools": {}},
                "serverInfo": {"name": "authlib", "version": "1.0.0"},
            }
        case "tools/list":
            return {"tools": [{"name": "echo", "inputSchema": {"type": "object"}}]}
        case "tools/call":
            return {"content": [{"type": "text", "text": asked["params"]["arguments"]["text"]}]}
    return {}


@app.post("/mcp")
def remote():
    found = token_of("access_token", request.headers.get("authorization", "")[len("Bearer ") :])
    if found is None or found.is_expired() or found.is_revoked():
        challenge = f'Bearer resource_metadata="{origin}{RESOURCE}"'
        return "", 401, {"www-authenticate": challenge}
    asked = request.get_json(force=True)
    if "id" not in asked:
        return "", 202
    return jsonify({"jsonrpc": "2.0", "id": asked["id"], "result": answer_to(asked)})


def change(line):
    for held in tokens:
        held.until = time.time()
        held.ended |= line == "end-grants"


robot = {"grant_types": ["client_credentials"], "token_endpoint_auth_method": METHODS[0]}
clients["robot"] = Client({"client_id": "robot", "client_secret": "a b+c/d="}, robot)
serve(WSGIMiddleware(app), listener, origin, change)
