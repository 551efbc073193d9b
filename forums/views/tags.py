"""The tags on the threads of a network, for its facilitators."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from forums import permissions
from forums.actions.tags import merge_tags
from forums.forms import TagForm
from forums.models import ThreadTag
from forums.views import member_or_404, network_of
from network.models import Member, Network
from network.views import second_factor_required


def _facilitated(member: Member, slug: str) -> Network:
    """The network of a page for its facilitators. For everybody else there is no such page."""
    network = network_of(member, slug)
    if not permissions.can_merge_tags(member, network):
        raise Http404
    return network


@second_factor_required
@require_safe
def tags(request: HttpRequest, slug: str) -> HttpResponse:
    """Those on threads of the network, the most used first."""
    member = member_or_404(request)
    network = _facilitated(member, slug)
    used = ThreadTag.objects.visible_to(member).counted(network)
    return render(request, "forums/tags.html", {"network": network, "tags": used})


@second_factor_required
@require_http_methods(["GET", "HEAD", "POST"])
def tag(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Renames a tag in the network, or merges it into another that is there."""
    member = member_or_404(request)
    network = _facilitated(member, slug)
    used = ThreadTag.objects.visible_to(member).filter(content_object__network=network)
    carried = get_object_or_404(used.select_related("tag").filter(tag=pk)[:1])
    form = TagForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            count = merge_tags(network, carried.tag, form.cleaned_data["into"], by=member)
        except ValidationError as error:
            form.add_error("into", error)
        else:
            messages.success(request, f"{count} thread{'' if count == 1 else 's'} changed.")
            return redirect("network_tags", slug)
    context = {
        "network": network,
        "tag": carried.tag,
        "count": used.filter(tag=pk).count(),
        "form": form,
        "names": [row["name"] for row in used.counted(network) if row["pk"] != pk],
    }
    return render(request, "forums/tag.html", context)
