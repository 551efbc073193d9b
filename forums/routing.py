"""Addresses of the sockets of this storey, and of what stands in for them."""

from typing import Any

from django.urls import path, re_path

from forums import consumers

websocket_urlpatterns: list[Any] = [
    path("live/rooms/<int:pk>/", consumers.room_socket),  # type: ignore[arg-type]  # an ASGI application
    # Last: an address that is none is refused, not an error in the log.
    re_path(r"", consumers.nowhere),  # type: ignore[arg-type]
]

LIVE = "/live/"  # what of plain requests does not go to Django

http_urlpatterns: list[Any] = [
    path("live/rooms/<int:pk>/poll/", consumers.room_poll),  # type: ignore[arg-type]
    re_path(r"", consumers.no_poll),  # type: ignore[arg-type]
]
