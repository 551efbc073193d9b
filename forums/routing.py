"""Addresses of the sockets of this storey."""

from typing import Any

websocket_urlpatterns: list[Any] = []
