"""What members may do in threads and rooms."""

from __future__ import annotations

from forums.models import Thread
from network.models import Network, Theme, Viewer
from network.permissions import ALLOWED, Verdict, can_facilitate, can_read


def can_start_thread(viewer: Viewer, network: Network) -> Verdict:
    return can_read(viewer, network)


def can_start_kind(viewer: Viewer, network: Network, kind: str) -> Verdict:
    """Announcements are the facilitators'; everything else is every member's."""
    if kind == Thread.Kind.ANNOUNCEMENT and not can_facilitate(viewer, network):
        return Verdict("Only facilitators can make an announcement.")
    return can_start_thread(viewer, network)


def can_use_theme(viewer: Viewer, network: Network, theme: Theme) -> Verdict:
    if Theme.objects.visible_to(viewer).filter(network_themes__network=network, pk=theme.pk).exists():
        return ALLOWED
    return Verdict("This network does not use that theme.")


def can_reply(viewer: Viewer, thread: Thread) -> Verdict:
    verdict = can_read(viewer, thread.network)
    if verdict and thread.is_locked:
        return Verdict("This thread is locked, so nobody can reply to it.")
    return verdict


def can_lock(viewer: Viewer, thread: Thread) -> Verdict:
    return can_facilitate(viewer, thread.network)
