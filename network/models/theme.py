from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import timezone

from network.models.member import Member, Viewer
from network.models.network import Network


class ThemeQuerySet(models.QuerySet["Theme"]):
    def visible_to(self, viewer: Viewer) -> ThemeQuerySet:
        return self.filter(models.Q(private_to=None) | models.Q(private_to__in_once=Network.objects.of(viewer)))

    def public(self) -> ThemeQuerySet:
        """Those that may stand on a page of the hub."""
        return self.filter(private_to=None)

    def called(self, slug: str) -> ThemeQuerySet:
        """The one that has this address, or had it."""
        return self.filter(models.Q(slug=slug) | models.Q(aliases__slug=slug)).distinct()

    def followed_by(self, viewer: Viewer) -> ThemeQuerySet:
        """With `is_followed`: whether the viewer follows it."""
        own = MemberTheme.objects.filter(member=viewer.pk, theme=models.OuterRef("pk"))
        return self.annotate(is_followed=models.Exists(own))

    def of_network(self, network: Network) -> ThemeQuerySet:
        """Those that a network picked, in its order; none that has become private to another since."""
        picked = self.filter(network_themes__network=network)
        own = models.Q(private_to=None) | models.Q(private_to=network)
        return picked.filter(own).order_by("network_themes__order", "name")


class Theme(models.Model):
    """A subject of the one vocabulary that pages and threads share."""

    name = models.CharField(max_length=100, unique=True)
    slug = models.SlugField(max_length=100, unique=True)
    description = models.CharField(max_length=300, blank=True)
    private_to = models.ForeignKey(Network, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    networks = models.ManyToManyField(Network, through="network.NetworkTheme", related_name="themes")

    objects = ThemeQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("theme", args=[self.slug])


@dataclass(frozen=True, slots=True)
class ThemeUse:
    """What a storey keeps under themes. Counts are of all there is, drafts and closed networks too: numbers for whoever
    keeps the vocabulary, never a list."""

    one: str
    many: str
    count: Callable[[Theme], int]
    # Those that stand where not only members of the network see them.
    count_outside: Callable[[Theme, Network], int]


_uses: list[ThemeUse] = []


def register_use(use: ThemeUse) -> None:
    """Called once per kind of thing when a package starts."""
    _uses.append(use)


def theme_uses() -> list[ThemeUse]:
    return list(_uses)


class NetworkThemeQuerySet(models.QuerySet["NetworkTheme"]):
    def visible_to(self, viewer: Viewer) -> NetworkThemeQuerySet:
        return self.filter(network__in_once=Network.objects.of(viewer))


class NetworkTheme(models.Model):
    """A network's choice of a theme, and where in its order."""

    network = models.ForeignKey(Network, on_delete=models.CASCADE, related_name="network_themes")
    theme = models.ForeignKey(Theme, on_delete=models.CASCADE, related_name="network_themes")
    order = models.PositiveSmallIntegerField(default=0)

    objects = NetworkThemeQuerySet.as_manager()

    class Meta:
        ordering = ["order"]
        constraints = [models.UniqueConstraint(fields=["network", "theme"], name="network_theme_once")]

    def __str__(self) -> str:
        return f"{self.theme} in {self.network}"


class ThemeAlias(models.Model):
    """An address that a theme once had, before it was renamed or merged into another. Everybody may follow it; the
    theme it leads to decides who sees more."""

    slug = models.SlugField(max_length=100, primary_key=True)
    theme = models.ForeignKey(Theme, on_delete=models.CASCADE, related_name="aliases")

    def __str__(self) -> str:
        return self.slug


# Who has told nothing of themselves yet has hidden nothing either.
SHOWS_THEMES = models.Q(member__profile=None) | models.Q(member__profile__shows_themes=True)


class MemberThemeQuerySet(models.QuerySet["MemberTheme"]):
    def visible_to(self, viewer: Viewer) -> MemberThemeQuerySet:
        """Their own; and those of people in their networks who show theirs, as far as the viewer knows the theme."""
        if not viewer.is_authenticated or not viewer.is_active:
            return self.none()
        shown = SHOWS_THEMES & models.Q(member__in=Member.objects.visible_to(viewer))
        return self.filter(models.Q(member=viewer) | shown, theme__in=Theme.objects.visible_to(viewer))

    def shown(self) -> MemberThemeQuerySet:
        """Not hidden by those who follow them."""
        return self.filter(SHOWS_THEMES)


class MemberTheme(models.Model):
    """A theme that a member follows: what interests them, on their profile and in what they are told."""

    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="member_themes")
    theme = models.ForeignKey(Theme, on_delete=models.CASCADE, related_name="member_themes")
    at = models.DateTimeField(default=timezone.now)

    objects = MemberThemeQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["member", "theme"], name="member_theme_once")]

    def __str__(self) -> str:
        return f"{self.member_id} follows {self.theme}"
