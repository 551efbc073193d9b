"""The site for an ASGI server. Under the embedded default only one process may serve it: a second one that imports
this module ends at once with the reason."""

import asyncio
import contextlib
import os
import sys
from typing import Any

from asgiref.sync import sync_to_async
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import OriginValidator
from channels.sessions import CookieMiddleware
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
from django.template.loader import render_to_string

from forums.routing import LIVE, http_urlpatterns
from forums.routing import websocket_urlpatterns as sockets_of_forums
from network.routing import websocket_urlpatterns as own_sockets


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


class BodyLimit:
    """Refuses what is larger than any form of the site: by the length that it says it has, before anything of it is
    read, or else as soon as more has come. Django would write all of it to the disk first."""

    PATIENCE = 300  # seconds that what is refused may go on coming; a browser listens only when it has sent it all

    def __init__(self, application: Any, most: int) -> None:
        self.application = application
        self.most = most

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.application(scope, receive, send)
            return
        came = 0

        async def counted() -> Any:
            nonlocal came
            message = await receive()
            came += len(message.get("body", b""))
            if came > self.most:
                raise TooLarge
            return message

        try:
            if self._length(scope) > self.most:
                raise TooLarge
            await self.application(scope, counted, send)
        except TooLarge:
            await self._refuse(receive, send)

    def _length(self, scope: Any) -> int:
        said = dict(scope["headers"]).get(b"content-length", b"")
        return int(said) if said.isdigit() and len(said) < 20 else 0

    async def _refuse(self, receive: Any, send: Any) -> None:
        page = (await sync_to_async(render_to_string)("413.html")).encode()
        headers = [
            (b"content-type", b"text/html; charset=utf-8"),
            (b"content-length", b"%d" % len(page)),
            (b"cache-control", b"no-store"),
            (b"content-security-policy", b"default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'"),
            (b"x-content-type-options", b"nosniff"),
        ]
        await send({"type": "http.response.start", "status": 413, "headers": headers})
        await send({"type": "http.response.body", "body": page, "more_body": True})
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.PATIENCE):
                while (await receive()).get("more_body"):
                    pass
        await send({"type": "http.response.body", "body": b""})


class TooLarge(Exception):
    pass


class LiveFirst:
    """Requests that wait for news of a live room go past Django, where each would keep a thread."""

    def __init__(self, live: Any, others: Any) -> None:
        self.live = live
        self.others = others

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await (self.live if scope["path"].startswith(LIVE) else self.others)(scope, receive, send)


# Who brings the cookie is found by what it opens (forums.consumers), for all who come together.
application: Any = ProtocolTypeRouter(
    {
        "http": BodyLimit(
            LiveFirst(CookieMiddleware(URLRouter(http_urlpatterns)), django_application), settings.MOST_BYTES_SENT
        ),
        # Those of the forums come last, for they answer every other address.
        "websocket": OriginValidator(
            CookieMiddleware(URLRouter([*own_sockets, *sockets_of_forums])), settings.SITE_ORIGINS
        ),
    }
)
if settings.DEMONSTRATION:
    application = LoopbackOnly(application)
