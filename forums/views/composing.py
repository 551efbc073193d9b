"""What the places share in which somebody writes at length: what they typed is never lost."""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from typing import Any, Concatenate, ParamSpec
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from forums import limits
from forums.actions import mentions
from forums.actions.drafts import TYPED, NewerDraft, NotKept, keep_sent, read_mark, save_draft, writer_of
from forums.actions.first_posts import Held
from forums.forms.post import Composed
from forums.models import Draft, Post, Thread
from network.limits import LimitReached
from network.models import Member, Network
from network.permissions import Refused, Verdict
from network.templatetags.components import clock

Rest = ParamSpec("Rest")
View = Callable[Concatenate[HttpRequest, Rest], HttpResponse]


def typed_is_kept(keep: View[Rest]) -> Callable[[View[Rest]], View[Rest]]:
    """For a view that takes what somebody composed. Where their session is over, or the form's token is another than
    the browser's (`network.views.errors.csrf_failure`), `keep` is asked in its place. It trusts nothing but the mark in
    the form, and does nothing but keep the words for whose mark it is."""

    def decorate(view: View[Rest]) -> View[Rest]:
        def guarded(request: HttpRequest, /, *args: Rest.args, **kwargs: Rest.kwargs) -> HttpResponse:
            if request.method == "POST" and not request.user.is_authenticated:
                return keep(request, *args, **kwargs)
            return view(request, *args, **kwargs)

        guarded.without_token = keep  # type: ignore[attr-defined]
        return update_wrapper(guarded, view)

    return decorate


def keep_typed(
    request: HttpRequest,
    there: str,
    *,
    find: Callable[[Member], Network | Thread | Post],
    form: type[Composed],
    address: str,
) -> HttpResponse:
    """Makes a draft of what was sent by the form `there` (`forums.actions.drafts.where`) and leads back to `address`,
    by way of signing in where that is needed. The address says nothing that whoever holds the form does not know.
    `find` gives the place as its writer finds it, or raises Http404. A form that we did not make for them and for this
    place is 404; what cannot be kept is given back to be copied."""
    mark = read_mark(request.POST.get("writer", ""), there)
    if mark is None or (request.user.is_authenticated and request.user.pk != mark.writer):
        raise Http404("This form was made for nobody that we know.")
    writer = request.user if request.user.is_authenticated else writer_of(mark)
    if writer is None:
        return _given_back(request, form, "You are signed out.")
    typed = form.typed_in(request.POST)
    try:
        keep_sent(find(writer), by=writer, fields=typed, known=request.POST.get("draft_at", ""))
    except LimitReached as no:
        response = _given_back(request, form, str(no), status=429)
        response["Retry-After"] = str(no.retry_after)
        return response
    except NotKept as no:
        return _given_back(request, form, str(no))
    except (Refused, Http404):
        return _given_back(request, form, "You are signed out, or you can no longer write there.")
    if request.user.is_authenticated:
        messages.warning(request, "This is not sent yet: you signed in or out since you began. Look at it and send it.")
        return redirect(address)
    query = urlencode({REDIRECT_FIELD_NAME: address, "session": "kept"})
    return redirect(f"{reverse(settings.LOGIN_URL)}?{query}")


def _given_back(request: HttpRequest, form: type[Composed], reason: str, *, status: int = 409) -> HttpResponse:
    """Nothing but what was sent just now, and nothing of the place that it was sent to: nobody may be signed in."""
    typed = form.typed_in(request.POST)
    given = [
        (name, form.base_fields[name].label or name.capitalize(), typed[name]) for name in TYPED if typed.get(name)
    ]
    response = render(request, "forums/given_back.html", {"given": given, "reason": reason}, status=status)
    response["Cache-Control"] = "private, no-store"
    return response


def unsent(request: HttpRequest, place: Thread | Post, verdict: Verdict) -> HttpResponse | None:
    """The way to what somebody typed for a place that they can no longer write in, and that is kept; None where nothing
    is. Says why it cannot be sent."""
    post = place if isinstance(place, Post) else None
    thread = post.thread_id if post else place.pk
    if verdict or not Draft.objects.visible_to(request.user).filter(thread=thread, post=post).exists():
        return None
    messages.warning(request, f"{verdict.reason} What you wrote is kept here.")
    return redirect("drafts")


def waiting_for_facilitator(request: HttpRequest, waits: Held) -> HttpResponse:
    """The way to what was sent and is no post yet."""
    messages.success(request, str(waits))
    return redirect(f"{reverse('drafts')}#held-{waits.post.pk}")


def draft_saved(
    request: HttpRequest, place: Network | Thread | Post, *, by: Member, form: type[Composed]
) -> JsonResponse:
    """For a script: `said` in words, and `draft_at`, the key of the draft that the form knows of from now on. A newer
    one from elsewhere is 409, with its key as `newer`."""
    try:
        draft = save_draft(place, by=by, fields=form.typed_in(request.POST), known=request.POST.get("draft_at", ""))
    except NewerDraft as no:
        return JsonResponse({"said": str(no), "newer": no.draft.key}, status=409)
    except Refused as no:
        return JsonResponse({"said": str(no)}, status=403)
    except LimitReached as no:
        headers = {"Retry-After": str(no.retry_after)}
        return JsonResponse({"said": str(no)}, status=429, headers=headers)
    except NotKept as no:
        return JsonResponse({"said": str(no)}, status=413)
    if draft is None:
        return JsonResponse({"said": "", "draft_at": ""})
    saved_at = timezone.localtime(draft.saved_at)
    return JsonResponse({"said": f"Draft saved at {clock(saved_at.replace(second=0))}", "draft_at": draft.key})


def saved_as_draft(place: Network | Thread | Post, *, by: Member, form: Composed) -> bool:
    """For the button. What stands in its way is said in the form, which loses nothing."""
    form.judge_only()
    try:
        save_draft(place, by=by, fields=form.typed_in(form.data), known=str(form.draft_at))
    except NewerDraft as no:
        form.draft_at = no.draft.key
        form.newer = no.draft
        form.add_error(None, f"{no} Save the draft once more and this takes its place.")
    except (Refused, LimitReached, NotKept) as no:
        form.add_error(None, str(no))
    else:
        return True
    return False


def previewed(form: Composed, network: Network, *, by: Member, before: str = "") -> dict[str, Any]:
    """What a page with a preview shows of it. Nothing but the text itself has to be right for that, with the people
    whom it names; what stands beside it is shown as far as it is filled in. `before` is what it takes the place of."""
    if not form.judge_only("source"):
        return {}
    try:
        limits.PREVIEWING.spend(by)
        written = mentions.write(form.cleaned_data["source"], network, by=by, before=before)
        return {"preview": written.html, "preview_told": form.told}
    except mentions.NotMentioned as no:
        form.add_error(no.field, str(no))
    except LimitReached as no:
        form.add_error(None, str(no))
    return {}
