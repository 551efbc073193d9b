"""What members may do with what the hub publishes. Wagtail itself decides who may edit and publish which page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from wagtail.models import Page

from network.models import Network, Theme, Viewer
from network.permissions import ALLOWED, SIGN_IN_FIRST, Verdict, can_read

if TYPE_CHECKING:
    from cms.models import EventPage


def can_attend(viewer: Viewer, event: EventPage) -> Verdict:
    """Reading the joining link, the recording and the record of an event."""
    if event.network is not None:
        return can_read(viewer, event.network)
    if not viewer.is_authenticated or not viewer.is_active:
        return SIGN_IN_FIRST
    if not hasattr(viewer, "admission"):
        return Verdict("Only council officers can attend this event.")
    return ALLOWED


def can_name_speakers(viewer: Viewer, event: Page) -> Verdict:
    """Saying who hosts and who speaks in the live room of an event."""
    if viewer.is_authenticated and viewer.is_active and event.permissions_for_user(viewer).can_edit():
        return ALLOWED
    return Verdict("Only those who may edit this event can name its speakers.")


def can_review(viewer: Viewer, page: Page) -> Verdict:
    """Saying that a page still holds is shown to readers at once, so it takes the right to publish the page."""
    if viewer.is_authenticated and viewer.is_active and page.permissions_for_user(viewer).can_publish():
        return ALLOWED
    return Verdict("Only those who may publish this page can say that it was reviewed.")


def can_be_discussed(page: Page) -> Verdict:
    """A thread shows a page's title and summary to a whole network, so only what everybody may read is discussed."""
    if page.get_view_restrictions().exists():
        return Verdict("Only a page that everybody may read can be discussed in a network.")
    return ALLOWED


def can_be_discussed_in(network: Network, themes: Iterable[Theme]) -> Verdict:
    """A thread stands under a theme of its network; that of a page under one that the page has, and everybody sees."""
    usable = list(Theme.objects.public().of_network(network))
    if set(usable) & set(themes):
        return ALLOWED
    names = ", ".join(theme.name for theme in usable)
    return Verdict(f"A discussion in the {network} stands under one of its themes. Choose one of: {names}.")


def can_publish_in(viewer: Viewer, parent: Page) -> Verdict:
    if viewer.is_authenticated and viewer.is_active and parent.permissions_for_user(viewer).can_publish_subpage():
        return ALLOWED
    return Verdict("Only publishers can publish a page here.")


def can_give_roles(viewer: Viewer) -> Verdict:
    if viewer.is_authenticated and viewer.is_active and viewer.has_perm("network.change_member"):
        return ALLOWED
    return Verdict("Only administrators can give roles in the hub.")
