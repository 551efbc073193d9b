"""Themes for those who look after them: the vocabulary for administrators, a network's choice for its facilitators; and
following one, for every member."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from network import permissions
from network.actions import themes as verbs
from network.forms import ThemeChoiceForm, ThemeForm, ThemeNetworkForm
from network.models import MemberTheme, Network, Theme
from network.models.theme import ThemeQuerySet, theme_uses
from network.permissions import Refused
from network.views import MemberRequest, second_factor_required
from network.views.networks import facilitated

# The vocabulary


def _known_to_administrator(request: HttpRequest) -> ThemeQuerySet:
    """The themes that an administrator looks after. For everybody else there is no such page."""
    if not permissions.can_keep_themes(request.user):
        raise Http404
    return Theme.objects.visible_to(request.user)


@require_http_methods(["GET", "HEAD", "POST"])
def vocabulary(request: MemberRequest) -> HttpResponse:
    """All themes, and a form that adds one."""
    themes = _known_to_administrator(request)
    form = ThemeForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            theme = verbs.create_theme(**form.cleaned_data, by=request.user)
        except Refused as refused:
            form.add_error("name", str(refused))
        else:
            messages.success(request, f"{theme} is now a theme.")
            return redirect("administration_themes")
    used_by = Count("network_themes", distinct=True)
    rows = themes.annotate(used_by=used_by).select_related("private_to").order_by("name")
    return render(request, "network/themes/vocabulary.html", {"themes": rows, "form": form})


@require_http_methods(["GET", "HEAD", "POST"])
def change(request: MemberRequest, pk: int) -> HttpResponse:
    theme = get_object_or_404(_known_to_administrator(request).select_related("private_to"), pk=pk)
    posted = request.POST if request.method == "POST" else None
    form = ThemeForm(posted, initial={"name": theme.name, "description": theme.description})
    if form.is_valid():
        try:
            theme = verbs.change_theme(theme, **form.cleaned_data, by=request.user)
        except Refused as refused:
            form.add_error("name", str(refused))
        else:
            messages.success(request, f"{theme} is changed.")
            return redirect("administration_themes")
    return _page_of(request, theme, form, ThemeNetworkForm(Network.objects.of(request.user)))


@require_POST
def make_private(request: MemberRequest, pk: int) -> HttpResponse:
    theme = get_object_or_404(_known_to_administrator(request), pk=pk)
    form = ThemeNetworkForm(Network.objects.of(request.user), request.POST)
    if form.is_valid():
        network = form.cleaned_data["network"]
        try:
            verbs.make_theme_private(theme, network, by=request.user)
        except Refused as refused:
            form.add_error("network", str(refused))
        else:
            messages.success(request, f"{theme} is now known to members of the {network} alone.")
            return redirect("administration_theme", pk)
    own = ThemeForm(initial={"name": theme.name, "description": theme.description})
    return _page_of(request, theme, own, form)


@require_POST
def make_public(request: MemberRequest, pk: int) -> HttpResponse:
    theme = get_object_or_404(_known_to_administrator(request), pk=pk)
    try:
        verbs.make_theme_public(theme, by=request.user)
        messages.success(request, f"{theme} is now a theme for everybody.")
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("administration_theme", pk)


def _page_of(request: MemberRequest, theme: Theme, form: ThemeForm, private: ThemeNetworkForm) -> HttpResponse:
    return render(request, "network/themes/change.html", {"theme": theme, "form": form, "private": private})


@dataclass(frozen=True, slots=True)
class Number:
    """How much of something there is, in words for a list."""

    count: int
    one: str
    many: str

    def __str__(self) -> str:
        return f"{self.count:,} {self.one if self.count == 1 else self.many}"


def _what_moves(theme: Theme) -> list[Number]:
    """Of everything there is, and not from `visible_to`: a merge touches what stands in networks that the administrator
    does not belong to as well, and is not undone, so half the number would mislead whoever decides. Only numbers, and
    only for those who govern the vocabulary: no name, no title, nothing of which network."""
    networks = theme.network_themes.count()
    followers = MemberTheme.objects.filter(theme=theme).count()
    return [
        *(Number(use.count(theme), use.one, use.many) for use in theme_uses()),
        Number(networks, "network that chose it", "networks that chose it"),
        Number(followers, "member who follows it", "members who follow it"),
    ]


@require_http_methods(["GET", "HEAD", "POST"])
def merge(request: MemberRequest, pk: int) -> HttpResponse:
    """Asks into which theme, shows what that moves, and does it: choosing is a GET, doing a POST."""
    known = _known_to_administrator(request)
    old = get_object_or_404(known, pk=pk)
    others = known.public().exclude(pk=old.pk)
    asked: Any = request.POST if request.method == "POST" else request.GET
    form = ThemeChoiceForm(others, asked if "theme" in asked else None, label="Merge it into")
    new: Theme | None = form.cleaned_data["theme"] if form.is_valid() else None
    if new is not None and not (verdict := permissions.can_merge_themes(request.user, old, new)):
        form.add_error("theme", verdict.reason)
        new = None
    if new is not None and request.method == "POST":
        try:
            verbs.merge_themes(old, new, by=request.user)
            messages.success(request, f"{old} is merged into {new}.")
        except Refused as refused:
            messages.error(request, str(refused))
        return redirect("administration_themes")
    context = {"theme": old, "form": form, "into": new, "moves": _what_moves(old) if new else []}
    return render(request, "network/themes/merge.html", context)


# A network's choice


def _not_chosen(request: HttpRequest, network: Network) -> QuerySet[Theme]:
    """What a network could add: the vocabulary, and what is its own."""
    known = Theme.objects.visible_to(request.user).filter(Q(private_to=None) | Q(private_to=network))
    return known.exclude(network_themes__network=network)


@second_factor_required
@require_safe
def network_themes(request: HttpRequest, slug: str) -> HttpResponse:
    network = facilitated(request, slug)
    return _choice_page(request, network, ThemeChoiceForm(_not_chosen(request, network)))


def _choice_page(request: HttpRequest, network: Network, form: ThemeChoiceForm) -> HttpResponse:
    chosen = list(Theme.objects.visible_to(request.user).of_network(network))
    return render(request, "network/themes/choice.html", {"network": network, "chosen": chosen, "form": form})


@second_factor_required
@require_POST
def pick(request: MemberRequest, slug: str) -> HttpResponse:
    network = facilitated(request, slug)
    form = ThemeChoiceForm(_not_chosen(request, network), request.POST)
    if not form.is_valid():
        return _choice_page(request, network, form)
    theme = form.cleaned_data["theme"]
    verbs.pick_themes(network, [theme], by=request.user)
    messages.success(request, f"Members can now start threads under {theme}.")
    return redirect("network_themes", slug)


def _chosen(request: HttpRequest, network: Network, slug: str) -> Theme:
    return get_object_or_404(Theme.objects.visible_to(request.user).of_network(network), slug=slug)


@second_factor_required
@require_POST
def move(request: MemberRequest, slug: str, theme: str) -> HttpResponse:
    """One place up, or down where the button said so; the page comes back at the theme."""
    network = facilitated(request, slug)
    verbs.move_theme(network, _chosen(request, network, theme), up=request.POST.get("to") != "down", by=request.user)
    return redirect(f"{reverse('network_themes', args=[slug])}#theme-{theme}")


@second_factor_required
@require_POST
def take_away(request: MemberRequest, slug: str, theme: str) -> HttpResponse:
    network = facilitated(request, slug)
    chosen = _chosen(request, network, theme)
    try:
        verbs.take_away_theme(network, chosen, by=request.user)
        messages.success(request, f"{chosen} is no longer offered. Threads under it stay where they are.")
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("network_themes", slug)


# Following


def _theme_to_follow(request: HttpRequest, slug: str) -> Theme:
    return get_object_or_404(Theme.objects.visible_to(request.user).called(slug))


@require_POST
def follow(request: HttpRequest, slug: str) -> HttpResponse:
    theme = _theme_to_follow(request, slug)
    if not request.user.is_authenticated:
        return redirect_to_login(theme.get_absolute_url())
    verbs.follow_theme(theme, by=request.user)
    messages.success(request, f"You follow {theme}.")
    return redirect(theme)


@require_POST
def unfollow(request: HttpRequest, slug: str) -> HttpResponse:
    theme = _theme_to_follow(request, slug)
    if not request.user.is_authenticated:
        return redirect_to_login(theme.get_absolute_url())
    verbs.unfollow_theme(theme, by=request.user)
    messages.success(request, f"You no longer follow {theme}.")
    return redirect(theme)
