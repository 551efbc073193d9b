"""The site for an ASGI server. Under the embedded default only one process may serve it: a second one that imports
this module ends at once with the reason."""

import os
import sys
from typing import Any

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import OriginValidator
from django.core.asgi import get_asgi_application
from django.core.exceptions import ImproperlyConfigured

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "network.settings")
try:
    django_application = get_asgi_application()
    from network.checks import be_the_only_process, is_loopback

    be_the_only_process()
except ImproperlyConfigured as error:
    sys.exit(f"Guildhall does not start. {error}")

from django.conf import settings

from forums.routing import websocket_urlpatterns


class LoopbackOnly:
    """The demonstration shows sign-in codes to everyone, so it answers this machine alone, and no proxy: whoever asks
    through one is somebody else."""

    PROXIES = frozenset([b"forwarded", b"via", b"x-forwarded-for", b"x-forwarded-host", b"x-real-ip"])

    def __init__(self, application: Any) -> None:
        self.application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] not in ("http", "websocket") or self._is_near(scope):
            await self.application(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 4403})
        else:
            words = b"The demonstration answers only this machine.\n"
            headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"%d" % len(words))]
            await send({"type": "http.response.start", "status": 403, "headers": headers})
            await send({"type": "http.response.body", "body": words})

    def _is_near(self, scope: Any) -> bool:
        client = scope.get("client")
        return bool(
            client and is_loopback(client[0]) and not any(name.lower() in self.PROXIES for name, _ in scope["headers"])
        )


application: Any = ProtocolTypeRouter(
    {
        "http": django_application,
        "websocket": OriginValidator(AuthMiddlewareStack(URLRouter(websocket_urlpatterns)), settings.SITE_ORIGINS),
    }
)
if settings.DEMONSTRATION:
    application = LoopbackOnly(application)
