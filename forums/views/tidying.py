"""What facilitators do to threads: lock, pin, merge, several posts at once; what was done, and undoing it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from forums import markup, permissions
from forums.actions.hiding import hide_posts
from forums.actions.merging import gather_posts, merge_threads, split_thread
from forums.actions.pinning import MOST, pin_thread, unpin_thread
from forums.actions.threads import lock_thread, unlock_thread
from forums.actions.undoing import undo_act
from forums.forms.tidying import IntoForm, PinForm, TidyForm
from forums.models import ModerationAct, Post, Thread, ThreadNote
from forums.views import field_of, member_or_404
from forums.views.posts import place_of
from network.limits import LimitReached
from network.models import Member
from network.permissions import Refused, Verdict
from network.views import second_factor_required

ACTS_SHOWN = 200
# What was done to another thread, as this one has it.
SEEN_FROM_THE_OTHER = {
    ModerationAct.Kind.MERGE.value: "Merged another thread into this one",
    ModerationAct.Kind.SPLIT.value: "Made this thread of posts of another",
    ModerationAct.Kind.GATHER.value: "Moved posts here from another thread",
}
EXCERPT = 240  # characters of a post


@second_factor_required
@require_POST
def thread_lock(request: HttpRequest, pk: int) -> HttpResponse:
    """`do`: lock or unlock."""
    member = member_or_404(request)
    thread = _thread_of(member, pk)
    if request.POST.get("do") == "unlock":
        unlock_thread(thread, by=member)
        messages.success(request, "The thread is unlocked. Members can reply again.")
    else:
        lock_thread(thread, by=member)
        messages.success(request, "The thread is locked. Nobody can reply until it is unlocked.")
    return redirect(thread)


@second_factor_required
@require_http_methods(["GET", "HEAD", "POST"])
def thread_pin(request: HttpRequest, pk: int) -> HttpResponse:
    """Until when it stands above the others in its network."""
    member = member_or_404(request)
    thread = _thread_of(member, pk)
    permissions.can_pin_thread(member, thread).enforce()
    form = PinForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            pin_thread(thread, until=form.day, by=member)
        except (LimitReached, Refused) as no:
            form.add_error(None, str(no))
        else:
            messages.success(request, f"The thread is pinned until {form.day:%-d %B %Y}.")
            return redirect(thread)
    return render(request, "forums/thread_pin.html", _context(thread) | {"form": form, "most": MOST})


@second_factor_required
@require_POST
def thread_unpin(request: HttpRequest, pk: int) -> HttpResponse:
    member = member_or_404(request)
    thread = _thread_of(member, pk)
    unpin_thread(thread, by=member)
    messages.success(request, "The thread is not pinned any more.")
    return redirect(thread)


@second_factor_required
@require_http_methods(["GET", "HEAD", "POST"])
def thread_merge(request: HttpRequest, pk: int) -> HttpResponse:
    """Asks for the other thread, shows what will happen, and merges."""
    member = member_or_404(request)
    thread = _thread_of(member, pk)
    permissions.can_tidy(member, thread).enforce()
    asked = request.POST if request.method == "POST" else request.GET
    form = IntoForm(thread, member, asked if "into" in asked or request.method == "POST" else None)
    into = form.cleaned_data["into"] if form.is_valid() else None
    if into is not None:
        try:
            permissions.can_merge(member, thread, into).enforce()
            if request.method == "POST":
                merged = merge_threads(thread, into, by=member)
                messages.success(request, f"“{thread.title}” is part of this thread now.")
                return redirect(merged)
        except (LimitReached, Refused) as no:
            form.add_error("into", str(no))
            into = None
    context = _context(thread) | {
        "form": form,
        "into": into,
        "can_be_merged": permissions.can_be_merged(member, thread),
    }
    return render(request, "forums/thread_merge.html", context)


@dataclass(frozen=True, slots=True)
class Row:
    """A post to select."""

    post: Post
    words: str
    is_ticked: bool


@second_factor_required
@require_http_methods(["GET", "HEAD", "POST"])
def thread_tidy(request: HttpRequest, pk: int) -> HttpResponse:
    """The posts of a page, to hide or move some of them at once. `page` as in the thread."""
    member = member_or_404(request)
    thread = _thread_of(member, pk)
    permissions.can_tidy(member, thread).enforce()
    number = _page_number(request, thread)
    found = Post.objects.in_place(member).filter(thread=thread, deleted_at=None).on_page(number)
    posts = list(found.select_related("author", "organisation"))
    form = TidyForm(thread, member, posts, request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            return redirect(_tidied(request, thread, posts, form))
        except (LimitReached, Refused) as no:
            form.add_error(field_of(no), str(no))
    context = _context(thread) | {
        "form": form,
        "rows": [Row(post, _excerpt(post), str(post.number) in form.ticked) for post in posts],
        "page_number": number,
        "page_count": Post.page_of(thread.highest_number),
    }
    return render(request, "forums/thread_tidy.html", context)


def _tidied(request: HttpRequest, thread: Thread, posts: list[Post], form: TidyForm) -> str:
    """Does what the form says; the address where what came of it can be seen. Raises Refused, LimitReached."""
    member, said = member_or_404(request), form.cleaned_data
    first = next(post for post in posts if post.number in said["chosen"])
    count = len(said["chosen"])
    counted = "One post is" if count == 1 else f"{count} posts are"
    match said["do"]:
        case form.SPLIT:
            split_thread(thread, said["chosen"], by=member, title=said["title"], theme=said["theme"])
            messages.success(request, f"{counted} now a thread of {'its' if count == 1 else 'their'} own.")
        case form.GATHER:
            gather_posts(thread, said["chosen"], said["thread"], by=member)
            messages.success(request, f"{counted} in this thread now.")
        case _:
            hidden = hide_posts(thread, said["chosen"], by=member, reason=said["reason"])
            counted = "One post is" if hidden == 1 else f"{hidden} posts are"
            messages.success(request, f"{counted} hidden. Authors are told why.")
    return place_of(Post.objects.in_place(member).select_related("thread__network").get(pk=first.pk))


@dataclass(frozen=True, slots=True)
class Done:
    """Something that was done to a thread."""

    act: ModerationAct
    words: str
    # The thread that it was about, and the other one, seen from the thread whose page this is.
    others: list[Thread]
    can_undo: Verdict


@second_factor_required
@require_safe
def thread_history(request: HttpRequest, pk: int) -> HttpResponse:
    """What facilitators did to a thread, the last first."""
    member = member_or_404(request)
    thread = _thread_of(member, pk)
    permissions.can_tidy(member, thread).enforce()
    here = ThreadNote.objects.filter(thread=thread)
    acts = ModerationAct.objects.visible_to(member).filter(Q(thread=thread) | Q(pk__in=here.values("act")))
    shown = acts.select_related("network", "thread", "by", "undone_by").prefetch_related(
        "notes__other", "notes__thread"
    )
    done = [_done(act, thread, member) for act in shown.order_by("-at", "-pk")[:ACTS_SHOWN]]
    return render(request, "forums/thread_history.html", _context(thread) | {"done": done})


@second_factor_required
@require_POST
def act_undo(request: HttpRequest, pk: int, act: int) -> HttpResponse:
    member = member_or_404(request)
    thread = _thread_of(member, pk)
    permissions.can_tidy(member, thread).enforce()
    found = get_object_or_404(ModerationAct.objects.visible_to(member).select_related("network", "thread"), pk=act)
    if found.thread_id != thread.pk and not ThreadNote.objects.filter(act=found, thread=thread).exists():
        raise Http404("Nothing of the kind was done to this thread.")
    try:
        undone = undo_act(found, by=member)
    except Refused as no:
        messages.error(request, str(no))
    else:
        messages.success(request, f"Undone: {undone.get_kind_display().lower()}.")
    return redirect("thread_history", pk)


def _done(act: ModerationAct, thread: Thread, member: Member) -> Done:
    concerned = [act.thread]
    for note in act.notes.all():
        concerned += [note.thread, *([note.other] if note.other else [])]
    others = {other.pk: other for other in concerned if other.pk != thread.pk and other.network_id == thread.network_id}
    words = act.get_kind_display() if act.thread_id == thread.pk else SEEN_FROM_THE_OTHER.get(act.kind, "")
    return Done(act, words, list(others.values()), permissions.can_undo(member, act))


def _excerpt(post: Post) -> str:
    words = markup.plain(post.html)
    return words if len(words) <= EXCERPT else (words[:EXCERPT].rpartition(" ")[0] or words[:EXCERPT]) + " …"


def _page_number(request: HttpRequest, thread: Thread) -> int:
    typed = request.GET.get("page", "1")
    if not typed.isdecimal() or len(typed) > 9 or not 1 <= int(typed) <= Post.page_of(thread.highest_number):
        raise Http404("The thread has no such page.")
    return int(typed)


def _thread_of(member: Member, pk: int) -> Thread:
    return get_object_or_404(Thread.objects.in_place(member).select_related("network", "theme"), pk=pk)


def _context(thread: Thread) -> dict[str, Any]:
    return {"thread": thread, "network": thread.network}
