from django.contrib.messages import SUCCESS, add_message
from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404
from django.utils.http import url_has_allowed_host_and_scheme

from forums import permissions
from forums.models import Case, Post, Room
from forums.models.post import PostQuerySet
from forums.models.report import Thing
from network.models import Member, Network, Viewer
from network.models.standing import standing_of


def member_or_404(request: HttpRequest) -> Member:
    """Who asks, where visitors who are not signed in learn nothing but 404."""
    if not request.user.is_authenticated:
        raise Http404("There is nothing here for a visitor who has not signed in.")
    return request.user


def network_of(member: Member, slug: str) -> Network:
    """The network, if the member belongs to it; whoever does not learns nothing but 404."""
    network = next((network for network in standing_of(member).networks if network.slug == slug), None)
    if network is None:
        raise Http404("Whoever does not belong to a network learns nothing of what is in it.")
    return network


def post_or_404(posts: PostQuerySet, thread: int, number: int) -> Post:
    """Of these, which the viewer may know of, the post that stands at an address; or that stood there, before a
    facilitator moved it."""
    return get_object_or_404(posts.standing_at(thread, number))


def room_of(viewer: Viewer, pk: int) -> Room:
    """404 for whoever may not know of the room; 403 with the reason for whoever was removed from it or locked out."""
    found = get_object_or_404(Room.objects.known_to(viewer).select_related("network"), pk=pk)
    permissions.can_enter(viewer, found).enforce()
    return found


def room_run_by(member: Member, pk: int) -> Room:
    """The same, and 403 with the reason for whoever may enter and does not run it."""
    found = room_of(member, pk)
    permissions.can_run_room(member, found).enforce()
    return found


def case_of(member: Member, thing: Thing, *, is_own: bool) -> Case | None:
    """What somebody may know of why something is hidden: its author the decision, those who look after it the
    reports."""
    cases = Case.objects.told_to(member).that_hid() if is_own else Case.objects.visible_to(member)
    return cases.about(thing).order_by("-pk").first()


def ours(request: HttpRequest, address: str) -> str:
    """The address a form says it stood at, if it is one of this site; empty otherwise."""
    is_ours = url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure())
    return address if is_ours and address.startswith("/") else ""


def field_of(no: Exception) -> str | None:
    """The field of a form beside which a refusal belongs; None for one that is about the whole."""
    field: str | None = getattr(no, "field", None)
    return field


def say_at_post(request: HttpRequest, post: Post, words: str, *, level: int = SUCCESS) -> None:
    """What just happened to a post, said where it stands in its thread: an address that leads there would leave the top
    of the page out of sight."""
    add_message(request, level, words, extra_tags=f"post-{post.number}")
