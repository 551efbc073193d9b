from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from forums.actions.drafts import delete_draft
from forums.forms import ReplyForm, ThreadForm
from forums.forms.editing import EditPracticeForm
from forums.models import Draft, HeldPost, Post, Thread
from forums.views import member_or_404, network_of, post_or_404
from forums.views.composing import draft_saved
from forums.views.held_posts import with_files

SHOWN = 100


@login_required
@require_safe
def drafts(request: HttpRequest) -> HttpResponse:
    """What the member typed and has not sent, the last first; and above it what waits for a facilitator."""
    member = member_or_404(request)
    own = Draft.objects.visible_to(member).select_related("network", "thread", "post").order_by("-saved_at")
    held = HeldPost.objects.visible_to(member).filter(author=member).waiting().with_author().order_by("-written_at")
    context = {"drafts": own[:SHOWN], "waiting": with_files(held[:SHOWN], member)}
    return render(request, "forums/drafts.html", context)


@require_POST
def draft_delete(request: HttpRequest, pk: int) -> HttpResponse:
    member = member_or_404(request)
    own = Draft.objects.visible_to(member).select_related("network", "thread", "post")
    draft = get_object_or_404(own, pk=pk)
    delete_draft(draft, by=member)
    messages.success(request, "The draft is deleted.")
    return redirect(draft.address if request.POST.get("back") == "form" else "drafts")


@require_POST
def thread_draft(request: HttpRequest, slug: str) -> HttpResponse:
    member = member_or_404(request)
    return draft_saved(request, network_of(member, slug), by=member, form=ThreadForm)


@require_POST
def reply_draft(request: HttpRequest, pk: int) -> HttpResponse:
    member = member_or_404(request)
    thread = get_object_or_404(Thread.objects.visible_to(member).select_related("network"), pk=pk)
    return draft_saved(request, thread, by=member, form=ReplyForm)


@require_POST
def post_draft(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    member = member_or_404(request)
    posts = Post.objects.visible_to(member).select_related("thread__network")
    post = post_or_404(posts, pk, number)
    return draft_saved(request, post, by=member, form=EditPracticeForm)
