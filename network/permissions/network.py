"""Networks as such: making them and changing their settings."""

from __future__ import annotations

from collections.abc import Collection

from network.models import Network, Viewer
from network.permissions.membership import can_facilitate
from network.permissions.verdict import ALLOWED, Verdict, holds

# What facilitators set of their network; its name and who may join stay with the administrators.
SETTINGS_OF_FACILITATORS = frozenset(
    {
        "purpose",
        "audience",
        "question",
        "content_free_mail",
        "reports_to_hide",
        "published_members",
        "published_source",
        "first_post_hold",
    }
)


SETTINGS = SETTINGS_OF_FACILITATORS | {"name", "joining", "order"}


def can_create_networks(viewer: Viewer) -> Verdict:
    """Networks, and the themes that all of them choose from."""
    return holds(viewer, "network.add_network", "Only administrators can create networks and themes.")


def can_change_network(viewer: Viewer, network: Network, fields: Collection[str]) -> Verdict:
    """Administrators change all settings of a network, its facilitators those that are theirs."""
    reason = "Only administrators can change the name of a network and who may join it."
    administers = holds(viewer, "network.change_network", reason)
    verdict = administers or can_facilitate(viewer, network)
    if verdict and not SETTINGS_OF_FACILITATORS.issuperset(fields):
        return administers
    return verdict


def can_be_called(network: Network, name: str) -> Verdict:
    """Whether a network may have this name, whoever gives it."""
    if Network.objects.filter(name=name).exclude(pk=network.pk).exists():
        return Verdict("There is another network with this name.")
    return ALLOWED
