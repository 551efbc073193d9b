"""What was reported, on pages of this storey and of the one below."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import template
from django.db.models import CharField, Count, QuerySet, Value
from django.template import Context
from django.utils import timezone
from django.utils.timesince import timesince

from forums.models import Case, HeldPost
from network.models import Membership, Network
from network.permissions import can_change_accounts

register = template.Library()


@register.simple_tag(takes_context=True)
def what_waits(context: Context, network: Network) -> dict[str, int]:
    """How many requests to join the network, reports and first posts wait for whoever facilitates it, without those
    kinds of which none does. One query: it stands on each of their pages."""
    viewer = context["request"].user
    waiting: dict[str, QuerySet[Any, Any]] = {
        "requests": Membership.objects.visible_to(viewer).requested(),
        "reports": Case.objects.waiting_for(viewer),
        "first_posts": HeldPost.objects.visible_to(viewer).waiting(),
    }
    first, *others = (_counted(kind, rows.filter(network=network)) for kind, rows in waiting.items())
    return dict(first.union(*others, all=True))


def _counted(kind: str, rows: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
    in_network = rows.order_by().values("network", what=Value(kind, output_field=CharField()))
    counted: QuerySet[Any, Any] = in_network.annotate(number=Count("pk")).values_list("what", "number")
    return counted


@register.simple_tag(takes_context=True)
def cases_of_site(context: Context) -> int | None:
    """How many wait for the administrators; None for whoever may not see them."""
    viewer = context["request"].user
    return Case.objects.administered_by(viewer).waiting().count() if can_change_accounts(viewer) else None


@register.filter
def waiting(case: Case) -> str:
    """How long it has waited, such as "3 hours"; what is not full is not counted."""
    is_new = timezone.now() - case.waits_since < timedelta(minutes=1)
    return "less than a minute" if is_new else timesince(case.waits_since, depth=1)
