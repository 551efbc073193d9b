from __future__ import annotations

from contextlib import suppress
from typing import Any

from django.contrib import messages
from django.db.models import Exists, OuterRef
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from forums import notifications, permissions
from forums.actions.announcements import NotMailed
from forums.actions.drafts import NotKept, keep_sent
from forums.actions.first_posts import Held
from forums.actions.posts import reply as reply_to
from forums.actions.reading import first_unread, read_thread
from forums.actions.threads import start_thread
from forums.forms import ReplyForm, ThreadForm
from forums.models import Announcement, Draft, FormerPlace, Post, Thread, ThreadNote, ThreadTag
from forums.models.thread import ThreadQuerySet, ThreadTagQuerySet
from forums.views import field_of, member_or_404, network_of
from forums.views.attachments import Attaching
from forums.views.composing import keep_typed, previewed, saved_as_draft, typed_is_kept, unsent, waiting_for_facilitator
from forums.views.notes import notes_on_page
from forums.views.posts import place_of, posts_on_page
from network.limits import LimitReached
from network.models import Member, Network, Theme
from network.models.prepared import prepared
from network.models.standing import standing_of
from network.permissions import Refused
from network.views import ask_for_second_factor


def _keep_thread(request: HttpRequest, slug: str) -> HttpResponse:
    return keep_typed(
        request,
        f"network {slug}",
        find=lambda writer: network_of(writer, slug),
        form=ThreadForm,
        address=reverse("thread_new", args=[slug]),
    )


@typed_is_kept(_keep_thread)
@require_http_methods(["GET", "HEAD", "POST"])
def thread_new(request: HttpRequest, slug: str) -> HttpResponse:
    """The form of a new thread, shaped by its kind (`?kind=`). A preview, another kind and a draft bring it back as it
    was typed."""
    member = member_or_404(request)
    network = network_of(member, slug)
    if request.method != "POST":
        permissions.can_start_thread(member, network).enforce()
        draft = Draft.objects.visible_to(member).filter(network=network, thread=None).first()
        usual = {"theme": _theme_asked(request, member, network)}
        form = ThreadForm(network, member, draft=draft, initial=usual, kind=request.GET.get("kind", ""))
        return _thread_form(request, network, form, Attaching(request, network, form))
    form = ThreadForm(network, member, request.POST)
    files = Attaching(request, network, form)
    shown: dict[str, Any] = {}
    match request.POST.get("do", ""):
        case "preview":
            shown = {"typed_title": request.POST.get("title", ""), **previewed(form, network, by=member)}
        case "draft":
            if saved_as_draft(network, by=member, form=form):
                return redirect("thread_new", slug=slug)
        case do if do == "kind" or files.is_step:
            form.judge_only()
        case do if all([form.is_valid(), files.is_valid()]):
            try:
                if concerns := form.asks_first(goes_on=do == "anyway"):
                    return _thread_form(request, network, form, files, concerns=concerns)
                if asked := _ask_to_announce(request, network, form):
                    return asked
                if shown := _ask_to_mail(request, network, form):
                    return _thread_form(request, network, form, files, **shown)
                return _begun(request, start_thread(network, by=member, **form.thread))
            except Held as waits:
                return waiting_for_facilitator(request, waits)
            except (LimitReached, Refused, NotKept) as no:
                form.add_error(field_of(no), str(no))
    return _thread_form(request, network, form, files, **shown)


def _thread_form(
    request: HttpRequest, network: Network, form: ThreadForm, files: Attaching, **shown: Any
) -> HttpResponse:
    first = permissions.can_post_at_once(member_or_404(request), network)
    context = {"network": network, "form": form, "files": files.form, "can_post_at_once": first, **shown}
    return render(request, "forums/thread_new.html", context)


def _ask_to_announce(request: HttpRequest, network: Network, form: ThreadForm) -> HttpResponse | None:
    """Announcing is an act of a facilitator, the rest of the page is everybody's: only it is asked a second factor for.
    What was typed is a draft meanwhile, which fills the form when they come back. None where there is nothing to ask.
    Raises Refused, LimitReached, NotKept."""
    if form.cleaned_data["kind"] != Thread.Kind.ANNOUNCEMENT:
        return None
    asked = ask_for_second_factor(request, then=request.path)
    if asked:
        typed = form.typed_in(request.POST)
        keep_sent(network, by=member_or_404(request), fields=typed, known=str(form.draft_at))
        messages.info(request, "What you wrote is kept, and not sent yet. You come back to it after this step.")
    return asked


def _ask_to_mail(request: HttpRequest, network: Network, form: ThreadForm) -> dict[str, Any]:
    """Before an announcement is mailed, its writer sees how it will look and to how many people it goes, beside the
    form as they typed it; and again, where that is another number by the time they agree. Empty where nothing is to be
    asked. Raises Refused."""
    told = form.thread
    if not told["by_mail"]:
        return {}
    member = member_or_404(request)
    if not (verdict := permissions.can_mail_announcement(member, network)):
        raise NotMailed(verdict.reason)
    planned = Thread(network=network, theme=told["theme"], author=member)
    counted = notifications.audience_of(planned).counted()
    agreed = request.POST.get("agreed", "") if request.POST.get("do") == "announce" else ""
    if agreed == counted.key:
        return {}
    asked = Announcement(thread=planned, asked_by=member)
    return {
        "announcing": counted,
        "is_other_number": bool(agreed),
        "has_confirmer": not counted.is_for_two or notifications.confirmers_of(asked).exists(),
        **previewed(form, network, by=member),
    }


def _begun(request: HttpRequest, begun: Thread) -> HttpResponse:
    """The new thread; or, of an announcement by mail, what becomes of that."""
    announcement = Announcement.objects.visible_to(request.user).filter(thread=begun).first()
    if announcement is None:
        return redirect(begun)
    messages.success(request, f"“{begun.title}” is posted.")
    return redirect(announcement)


@require_safe
def thread(request: HttpRequest, pk: int, slug: str = "") -> HttpResponse:
    """One page of a thread, twenty posts by their numbers. Looking at it marks them as read. Asked for no page, it goes
    to the first post that the reader has not read."""
    member = member_or_404(request)
    found = _thread_of_reader(member, pk, page=_page_asked(request))
    if found.merged_into_id and not found.visible_count:
        return redirect(_where_it_went(found, member, request.GET.get("page", "")))
    unread = first_unread(found, member) if "page" not in request.GET else None
    if unread and unread > 1:
        return redirect(f"{found.get_absolute_url()}?page={Post.page_of(unread)}#post-{unread}")
    if slug != found.shown_slug:
        # A page or an answer begun that somebody kept the address of is still meant.
        query = f"?{request.GET.urlencode()}" if request.GET else ""
        return redirect(found.get_absolute_url() + query)
    return _thread_page(request, found, _page_number(request, found), _reply_form(request, found))


def _where_it_went(found: Thread, member: Member, page: str) -> str:
    """The address of where the posts of a merged thread are now: the first of the page that was asked for. Raises
    Http404 for whoever may not read it there."""
    start = (int(page) - 1) * Post.PER_PAGE if page.isdecimal() and len(page) < 10 else 0
    places = FormerPlace.objects.filter(thread=found, post__in=Post.objects.in_place(member)).order_by("number")
    there = places.select_related("post__thread")
    place = there.filter(number__gt=start).first() or there.first()
    if place is not None:
        return place_of(place.post)
    return get_object_or_404(Thread.objects.in_place(member), pk=found.merged_into_id).get_absolute_url()


def _keep_reply(request: HttpRequest, pk: int) -> HttpResponse:
    return keep_typed(
        request,
        f"thread {pk}",
        find=lambda writer: _thread_in_place(writer, pk),
        form=ReplyForm,
        address=reverse("reply", args=[pk]),
    )


@typed_is_kept(_keep_reply)
@require_http_methods(["GET", "HEAD", "POST"])
def reply(request: HttpRequest, pk: int) -> HttpResponse:
    """Adds a post. A preview and a draft bring the form back as it was typed. Asked for, it leads to the form."""
    member = member_or_404(request)
    found = _thread_in_place(member, pk)
    if request.method != "POST":
        to_form = f"{found.get_absolute_url()}?page={_last_page(found)}#composer"
        return unsent(request, found, permissions.can_reply(member, found)) or redirect(to_form)
    form = ReplyForm(found, member, request.POST)
    files = Attaching(request, found.network, form)
    shown: dict[str, Any] = {}
    match request.POST.get("do", ""):
        case "preview":
            shown = previewed(form, found.network, by=member)
        case "draft":
            if saved_as_draft(found, by=member, form=form):
                return redirect(f"{found.get_absolute_url()}?page={_last_page(found)}#composer")
        case "unlink":
            form.judge_only()
            form.answered = None
        case _ if files.is_step:
            form.judge_only()
        case do if all([form.is_valid(), files.is_valid()]):
            try:
                if concerns := form.asks_first(goes_on=do == "anyway"):
                    shown = {"concerns": concerns}
                else:
                    return redirect(reply_to(found, by=member, **form.cleaned_data))
            except Held as waits:
                return waiting_for_facilitator(request, waits)
            except (LimitReached, Refused) as no:
                # It may have been locked while they wrote; the words they typed stay in the form.
                form.add_error(field_of(no), str(no))
    found = _thread_of_reader(member, pk)  # with what a page shows of it
    return _thread_page(request, found, _last_page(found), form, files, **shown)


def _reply_form(request: HttpRequest, found: Thread) -> ReplyForm:
    """With what they typed before, and the post that the address asks to answer."""
    member = member_or_404(request)
    draft = None
    if found.has_draft:  # type: ignore[attr-defined]  # annotated
        draft = Draft.objects.visible_to(member).filter(thread=found, post=None).first()
    return ReplyForm(found, member, draft=draft, answers=request.GET.get("reply_to", ""))


def _thread_in_place(member: Member, pk: int) -> Thread:
    return get_object_or_404(Thread.objects.in_place(member).select_related("network"), pk=pk)


def _thread_of_reader(member: Member, pk: int, *, page: int = 0) -> Thread:
    """With `last_read_number`; `has_draft`, whether the reader has begun a reply; and `has_news`, whether they were
    told of something that stands on this page. Whoever may not read it learns nothing but 404."""
    up_to = page * Post.PER_PAGE
    found = next(iter(_with_all_of_its_page(member, pk, up_to - Post.PER_PAGE, up_to)), None)
    # The page has their networks anyway; one join less is a third of what PostgreSQL plans for this query.
    network = next((one for one in standing_of(member).networks if found and one.pk == found.network_id), None)
    if found is None or network is None:
        raise Http404("There is no such thread for them.")
    found.network = network
    return found


@prepared
def _with_all_of_its_page(reader: Member, pk: int, after: int, up_to: int) -> ThreadQuerySet:
    drafts = Draft.objects.filter(member=reader, thread=OuterRef("pk"), post=None)
    notes = ThreadNote.objects.visible_to(reader).filter(thread=OuterRef("pk"))
    threads = Thread.objects.in_place(reader).read_by(reader).levelled_for(reader)
    threads = threads.annotate(
        has_draft=Exists(drafts),
        has_notes=Exists(notes),
        has_news=Exists(notifications.news_on_page(pk, after, up_to, by=reader)),
    )
    joined = threads.select_related("theme", "author", "practice", "answer__post")
    return joined.defer("answer__post__source", "answer__post__html").filter(pk=pk)


@prepared
def _tags(reader: Member, thread: int) -> ThreadTagQuerySet:
    return ThreadTag.objects.visible_to(reader).filter(content_object=thread).select_related("tag").order_by("tag")


def _thread_page(
    request: HttpRequest, found: Thread, number: int, form: ReplyForm, files: Attaching | None = None, **shown: Any
) -> HttpResponse:
    member = member_or_404(request)
    posts = posts_on_page(found, number, member, with_controls=not form.is_bound)
    last_read_number: int = found.last_read_number  # type: ignore[attr-defined]  # annotated by `read_by`
    is_looked_at = request.method == "GET" and "prefetch" not in request.headers.get("Sec-Purpose", "")
    last = posts[-1].in_words.number if posts else 0
    if is_looked_at and posts and (last > last_read_number or found.has_news):  # type: ignore[attr-defined]  # annotated
        with suppress(LimitReached):  # not being able to count what was read must not stop the reading
            read_thread(found, by=member, up_to=last)
    can_reply = permissions.can_reply(member, found)
    context: dict[str, Any] = {
        "thread": found,
        "network": found.network,
        "tags": [one.tag for one in _tags(member, found.pk)],
        "posts": posts,
        "notes": notes_on_page(found, number, member, [shown.in_words.number for shown in posts])
        if found.has_notes  # type: ignore[attr-defined]  # annotated
        else [],
        "merged_into": _merged_into(found, member),
        "form": form,
        "files": (files or Attaching(request, found.network, form)).form,
        "page_number": number,
        "page_count": _last_page(found),
        "announcement": _announcement_of(found, member),
        "can_reply": can_reply,
        "can_post_at_once": permissions.can_post_at_once(member, found.network),
        "reply_from": f"{found.get_absolute_url()}?page={number}" if can_reply else "",
        **shown,
    }
    return render(request, "forums/thread.html", context)


def _merged_into(found: Thread, member: Member) -> Thread | None:
    """Where somebody goes on whose reply came a moment too late."""
    if not found.merged_into_id or found.visible_count:
        return None
    return Thread.objects.visible_to(member).filter(pk=found.merged_into_id).first()


def _announcement_of(found: Thread, member: Member) -> Announcement | None:
    """What became of its mail, for whoever looks after that. No query where it is no announcement."""
    if found.kind != Thread.Kind.ANNOUNCEMENT:
        return None
    return Announcement.objects.visible_to(member).filter(thread=found).first()


def _page_number(request: HttpRequest, found: Thread) -> int:
    number = _page_asked(request)
    if not 1 <= number <= _last_page(found):
        raise Http404("The thread has no such page.")
    return number


def _page_asked(request: HttpRequest) -> int:
    """0 for what is the number of no page."""
    typed = request.GET.get("page", "1")
    return int(typed) if typed.isdecimal() and len(typed) <= 9 else 0


def _last_page(found: Thread) -> int:
    return Post.page_of(found.highest_number)


def _theme_asked(request: HttpRequest, member: Member, network: Network) -> Theme | None:
    return Theme.objects.visible_to(member).of_network(network).filter(slug=request.GET.get("theme", "")).first()
