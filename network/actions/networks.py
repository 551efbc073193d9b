from __future__ import annotations

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
