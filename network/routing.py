"""Addresses of the sockets of this storey."""

from typing import Any

from channels.auth import AuthMiddleware
from channels.sessions import SessionMiddleware
from django.urls import path

from network import consumers

websocket_urlpatterns: list[Any] = [
    path("live/notices/", SessionMiddleware(AuthMiddleware(consumers.notice_socket))),
]
