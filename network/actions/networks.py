from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from network import limits, permissions
from network.actions.audit import record
from network.models import Member, Network, NetworkTheme, Theme


def create_network(
    *,
    slug: str,
    name: str,
    purpose: str,
    joining: str,
    by: Member | None,
    audience: str = "",
    question: str = "",
    published_members: int | None = None,
    published_source: str = "",
    order: int = 0,
) -> Network:
    """Makes a network, or gives back the one that has this slug. `by` None is the site's own set-up. Raises Refused,
    LimitReached."""
    if by is not None:
        permissions.can_create_networks(by).enforce()
        limits.CREATING.spend(by)
    with transaction.atomic():
        network, is_new = Network.objects.get_or_create(
            slug=slug,
            defaults={
                "name": name,
                "purpose": purpose,
                "joining": joining,
                "audience": audience,
                "question": question,
                "published_members": published_members,
                "published_source": published_source,
                "order": order,
            },
        )
        if is_new:
            record("created network", network, by=by, network=network)
    return network


CHANGEABLE = (
    "name",
    "purpose",
    "audience",
    "joining",
    "question",
    "first_post_hold",
    "content_free_mail",
    "published_members",
    "published_source",
    "order",
)


def change_network(network: Network, *, by: Member, **fields: Any) -> Network:
    """Changes what a network says of itself and how it is joined, the fields in CHANGEABLE. Changes nothing where
    nothing differs. Raises Refused, LimitReached, TypeError for another field."""
    permissions.can_change_network(by, network).enforce()
    limits.CHANGING.spend(by)
    if unknown := fields.keys() - set(CHANGEABLE):
        raise TypeError(f"This is not changed here: {', '.join(sorted(unknown))}.")
    with transaction.atomic():
        network = Network.objects.select_for_update(no_key=True).get(pk=network.pk)
        changed = sorted(name for name, value in fields.items() if getattr(network, name) != value)
        if changed:
            for name in changed:
                setattr(network, name, fields[name])
            network.save(update_fields=changed)
            record("changed network", network, by=by, network=network, fields=changed)
    return network


def create_theme(*, slug: str, name: str, description: str, by: Member | None) -> Theme:
    """Adds a theme to the public vocabulary, or gives back the one that has this slug. Raises Refused, LimitReached."""
    if by is not None:
        permissions.can_create_networks(by).enforce()
        limits.CREATING.spend(by)
    with transaction.atomic():
        theme, is_new = Theme.objects.get_or_create(slug=slug, defaults={"name": name, "description": description})
        if is_new:
            record("created theme", theme, by=by)
    return theme


def pick_themes(network: Network, themes: Sequence[Theme], *, by: Member | None) -> None:
    """Adds themes to those of a network, in this order behind what it has. Raises Refused, LimitReached."""
    if by is not None:
        permissions.can_facilitate(by, network).enforce()
        limits.CREATING.spend(by)
    for theme in themes:
        permissions.can_pick_theme(network, theme).enforce()
    with transaction.atomic():
        had = set(NetworkTheme.objects.filter(network=network).values_list("theme", flat=True))
        new = [theme for theme in themes if theme.pk not in had]
        NetworkTheme.objects.bulk_create(
            NetworkTheme(network=network, theme=theme, order=order) for order, theme in enumerate(new, start=len(had))
        )
        if new:
            record("picked themes", network, by=by, network=network, themes=[theme.slug for theme in new])
