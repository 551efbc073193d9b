"""What members may do with what the hub publishes. Wagtail itself decides who may edit and publish which page."""

from __future__ import annotations

from collections.abc import Iterable, Set
from datetime import datetime
from typing import TYPE_CHECKING

from wagtail.models import Page

from cms.models.saved_search import SavedSearch
from forums.models import Room, RoomRole
from forums.permissions import can_have_room_role, can_run_room
from network.models import Member, Network, Theme, Viewer
from network.permissions import (
    ALLOWED,
    SIGN_IN_FIRST,
    Verdict,
    can_read,
    can_stop_administering,
    can_take_part,
)

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


SIGN_UP_FIRST = Verdict("The joining link is for those who have signed up.")


def can_join(viewer: Viewer, event: EventPage, *, has_place: bool | None = None) -> Verdict:
    """Reading the joining link, and having the live room on the event's page: whoever may attend, and where people sign
    up, has a place, runs the event or edits it. `has_place`, where it is known, spares the question."""
    verdict = can_attend(viewer, event)
    if not verdict or not event.needs_sign_up:
        return verdict
    if has_place is None and event.pk:  # a page that is only previewed has none yet
        has_place = event.attendances.visible_to(viewer).with_place().filter(page=event.pk).exists()
    if has_place or runs_room_of(viewer, event) or can_see_sign_ups(viewer, event):
        return ALLOWED
    return SIGN_UP_FIRST


def can_see_sign_ups(viewer: Viewer, event: EventPage) -> Verdict:
    """How many have signed up and how many wait: never who."""
    if Room.objects.run_by(viewer).filter(event_room__page=event.pk).exists():
        return ALLOWED
    if viewer.is_authenticated and viewer.is_active and event.permissions_for_user(viewer).can_edit():
        return ALLOWED
    return Verdict("Only those who run this event can see how many have signed up.")


def can_add_event(viewer: Viewer, event: EventPage, *, now: datetime | None = None) -> Verdict:
    """Having an event in one's events, and signing up for it where people do: whoever may attend, and whoever speaks
    there."""
    verdict = can_attend(viewer, event)
    if not verdict and viewer.is_authenticated and viewer.is_active and runs_room_of(viewer, event):
        verdict = ALLOWED
    if verdict and not event.live:
        return Verdict("This event was taken down.")
    if verdict and event.is_over(now):
        return Verdict("This event is over.")
    return verdict


def runs_room_of(viewer: Viewer, event: Page) -> bool:
    """Whether they host the event's live room or speak there, and may still go in."""
    own = RoomRole.objects.visible_to(viewer).filter(member=viewer.pk)
    return own.filter(room__event_room__page=event.pk).exists()


def can_name_speakers(viewer: Viewer, event: Page) -> Verdict:
    """Saying who hosts and who speaks in the live room of an event."""
    if viewer.is_authenticated and viewer.is_active and event.permissions_for_user(viewer).can_edit():
        return ALLOWED
    return Verdict("Only those who may edit this event can name its speakers.")


# Whatever is in the way, an editor from outside hears no more: who belongs to a network, or was shut out of it, is not
# theirs to know.
CANNOT_BE_NAMED = Verdict("This person cannot be named here. Check the address, or ask a facilitator of the network.")


def can_be_named_by(viewer: Viewer, member: Member, room: Room, role: str) -> Verdict:
    """An editor of no membership names speakers, other people only, and no hosts: publishing an event is no way into a
    network that its facilitators keep."""
    if can_read(viewer, room.network):
        return can_have_room_role(member, room, role)
    if member.pk == viewer.pk:
        return Verdict("You do not belong to this network, so ask one of its facilitators to name you.")
    if role == RoomRole.Role.HOST or not can_have_room_role(member, room, role):
        return CANNOT_BE_NAMED
    return ALLOWED


def can_set_recording(viewer: Viewer, event: EventPage) -> Verdict:
    """Saying where the recording of an event is: those who may edit it, and those who run its live room."""
    if can_see_sign_ups(viewer, event):
        return ALLOWED
    return Verdict("Only those who edit this event or run its live room can set its recording.")


def can_draft_record(viewer: Viewer, room: Room, *, now: datetime | None = None) -> Verdict:
    """Drafting the record of a session, when it is over: those who ran it."""
    verdict = can_run_room(viewer, room)
    if verdict and not room.is_over(now):
        return Verdict("The session is not over yet. Its record is drafted afterwards.")
    return verdict


def can_approve_record(viewer: Viewer, event: Page) -> Verdict:
    """Letting what somebody asked or said, and agreed to, stand on the public page of an event: it takes the right to
    publish that page."""
    if viewer.is_authenticated and viewer.is_active and event.permissions_for_user(viewer).can_publish():
        return ALLOWED
    return Verdict("Only those who may publish this page can approve what stands on it.")


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


def can_stand_on_page(themes: Iterable[Theme]) -> Verdict:
    """Everybody reads which themes a page has, whoever puts them there."""
    if any(theme.private_to_id for theme in themes):
        return Verdict("A theme that is private to a network cannot be put on a page.")
    return ALLOWED


def can_save_search(viewer: Viewer) -> Verdict:
    return can_take_part(viewer)


def can_save_another_search(viewer: Viewer) -> Verdict:
    if SavedSearch.objects.visible_to(viewer).count() < SavedSearch.MOST:
        return ALLOWED
    return Verdict(f"You have {SavedSearch.MOST} saved searches, which is the most. Delete one of them first.")


def can_change_search(viewer: Viewer, saved: SavedSearch) -> Verdict:
    verdict = can_take_part(viewer)
    return verdict if not verdict or saved.member_id == viewer.pk else Verdict("This search is somebody else's.")


def can_see_fruitless_searches(viewer: Viewer) -> Verdict:
    """Which words found nothing: those who could write a page about it."""
    if viewer.is_authenticated and viewer.is_active and viewer.has_perm("wagtailadmin.access_admin"):
        return ALLOWED
    return Verdict("Only those who edit pages can see what was looked for and not found.")


def can_publish_in(viewer: Viewer, parent: Page) -> Verdict:
    if viewer.is_authenticated and viewer.is_active and parent.permissions_for_user(viewer).can_publish_subpage():
        return ALLOWED
    return Verdict("Only publishers can publish a page here.")


def can_give_roles(viewer: Viewer) -> Verdict:
    if viewer.is_authenticated and viewer.is_active and viewer.has_perm("network.change_member"):
        return ALLOWED
    return Verdict("Only administrators can give roles in the hub.")


def can_give_these_roles(viewer: Viewer, member: Member, *, had: Set[str], wanted: Set[str]) -> Verdict:
    """Nobody takes a role from themselves, and the site keeps an administrator, whatever somebody presses."""
    verdict = can_give_roles(viewer)
    if verdict and had - wanted and member.pk == viewer.pk:
        return Verdict("You cannot take a role from yourself. Another administrator can.")
    if verdict and "Administrators" in had - wanted:
        return can_stop_administering(member)
    if verdict and wanted - had and not member.is_active:
        return Verdict("This account is not in use, so it can be given no role.")
    return verdict
