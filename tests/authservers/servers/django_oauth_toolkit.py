"""A remote as Django view, signed in to at `django-oauth-toolkit`: registration, device codes that its
metadata does not list, and programs with a secret."""

import json
import tempfile
from pathlib import Path

import django
from django.conf import settings
from django.core.asgi import get_asgi_application

from served import listen, serve

listener, origin = listen()
room = tempfile.TemporaryDirectory()
SCOPES = {"mcp:tools": "use the tools", "offline_access": "while you are away"}
settings.configure(
    ALLOWED_HOSTS=["*"],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": Path(room.name) / "database",
            "OPTIONS": {"timeout": 20, "init_command": "PRAGMA synchronous=OFF"},
        }
    },
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "oauth2_provider",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        f"{__name__}.as_sara",
    ],
    OAUTH2_PROVIDER={
        "ACCESS_TOKEN_EXPIRE_SECONDS": 3600,
        "ALLOWED_SCHEMES": ["http", "https"],
        "DCR_ENABLED": True,
        "DCR_REGISTRATION_PERMISSION_CLASSES": ["oauth2_provider.dcr.AllowAllDCRPermission"],
        "DEVICE_FLOW_INTERVAL": 1,
        "OAUTH2_PROTECTED_RESOURCE_AUTHORIZATION_SERVERS": [origin],
        "OAUTH_DEVICE_VERIFICATION_URI": f"{origin}/device/",
        "OAUTH_DEVICE_VERIFICATION_URI_COMPLETE": lambda code: f"{origin}/device/?user_code={code}",
        "SCOPES": SCOPES,
        "DEFAULT_SCOPES": ["mcp:tools"],
    },
    # The usual one takes a second for each secret, by intention.
    PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
    ROOT_URLCONF=__name__,
    SECRET_KEY="for tests only",
    USE_TZ=True,
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
)
django.setup()

from django.contrib.auth import get_user_model  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import close_old_connections  # noqa: E402
from django.http import HttpResponse, JsonResponse  # noqa: E402
from django.urls import include, path  # noqa: E402
from django.utils import timezone  # noqa: E402
from django.views.decorators.csrf import csrf_exempt  # noqa: E402
from oauth2_provider.decorators import protected_resource  # noqa: E402
from oauth2_provider.models import (  # noqa: E402
    get_access_token_model,
    get_application_model,
    get_refresh_token_model,
)


def as_sara(answer):
    """Treats every browser as signed in at Django."""

    def answered(request):
        request.user = get_user_model().objects.get(username="sara")
        return answer(request)

    return answered


def result(asked):
    match asked["method"]:
        case "initialize":
            return {
                "protocolVersion": asked["params"]["protocolVersion"],
                "capabilities": {"tools": {}},
                "serverInfo": {"name": "django-oauth-toolkit", "version": "1.0.0"},
            }
        case "tools/list":
            return {"tools": [{"name": "echo", "inputSchema": {"type": "object"}}]}
        case "tools/call":
            return {"content": [{"type": "text", "text": asked["params"]["arguments"]["text"]}]}
    return {}


@csrf_exempt
@protected_resource(
    scopes=["mcp:tools"],
    advertise_metadata=True,
    resource_metadata_url=f"{origin}/.well-known/oauth-protected-resource/mcp",
)
def remote(request):
    if request.method != "POST":
        return HttpResponse(status=405)
    asked = json.loads(request.body)
    if "id" not in asked:
        return HttpResponse(status=202)
    return JsonResponse({"jsonrpc": "2.0", "id": asked["id"], "result": result(asked)})


urlpatterns = [path("mcp", remote), path("", include("oauth2_provider.urls"))]


def change(line):
    close_old_connections()
    get_access_token_model().objects.update(expires=timezone.now())
    if line == "end-grants":
        get_refresh_token_model().objects.all().delete()


call_command("migrate", verbosity=0)
get_user_model().objects.create_user("sara")
Application = get_application_model()
Application.objects.create(
    client_id="robot",
    client_secret="a+b/c=",
    client_type=Application.CLIENT_CONFIDENTIAL,
    authorization_grant_type=Application.GRANT_CLIENT_CREDENTIALS,
)
serve(get_asgi_application(), listener, origin, change)
