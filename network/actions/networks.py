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


def change_network(network: Network, *, by: Member, **fields: Any) -> Network:
    """Changes settings of a network, named by their columns; those that facilitators may not change are the
    administrators'. Which were changed is recorded, never to what. With nothing new nothing is written. Raises Refused,
    LimitReached, and TypeError for what is no setting."""
    if unknown := fields.keys() - permissions.SETTINGS:
        raise TypeError(f"No settings of a network: {', '.join(sorted(unknown))}.")
    permissions.can_change_network(by, network, fields).enforce()
    permissions.can_be_called(network, fields.get("name", network.name)).enforce()
    limits.MANAGING.spend(by)
    with transaction.atomic():
        network = Network.objects.select_for_update().get(pk=network.pk)
        changed = sorted(name for name, value in fields.items() if getattr(network, name) != value)
        for name in changed:
            setattr(network, name, fields[name])
        if changed:
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
