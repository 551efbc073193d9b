"""What was reported, on pages of this storey and of the one below."""

from __future__ import annotations

from django import template
from django.template import Context
from django.utils import timezone

from forums.models import Case
from network.limits import in_words
from network.models import Network
from network.permissions import can_change_accounts

register = template.Library()


@register.simple_tag(takes_context=True)
def waiting_cases(context: Context, network: Network) -> int:
    """How many wait for whoever looks: one query."""
    return Case.objects.visible_to(context["request"].user).waiting().filter(network=network).count()


@register.simple_tag(takes_context=True)
def cases_of_site(context: Context) -> int | None:
    """How many wait for the administrators; None for whoever may not see them."""
    viewer = context["request"].user
    return Case.objects.administered_by(viewer).waiting().count() if can_change_accounts(viewer) else None


@register.filter
def waiting(case: Case) -> str:
    """How long it has waited, such as "3 hours"."""
    return in_words(timezone.now() - case.waits_since)
