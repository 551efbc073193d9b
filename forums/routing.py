"""Addresses of the sockets of this storey."""

from typing import Any

from django.urls import path, re_path

from forums import consumers

websocket_urlpatterns: list[Any] = [
    path("live/rooms/<int:pk>/", consumers.room_socket),  # type: ignore[arg-type]  # an ASGI application
    # Last: an address that is none is refused, not an error in the log.
    re_path(r"", consumers.nowhere),  # type: ignore[arg-type]
]
