"""What every page shows around its own content."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django import template
from django.conf import settings
from django.http import HttpRequest
from django.template import Context
from django.utils.html import format_html
from django.utils.safestring import SafeString

from network.models import Network
from network.models.standing import standing_of
from network.notifications import Unread, unread
from network.permissions import can_administer
from network.places import place_of

register = template.Library()


def site(request: HttpRequest) -> dict[str, Any]:
    """Context processor: settings that the base template needs. No queries; lists are read by tags."""
    return {"demonstration": settings.DEMONSTRATION, "site_url": settings.SITE_URL}


@register.simple_tag
def contact_address() -> str:
    """Where people write to when they need a person; empty where nobody has said yet."""
    return str(settings.CONTACT)


@register.simple_tag(takes_context=True)
def own_networks(context: Context) -> list[Network]:
    """The networks the viewer belongs to; none for an anonymous visitor or an error page."""
    viewer = getattr(context.get("request"), "user", None)
    return standing_of(viewer).networks if viewer is not None and viewer.is_authenticated else []


@register.simple_tag(takes_context=True)
def may_hold_rights(context: Context) -> bool:
    """Whether it is worth asking what the viewer may do beyond being a member. No query."""
    viewer = getattr(context.get("request"), "user", None)
    return viewer is not None and viewer.is_authenticated and getattr(viewer, "may_hold_rights", True)


@register.simple_tag(takes_context=True)
def administers(context: Context) -> bool:
    """Whether the administrators' pages have anything for the viewer. Two queries, once for a page."""
    return bool(can_administer(context["request"].user))


@register.simple_tag(takes_context=True)
def new_notices(context: Context) -> Unread:
    """How much is new for the viewer, as the page of notices lists it. Asked once for a page."""
    request: Any = context.get("request")
    viewer = getattr(request, "user", None)
    if viewer is None or not viewer.is_authenticated:
        return Unread()
    if not hasattr(request, "new_notices"):
        request.new_notices = unread(viewer)
    found: Unread = request.new_notices
    return found


@dataclass(frozen=True, slots=True)
class Link:
    """To a page, in a menu. `current` is "page" where it is this very page, "true" where this one is in its section."""

    title: str
    address: str
    current: str


@register.simple_tag(takes_context=True)
def links_to(context: Context, pages: Iterable[tuple[str, str]]) -> tuple[Link, ...]:
    """What a menu shows, of pairs of a title and an address."""
    path = getattr(context.get("request"), "path", "")
    return tuple(Link(title, address, _is_current(path, address)) for title, address in pages)


@register.simple_tag
def site_pages() -> list[tuple[str, str]]:
    """What stands in the main menu for everybody, beside the parts of the hub."""
    return [("Networks", place_of("networks")), ("Themes", place_of("themes")), ("Search", place_of("search"))]


@register.simple_tag
def member_pages(networks: list[Network]) -> list[tuple[str, str]]:
    """What stands in the menu of a member of these networks."""
    if not networks:
        return [("Join a network", place_of("networks"))]
    own = [(network.name, network.get_absolute_url()) for network in networks]
    return [*own, ("People", place_of("people"))]


def _is_current(path: str, address: str) -> str:
    if not address or not path.startswith(address):
        return ""
    return "page" if path == address else "true"


@register.simple_tag(takes_context=True)
def current(context: Context, address: str) -> SafeString:
    """` aria-current="page"` on the link to this very page, `"true"` on the link to the section it is in."""
    where = _is_current(getattr(context.get("request"), "path", ""), address)
    return format_html(' aria-current="{}"', where) if where else SafeString("")
