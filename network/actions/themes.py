from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.utils.text import slugify

from network import limits, permissions, signals
from network.actions.audit import record
from network.models import Member, MemberTheme, Network, NetworkTheme, Theme, ThemeAlias
from network.permissions import Refused

# The vocabulary, kept by administrators


def create_theme(*, name: str, description: str, by: Member | None, slug: str = "") -> Theme:
    """Adds a theme to the public vocabulary; without a slug it is made of the name. `by` None is the site's own set-up,
    which gets back the one that has this slug. Raises Refused, LimitReached."""
    slug = slug or address_of(name)
    if by is not None:
        permissions.can_keep_themes(by).enforce()
        permissions.can_name_theme(name, slug).enforce()
        limits.CREATING.spend(by)
    with transaction.atomic():
        theme, is_new = Theme.objects.get_or_create(slug=slug, defaults={"name": name, "description": description})
        if is_new:
            record("created theme", theme, by=by)
    return theme


def change_theme(theme: Theme, *, name: str, description: str, by: Member) -> Theme:
    """Renames a theme, and says anew what it is about. The address it had leads to the one it has. Raises Refused,
    LimitReached."""
    permissions.can_change_theme(by, theme).enforce()
    limits.THEMES.spend(by)
    slug = address_of(name)
    with transaction.atomic():
        theme = _locked(theme)[0]
        permissions.can_name_theme(name, slug, theme).enforce()
        if slug != theme.slug:
            ThemeAlias.objects.filter(slug=slug).delete()  # its own, from before it was last renamed
            ThemeAlias.objects.create(slug=theme.slug, theme=theme)
        theme.name, theme.slug, theme.description = name, slug, description
        theme.save(update_fields=["name", "slug", "description"])
        record("changed theme", theme, by=by, network=theme.private_to)
    return theme


def merge_themes(old: Theme, new: Theme, *, by: Member) -> Theme:
    """Puts everything that stands under `old` under `new`, and lets its address lead there. Nothing is new by it: no
    thread moves up, nobody is told. Raises Refused, LimitReached."""
    permissions.can_merge_themes(by, old, new).enforce()
    limits.THEMES.spend(by)
    with transaction.atomic():
        old, new = _locked(old, new)
        permissions.can_merge_themes(by, old, new).enforce()
        # Who has the new one already keeps it, and loses the old one when that is deleted.
        chosen_by = list(NetworkTheme.objects.filter(theme=new).values_list("network", flat=True))
        NetworkTheme.objects.filter(theme=old).exclude(network__in=chosen_by).update(theme=new)
        followed_by = list(MemberTheme.objects.filter(theme=new).values_list("member", flat=True))
        MemberTheme.objects.filter(theme=old).exclude(member__in=followed_by).update(theme=new)
        ThemeAlias.objects.filter(theme=old).update(theme=new)
        signals.theme_merged.send(Theme, old=old, new=new)
        record("merged theme", new, by=by, old=old.pk, slug=old.slug)
        slug = old.slug
        old.delete()
        ThemeAlias.objects.create(slug=slug, theme=new)
    return new


def make_theme_private(theme: Theme, network: Network, *, by: Member) -> Theme:
    """Takes a theme out of everybody's sight but that of a network's members. Raises Refused, LimitReached."""
    permissions.can_make_private(by, theme, network).enforce()
    limits.THEMES.spend(by)
    with transaction.atomic():
        theme = _locked(theme)[0]
        permissions.can_make_private(by, theme, network).enforce()
        theme.private_to = network
        theme.save(update_fields=["private_to"])
        record("made theme private", theme, by=by, network=network)
    return theme


def make_theme_public(theme: Theme, *, by: Member) -> Theme:
    """Gives a network's own theme to everybody: from then on its name is known. Raises Refused, LimitReached."""
    permissions.can_make_public(by, theme).enforce()
    limits.THEMES.spend(by)
    with transaction.atomic():
        theme = _locked(theme)[0]
        permissions.can_make_public(by, theme).enforce()
        network, theme.private_to = theme.private_to, None
        theme.save(update_fields=["private_to"])
        record("made theme public", theme, by=by, network=network)
    return theme


def address_of(name: str) -> str:
    """The slug that a theme of this name has; empty where the name has no letters that an address can hold."""
    return slugify(name)[:100].strip("-")


# A network's choice, made by its facilitators


def pick_themes(network: Network, themes: Sequence[Theme], *, by: Member | None) -> None:
    """Adds themes to those of a network, in this order behind what it has. Raises Refused, LimitReached."""
    if by is not None:
        permissions.can_facilitate(by, network).enforce()
        limits.CREATING.spend(by)
    for theme in themes:
        permissions.can_pick_theme(network, theme).enforce()
    with transaction.atomic():
        rows = _rows_of(network)
        had = {row.theme_id for row in rows}
        new = [theme for theme in themes if theme.pk not in had]
        first = max((row.order for row in rows), default=-1) + 1
        NetworkTheme.objects.bulk_create(
            NetworkTheme(network=network, theme=theme, order=order) for order, theme in enumerate(new, start=first)
        )
        if new:
            record("picked themes", network, by=by, network=network, themes=[theme.pk for theme in new])


def move_theme(network: Network, theme: Theme, *, up: bool, by: Member) -> None:
    """Moves a theme one place up or down in a network's order; at the end it stays. Raises Refused, LimitReached."""
    permissions.can_facilitate(by, network).enforce()
    limits.THEMES.spend(by)
    with transaction.atomic():
        rows = _rows_of(network)
        place = next((place for place, row in enumerate(rows) if row.theme_id == theme.pk), None)
        if place is None:
            raise Refused("This network does not use that theme.")
        other = place - 1 if up else place + 1
        if 0 <= other < len(rows):
            rows[place], rows[other] = rows[other], rows[place]
            for order, row in enumerate(rows):
                row.order = order
            NetworkTheme.objects.bulk_update(rows, ["order"])
            record("moved theme", network, by=by, network=network, theme=theme.pk)


def take_away_theme(network: Network, theme: Theme, *, by: Member) -> None:
    """Offers a theme in a network no longer. The threads that stand under it stay there. Raises Refused,
    LimitReached."""
    permissions.can_facilitate(by, network).enforce()
    limits.THEMES.spend(by)
    with transaction.atomic():
        _rows_of(network)
        permissions.can_take_away_theme(network, theme).enforce()
        NetworkTheme.objects.filter(network=network, theme=theme).delete()
        record("took away theme", network, by=by, network=network, theme=theme.pk)


# What interests a member


def follow_theme(theme: Theme, *, by: Member) -> None:
    """Safe to repeat. Raises Refused, LimitReached."""
    permissions.can_follow_themes(by, [theme]).enforce()
    limits.FOLLOWING.spend(by)
    MemberTheme.objects.get_or_create(member=by, theme=theme)


def unfollow_theme(theme: Theme, *, by: Member) -> None:
    """Safe to repeat. Raises Refused, LimitReached."""
    permissions.can_take_part(by).enforce()
    limits.FOLLOWING.spend(by)
    MemberTheme.objects.filter(member=by, theme=theme).delete()


def _locked(*themes: Theme) -> list[Theme]:
    """As they are now, in this order, and nobody else changes them. Raises Refused where one is gone: two who merge at
    the same moment lock in one order, and the second finds nothing to merge."""
    wanted = [theme.pk for theme in themes]
    rows = Theme.objects.select_for_update(of=("self",)).select_related("private_to").order_by("pk")
    found = {theme.pk: theme for theme in rows.filter(pk__in=wanted)}
    if not set(wanted) <= found.keys():
        raise Refused("This theme is not there any more. Somebody has just merged it into another.")
    return [found[pk] for pk in wanted]


def _rows_of(network: Network) -> list[NetworkTheme]:
    """A network's choice in its order. Nobody else changes it meanwhile; the network's row stands for those that are
    not there yet."""
    list(Network.objects.select_for_update(no_key=True).filter(pk=network.pk))
    return list(NetworkTheme.objects.filter(network=network).order_by("order", "theme__name"))
