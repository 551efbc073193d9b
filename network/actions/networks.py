from __future__ import annotations

from typing import Any

from django.db import transaction

from network import limits, permissions
from network.actions.audit import record
from network.models import Member, Network


def create_network(
    *,
    slug: str,
    name: str,
    purpose: str,
    joining: str,
    by: Member | None,
    audience: str = "",
    question: str = "",
    content_free_mail: bool = False,
    reports_to_hide: int = 3,
    first_post_hold: bool = False,
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
                "content_free_mail": content_free_mail,
                "reports_to_hide": reports_to_hide,
                "first_post_hold": first_post_hold,
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
