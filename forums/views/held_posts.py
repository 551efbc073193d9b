"""Posts that wait for the facilitators of a network: they see them first, and decide; and what their authors see of
them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from forums import markup, permissions
from forums.actions.held_posts import draft_of, refuse_post, release_post, withdraw_post
from forums.forms.editing import NotPostForm
from forums.models import Attachment, HeldPost
from forums.views import member_or_404, network_of
from network.limits import LimitReached
from network.models import Member, Network
from network.permissions import Refused
from network.views import second_factor_required

SHOWN = 50  # of those that wait, and of those decided lately


@dataclass(frozen=True, slots=True)
class ShownHeld:
    """What waits, as it would stand in its thread; whom it mentions is looked up when it is posted."""

    held: HeldPost
    html: str
    files: list[Attachment]


def with_files(held: Iterable[HeldPost], reader: Member) -> list[ShownHeld]:
    """As many queries for fifty as for one."""
    held = list(held)
    files: dict[object, list[Attachment]] = defaultdict(list)
    for attached in Attachment.objects.visible_to(reader).filter(post=None, form_id__in=[one.form_id for one in held]):
        files[attached.member_id, attached.form_id].append(attached)
    return [ShownHeld(one, markup.render(one.source), files[one.author_id, one.form_id]) for one in held]


@second_factor_required
@require_safe
def held_posts(request: HttpRequest, slug: str) -> HttpResponse:
    """Those that wait, oldest first, and what was decided lately."""
    member = member_or_404(request)
    network = _decided_by(member, slug)
    held = HeldPost.objects.visible_to(member).filter(network=network).with_author()
    decided = held.filter(decision__in=(HeldPost.Decision.RELEASED, HeldPost.Decision.REFUSED))
    context = {
        "network": network,
        "posts": with_files(held.waiting().order_by("written_at", "pk")[:SHOWN], member),
        "decided": decided.order_by("-decided_at", "-pk")[:SHOWN],
    }
    return render(request, "forums/held_posts.html", context)


@second_factor_required
@require_POST
def release(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    member = member_or_404(request)
    found = _held(member, _decided_by(member, slug), pk)
    try:
        post = release_post(found, by=member)
    except (LimitReached, Refused) as no:
        messages.error(request, str(no))
        return redirect(found)
    messages.success(request, f"The post by {found.author} is posted, in “{post.thread.shown_title}”.")
    return redirect("held_posts", slug)


@second_factor_required
@require_http_methods(["GET", "HEAD", "POST"])
def refuse(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """A facilitator says why, and it is not posted."""
    member = member_or_404(request)
    network = _decided_by(member, slug)
    found = _held(member, network, pk)
    form = NotPostForm(request.POST if request.method == "POST" else None)
    if verdict := permissions.can_decide_held_post(member, found):
        if form.is_valid():
            try:
                refuse_post(found, by=member, reason=form.cleaned_data["words"])
            except (LimitReached, Refused) as no:
                form.add_error(None, str(no))
            else:
                messages.success(request, "It is not posted. Its author is told why, and has it back as a draft.")
                return redirect("held_posts", slug)
    else:
        messages.error(request, verdict.reason)
        return redirect("held_posts", slug)
    context = {"network": network, "shown": with_files([found], member)[0], "form": form}
    return render(request, "forums/held_post_refuse.html", context)


@require_POST
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Leads to the draft that it has become."""
    member = member_or_404(request)
    own = HeldPost.objects.visible_to(member).filter(author=member).with_author()
    try:
        held = withdraw_post(get_object_or_404(own, pk=pk), by=member)
    except (LimitReached, Refused) as no:
        messages.error(request, str(no))
        return redirect("drafts")
    messages.success(request, "You have taken it back. It is a draft now, and you can change it and send it again.")
    draft = draft_of(held, by=member)
    return redirect(draft.address if draft else "drafts")


def _decided_by(member: Member, slug: str) -> Network:
    """The network of a page for its facilitators. For everybody else there is no such page."""
    network = network_of(member, slug)
    if not permissions.can_decide_held_posts(member, network):
        raise Http404
    return network


def _held(member: Member, network: Network, pk: int) -> HeldPost:
    return get_object_or_404(HeldPost.objects.visible_to(member).filter(network=network).with_author(), pk=pk)
