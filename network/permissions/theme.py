"""Themes: the one vocabulary, what a network picks of it, and who follows what."""

from __future__ import annotations

from collections.abc import Collection

from django.db import models

from network.models import Network, NetworkTheme, Theme, ThemeAlias, Viewer
from network.models.theme import theme_uses
from network.permissions.membership import can_read
from network.permissions.verdict import ALLOWED, Verdict, can_take_part, holds


def can_follow_themes(viewer: Viewer, themes: Collection[Theme]) -> Verdict:
    known = Theme.objects.visible_to(viewer).filter(pk__in=[theme.pk for theme in themes])
    verdict = can_take_part(viewer)
    if verdict and known.count() < len(themes):
        return Verdict("You can follow only themes that you can see.")
    return verdict


def can_pick_theme(network: Network, theme: Theme) -> Verdict:
    """Whether a theme may be among those of this network, whoever picks it."""
    if theme.private_to_id in (None, network.pk):
        return ALLOWED
    return Verdict("A theme is private to another network.")


def can_take_away_theme(network: Network, theme: Theme) -> Verdict:
    """Whether a network may offer a theme no longer, whoever takes it away. The threads that stand under it stay."""
    picked = set(NetworkTheme.objects.filter(network=network).values_list("theme", flat=True))
    if theme.pk not in picked:
        return Verdict("This network does not use that theme.")
    if len(picked) == 1:
        return Verdict("A network needs a theme, for every thread stands under one. Add another first.")
    return ALLOWED


def can_keep_themes(viewer: Viewer) -> Verdict:
    return holds(viewer, "network.change_theme", "Only administrators can change the themes.")


def can_change_theme(viewer: Viewer, theme: Theme) -> Verdict:
    """An administrator changes what they know of: what is private to a network is not there for those outside it."""
    verdict = can_keep_themes(viewer)
    if verdict and not Theme.objects.visible_to(viewer).filter(pk=theme.pk).exists():
        return Verdict("This theme is not there any more.")
    return verdict


def can_name_theme(name: str, slug: str, theme: Theme | None = None) -> Verdict:
    """Whether a theme may be called so: `theme` where it exists, None where it is new. A name is taken also where the
    theme that has it is private to some network, and what is said is then no different."""
    if not slug:
        return Verdict("Enter a name with letters or digits.")
    pk = theme.pk if theme else 0
    is_taken = models.Q(name__iexact=name) | models.Q(slug=slug)
    if Theme.objects.filter(is_taken).exclude(pk=pk).exists() or (
        ThemeAlias.objects.filter(slug=slug).exclude(theme=pk).exists()
    ):
        return Verdict("Choose another name: this one is taken, or was once.")
    return ALLOWED


def can_merge_themes(viewer: Viewer, old: Theme, new: Theme) -> Verdict:
    """Both have to be public: what stood on a page would else vanish from it, or a private word become an address."""
    verdict = can_change_theme(viewer, old) and can_change_theme(viewer, new)
    if verdict and old.pk == new.pk:
        return Verdict("A theme cannot be merged into itself.")
    if verdict and (old.private_to_id or new.private_to_id):
        return Verdict("Only public themes can be merged. Make the private one public first.")
    return verdict


def can_make_private(viewer: Viewer, theme: Theme, network: Network) -> Verdict:
    """Taking a theme into a network. Its members alone know of it from then on, so it takes an administrator who is one
    of them, and nothing outside the network may stand under it."""
    verdict = can_change_theme(viewer, theme) and can_read(viewer, network)
    if not verdict:
        return verdict
    if theme.private_to_id:
        return Verdict("This theme is private already.")
    if NetworkTheme.objects.filter(theme=theme).exclude(network=network).exists():
        return Verdict("Another network uses this theme.")
    for use in theme_uses():
        if count := use.count_outside(theme, network):
            stand = f"{use.one} outside this network stands" if count == 1 else f"{use.many} outside this network stand"
            return Verdict(f"{count} {stand} under this theme.")
    return ALLOWED


def can_make_public(viewer: Viewer, theme: Theme) -> Verdict:
    verdict = can_change_theme(viewer, theme)
    return Verdict("This theme is public already.") if verdict and not theme.private_to_id else verdict
