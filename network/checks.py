"""Set-ups that cannot work refuse to start, and say why."""

from __future__ import annotations

import fcntl
import ipaddress
import os
from collections.abc import Sequence
from typing import IO, Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Warning, register
from django.core.exceptions import ImproperlyConfigured

_held: IO[str] | None = None


def be_the_only_process() -> None:
    """Under the embedded default, takes the lock that this process then keeps until it ends. Without Redis the channel
    layer, the limits and the cache are in one process's memory: a second one would not hear the first. Raises
    ImproperlyConfigured where another process has the lock."""
    global _held
    if settings.ONE_PROCESS_LOCK is None or _held is not None:
        return
    file = open(settings.ONE_PROCESS_LOCK, "a+")  # noqa: SIM115  (it stays open as long as the process)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.seek(0)
        other = file.read().strip() or "unknown"
        file.close()
        raise ImproperlyConfigured(
            f"Another process (number {other}) already serves this site. Without REDIS_URL there can be only one: "
            "stop the other, or set REDIS_URL."
        ) from None
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    _held = file


def is_loopback(host: str) -> bool:
    """Whether an address, as text, is this machine's own."""
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


@register()
def mail_can_leave(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Nobody can sign in to a real site whose mail stays in a folder."""
    if settings.MAIL_URL.scheme or is_loopback(settings.SITE_HOST):
        return []
    return [
        Warning(
            "Mail is only written to a folder, so nobody will receive a sign-in code.",
            hint="Set GUILDHALL_MAIL_URL to a mail server, such as smtp+tls://user:password@mail.example.org:587.",
            id="network.W001",
        )
    ]
