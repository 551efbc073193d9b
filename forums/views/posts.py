"""One post: where it stands, its earlier words, and what a member may do to it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db.models import Case, F, QuerySet, When, prefetch_related_objects
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from forums import permissions
from forums.actions import posts as verbs
from forums.actions.drafts import keep_sent
from forums.actions.reactions import react, take_back_reaction
from forums.forms.editing import EditForm, EditPracticeForm, HideForm
from forums.models import Attachment, Draft, Post, PostVersion, Practice, Reaction, Thread
from forums.models.moderation import acts_that_moved, done_to
from forums.models.post import PostQuerySet
from forums.views import case_of, field_of, member_or_404, post_or_404, say_at_post
from forums.views.composing import keep_typed, previewed, saved_as_draft, typed_is_kept, unsent
from network.actions.audit import WORDS
from network.limits import LimitReached
from network.models import AuditEvent, Member, Membership
from network.models.prepared import prepared
from network.models.profile import Person
from network.permissions import Refused, Verdict
from network.views import ask_for_second_factor, second_factor_required

# Of an author, what stands beside a post; of a post, what no page of its thread shows.
SEEN_OF_AUTHORS = ("name", "kind", "is_active")
UNSEEN = ("renderer_version", "submission", "hidden_reason")
GIVERS = 200  # as many names of those who reacted as one page shows


@dataclass(frozen=True, slots=True)
class May:
    """What somebody may do to a post, each with its reason where they may not."""

    edit: Verdict
    delete: Verdict
    hide: Verdict
    react: Verdict
    report: Verdict
    mark_answer: Verdict  # and take the mark off again
    # Of a hidden post: whether they still read its words.
    read_hidden: bool
    read_history: bool  # what was done to it


@dataclass(frozen=True, slots=True)
class Counted:
    """One kind of reaction to a post."""

    kind: str
    label: str
    count: int
    is_own: bool  # whoever looks has given it

    @property
    def act(self) -> str:
        """What pressing its button does."""
        return "take" if self.is_own else "give"

    @property
    def words(self) -> str:
        counted = f"{self.label}, {self.count}" if self.count else self.label
        return f"{counted}. You gave this" if self.is_own else counted


@dataclass(frozen=True, slots=True)
class Council:
    name: str


@dataclass(frozen=True, slots=True)
class Answered:
    number: int
    author_name: str
    author: Person | None


@dataclass(frozen=True, slots=True)
class FileInWords:
    """A file with a post, named as an Attachment is."""

    get_absolute_url: str
    picture_address: str
    small_address: str
    name: str
    alt: str
    kind: str
    size: int
    is_picture: bool
    is_clean: bool
    is_refused: bool
    # Of one that a facilitator hid nothing stands here but that it is so.
    is_hidden: bool
    report_address: str

    @classmethod
    def of(cls, attached: Attachment) -> FileInWords:
        if attached.hidden_at is not None:
            return cls("", "", "", "", "", "", 0, False, False, False, True, "")
        return cls(
            attached.get_absolute_url(),
            attached.picture_address,
            attached.small_address,
            attached.name,
            attached.alt,
            attached.kind,
            attached.size,
            attached.is_picture,
            attached.is_clean,
            attached.is_refused,
            False,
            reverse("attachment_report", args=[attached.pk]) if attached.is_clean else "",
        )


@dataclass(frozen=True, slots=True)
class PostInWords:
    """A post as everybody sees it who may read its thread: values alone, named as those of a Post, for a template that
    takes either. What hangs on words that are hidden or deleted is not among them, and neither are they."""

    number: int
    get_absolute_url: str
    author: Person | None
    author_name: str
    organisation: Council | None
    written_at: datetime
    deleted_at: datetime | None
    hidden_at: datetime | None
    hidden_by_id: int | None  # None: the site itself, until a facilitator has looked
    is_shown: bool
    edited_at: datetime | None
    quoting_words: str
    files: tuple[FileInWords, ...]
    html: str
    reply_to: Answered | None
    address_answered: str
    is_answer: bool  # to the question that the thread asks
    told: tuple[tuple[str, str], ...]  # what a council did, with the first post of a thread of the kind for it


@dataclass(frozen=True, slots=True)
class ShownPost:
    """A post on a page of its thread, for one reader."""

    in_words: PostInWords
    # None where nothing is offered: on a page that a form which was refused stands on.
    may: May | None
    reactions: tuple[Counted, ...]  # of every kind, given or not

    @property
    def given(self) -> tuple[Counted, ...]:
        return tuple(reaction for reaction in self.reactions if reaction.count)


def posts_on_page(thread: Thread, number: int, reader: Member, *, with_controls: bool) -> list[ShownPost]:
    """The posts of one page with all that stands in them: as many queries for twenty as for one."""
    up_to = number * Post.PER_PAGE
    posts = _posts(reader, thread.pk, up_to - Post.PER_PAGE, up_to)
    for post in posts:
        post.thread = thread
    # What hangs on posts that the reader sees, and on no others, needs no looking up of their networks again.
    shown = [post for post in posts if post.is_shown]
    if any(post.has_files for post in shown):  # type: ignore[attr-defined]  # annotated
        prefetch_related_objects(shown, "attachments")
    counted = _counted(shown, reader)
    # An author comes with the picture; beside whoever is answered there is none.
    answered = [post.reply_to.author for post in posts if post.reply_to]
    people = {author.pk: Person.of(author) for author in answered if author}
    people |= {post.author.pk: Person.of(post.author, picture=post.picture) for post in posts if post.author}  # type: ignore[attr-defined]  # annotated
    addresses = Post.addresses_in(thread.pk, [post.number for post in posts])
    may = _may_each(reader, posts) if with_controls else {}
    return [
        ShownPost(
            _in_words(post, people, addresses[post.number]),
            may.get(post.pk),
            counted[post.pk],
        )
        for post in posts
    ]


def _in_words(post: Post, people: dict[int, Person], address: str) -> PostInWords:
    answered = post.reply_to
    answer = getattr(post.thread, "answer", None)
    return PostInWords(
        number=post.number,
        get_absolute_url=address,
        author=people[post.author_id] if post.author_id else None,
        author_name=post.author_name,
        organisation=Council(post.council) if post.organisation_id else None,  # type: ignore[attr-defined]  # annotated
        written_at=post.written_at,
        deleted_at=post.deleted_at,
        hidden_at=post.hidden_at,
        hidden_by_id=post.hidden_by_id,
        is_shown=post.is_shown,
        edited_at=post.edited_at,
        quoting_words=post.quoting_words,
        files=_files(post),
        html=post.html if post.is_shown else "",
        reply_to=_answered(answered, people) if answered else None,
        address_answered=post.address_answered,
        is_answer=answer is not None and answer.post_id == post.pk,
        told=tuple(_told_beside(post)),
    )


def _files(post: Post) -> tuple[FileInWords, ...]:
    if not (post.is_shown and post.has_files):  # type: ignore[attr-defined]  # annotated
        return ()
    return tuple(FileInWords.of(attached) for attached in post.attachments.all())


def _answered(post: Post, people: dict[int, Person]) -> Answered:
    return Answered(post.number, post.author_name, people.get(post.author_id or 0))


@prepared
def _posts(reader: Member, thread: int, after: int, up_to: int) -> PostQuerySet:
    found = Post.objects.in_place(reader).filter(thread=thread).after(after, up_to=up_to).with_has_files()
    pictures = When(author__profile__shows_picture=True, then=F("author__profile__picture"))
    beside = found.annotate(picture=Case(pictures), council=F("organisation__name"))
    of_posts = [field.name for field in Post._meta.concrete_fields if field.name not in UNSEEN]
    of_authors = [f"{author}__{column}" for author in ("author", "reply_to__author") for column in SEEN_OF_AUTHORS]
    answered = ["reply_to__thread", "reply_to__number", "reply_to__author"]
    return beside.select_related("author", "reply_to__author").only(*of_posts, *of_authors, *answered)


def _told_beside(post: Post) -> list[tuple[str, str]]:
    is_told = post.number == 1 and post.is_shown and post.thread.kind == Thread.Kind.PRACTICE
    practice: Practice | None = getattr(post.thread, "practice", None) if is_told else None
    return practice.told if practice else []


def _may_each(reader: Member, posts: list[Post]) -> dict[int, May]:
    """By post, of one thread. Asked once for all that are alike in what decides, as most are; a test asks for each."""
    of_sort: dict[tuple[bool, ...], May] = {}
    found = {}
    for post in posts:
        is_own = post.author_id == reader.pk
        sort = is_own, post.number == 1, post.deleted_at is None, post.hidden_at is None, bool(post.source)
        found[post.pk] = of_sort.get(sort) or of_sort.setdefault(sort, _may(reader, post))
    return found


def _may(reader: Member, post: Post) -> May:
    hide = permissions.can_hide(reader, post)
    return May(
        edit=permissions.can_edit(reader, post) and permissions.can_change_announcement(reader, post),
        delete=permissions.can_delete(reader, post) and permissions.can_change_announcement(reader, post),
        hide=hide,
        react=permissions.can_react(reader, post),
        report=permissions.can_report_post(reader, post),
        mark_answer=permissions.can_mark_answer(reader, post),
        read_hidden=post.deleted_at is None and (bool(hide) or post.author_id == reader.pk),
        read_history=bool(hide) or post.author_id == reader.pk,
    )


def _counted(posts: list[Post], reader: Member) -> dict[int, tuple[Counted, ...]]:
    """What was given to each of the posts, which the reader sees, in one query whatever their number."""
    found: dict[int, dict[str, tuple[int, bool]]] = defaultdict(dict)
    for post, kind, count, own in _given(reader, [post.pk for post in posts]):
        found[post][kind] = count, bool(own)
    nothing = (0, False)
    return defaultdict(
        tuple,
        {
            post.pk: tuple(Counted(kind, label, *found[post.pk].get(kind, nothing)) for kind, label in KINDS)
            if post.pk in found
            else NOT_GIVEN
            for post in posts
        },
    )


@prepared
def _given(reader: Member, posts: list[int]) -> QuerySet[Any, tuple[int, str, int, int]]:
    return Reaction.objects.filter(post__in=posts).counted_for(reader)


KINDS = [(kind.value, str(kind.label)) for kind in Reaction.Kind]
NOT_GIVEN = tuple(Counted(kind, label, 0, is_own=False) for kind, label in KINDS)


@require_safe
def post(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """The permalink of a post leads to its page of the thread."""
    return redirect(place_of(_post_in_place(request, pk, number)))


def _asked_about_announcement(request: HttpRequest, post: Post) -> HttpResponse | None:
    """Changing one is an act of a facilitator: only it is asked a second factor for. What was typed of it is kept."""
    if post.number != 1 or post.thread.kind != Thread.Kind.ANNOUNCEMENT:
        return None
    asked = ask_for_second_factor(request, then=request.path)
    if asked and request.method == "POST" and "source" in request.POST:
        typed, known = EditPracticeForm.typed_in(request.POST), request.POST.get("draft_at", "")
        keep_sent(post, by=member_or_404(request), fields=typed, known=known)
    return asked


def _keep_edit(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    def find(writer: Member) -> Post:
        own = Post.objects.in_place(writer).filter(author=writer).select_related("thread__network")
        return post_or_404(own, pk, number)

    address = reverse("post_edit", args=[pk, number])
    return keep_typed(request, f"post {pk} {number}", find=find, form=EditPracticeForm, address=address)


@typed_is_kept(_keep_edit)
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """Other words for it. What was changed in another window meanwhile is shown beside what is typed here. A preview
    and a draft bring the form back as it was typed."""
    member = member_or_404(request)
    found = _post_in_place(request, pk, number)
    if request.method != "POST" or found.author_id != member.pk:
        verdict = permissions.can_edit(member, found)
        if request.method != "POST" and (elsewhere := unsent(request, found, verdict)):
            return elsewhere
        verdict.enforce()
    permissions.can_change_announcement(member, found).enforce()
    if asked := _asked_about_announcement(request, found):
        return asked
    told = Practice.objects.beside(found)
    typed = request.POST.copy() if request.method == "POST" else None
    draft = Draft.objects.visible_to(member).filter(post=found).first() if typed is None else None
    form: EditForm
    if told:
        form = EditPracticeForm(found, member, typed, draft=draft, beside=told.fields)
    else:
        form = EditForm(found, member, typed, draft=draft)
    others_words: Post | None = None
    shown: dict[str, Any] = {}
    do = request.POST.get("do", "")
    if do == "preview":
        shown = previewed(form, found.thread.network, by=member, before=found.html)
    elif do == "draft":
        if saved_as_draft(found, by=member, form=form):
            return redirect("post_edit", pk, number)
    elif typed is not None and form.is_valid() and (concerns := form.asks_first(goes_on=do == "anyway")):
        shown = {"concerns": concerns}
    elif typed is not None and form.is_valid():
        words = {name: form.cleaned_data[name] for name in ("source", "seen")}
        quoting = form.cleaned_data["quoting"] if "quoting" in typed else None
        try:
            verbs.edit_post(found, by=member, quoting=quoting, practice=form.practice, **words)
        except verbs.EditedMeanwhile as meanwhile:
            others_words = meanwhile.post
            told = Practice.objects.beside(found)
            form.add_error(None, f"{meanwhile} Read both and save again: what stands in this form then counts.")
            # Saving again is about the words that are shown now.
            typed["seen"] = others_words.edition
        except (LimitReached, Refused) as no:
            form.add_error(field_of(no), str(no))
        else:
            return redirect(place_of(found))
    context = _context(found) | {
        "form": form,
        "told": told,
        "others_words": others_words,
        "can_delete": permissions.can_delete(member, found),
        **shown,
    }
    return render(request, "forums/post_edit.html", context)


@require_safe
def versions(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """The words of now and those before them, the newest first; and what was done to the post, for its author and for
    facilitators."""
    member = member_or_404(request)
    found = _post_shown(request, pk, number)
    kept = list(PostVersion.objects.in_place(member).filter(post=found).order_by("-number"))
    can_hide = permissions.can_hide(member, found)
    reads_history = bool(can_hide) or found.author_id == member.pk
    if not kept and not reads_history:
        raise Http404("The post was never changed.")
    context = _context(found) | {"versions": kept, "can_hide": can_hide, "reads_history": reads_history}
    if reads_history:
        context["done"] = _done_to(found, member)
    return render(request, "forums/post_versions.html", context)


@dataclass(frozen=True, slots=True)
class Done:
    """Something that was done to a post."""

    by: str
    did: str
    at: datetime
    reason: str


# Of a post, and of the thread that it begins, what is done is said shorter than in a list of everything.
DID = {
    "hid post": "hid this post",
    "restored post": "brought this post back",
    "hid version": "hid an earlier version of this post",
    "marked answer": "marked this post as the answer",
    "took mark off answer": "took the mark of the answer off this post",
    "moved thread": "moved the thread to another theme",
    "locked": "locked the thread",
    "unlocked": "unlocked the thread",
    "split thread": "moved other posts of the thread to a new one",
    "moved posts": "moved other posts of the thread to another one",
    "pinned thread": "pinned the thread",
    "unpinned thread": "unpinned the thread",
    "undid": "undid something that was done to the thread",
    "hid file": "hid a file of this post",
    "showed file": "brought a hidden file of this post back",
}
# The same of what gave the post itself another place.
DID_WITH = {
    "merged threads": "moved this post with its thread into another",
    "split thread": "moved this post to a new thread",
    "moved posts": "moved this post to another thread",
    "moved thread to network": "moved the thread to this network",
    "undid": "moved this post back to where it was",
}


def _done_to(found: Post, reader: Member) -> list[Done]:
    """The latest first. The reason is kept with a post as long as it is hidden, so it stands beside the last hiding."""
    events = list(done_to(found, reader)[:DONE])
    actors = {event.actor_id for event in events if event.actor_id}
    here = Membership.objects.visible_to(reader).filter(network=found.thread.network_id, member__in=actors)
    names = dict(here.values_list("member", "member__name"))
    moved = acts_that_moved(found)
    last_hiding = next((event for event in events if event.verb == "hid post"), None)
    return [
        Done(
            _named(event, names),
            _what_was_done(event, is_moved=event.details.get("act") in moved),
            event.at,
            found.hidden_reason if event is last_hiding else "",
        )
        for event in events
    ]


DONE = 100  # as much as one page shows of what was done to a post


def _what_was_done(event: AuditEvent, *, is_moved: bool) -> str:
    words = DID_WITH.get(event.verb) if is_moved else None
    return words or DID.get(event.verb) or WORDS.get(event.verb, event.verb)


def _named(event: AuditEvent, names: dict[int, str]) -> str:
    if event.actor_id:
        return names.get(event.actor_id, "Somebody who has left the network")
    # Whoever asked in a session without their name is named nowhere.
    return "Whoever asked" if event.verb in ("marked answer", "took mark off answer") else "The site"


@second_factor_required
@require_POST
def version_hide(request: HttpRequest, pk: int, number: int, version: int) -> HttpResponse:
    member = member_or_404(request)
    found = _post_shown(request, pk, number)
    earlier = PostVersion.objects.in_place(member).select_related("post__thread__network")
    verbs.hide_version(get_object_or_404(earlier, post=found, number=version), by=member)
    messages.success(request, f"Version {version} is hidden.")
    return redirect("post_versions", pk, number)


@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """Asks once, and takes the post back."""
    member = member_or_404(request)
    found = _post_in_place(request, pk, number)
    permissions.can_delete(member, found).enforce()
    permissions.can_change_announcement(member, found).enforce()
    if asked := _asked_about_announcement(request, found):
        return asked
    if found.deleted_at is None and request.method != "POST":
        return render(request, "forums/post_delete.html", _context(found))
    if request.method == "POST":
        verbs.delete_post(found, by=member)
        say_at_post(request, found, f"You have deleted post {found.number}.")
    return redirect(place_of(_post_in_place(request, pk, number)))


@second_factor_required
@require_http_methods(["GET", "HEAD", "POST"])
def hide(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """A facilitator says why, and the post is out of sight."""
    member = member_or_404(request)
    found = _post_in_place(request, pk, number)
    permissions.can_hide(member, found).enforce()
    form = HideForm(request.POST if request.method == "POST" else None)
    if not found.is_shown:
        say_at_post(request, found, f"Post {found.number} is already out of sight.", level=messages.ERROR)
        return redirect(place_of(found))
    if form.is_valid():
        try:
            verbs.hide_post(found, by=member, reason=form.cleaned_data["words"])
        except (LimitReached, Refused) as no:
            form.add_error(None, str(no))
        else:
            and_so = " Its author is told why." if found.author else ""
            say_at_post(request, found, f"Post {found.number} is hidden.{and_so}")
            return redirect(place_of(_post_in_place(request, pk, number)))
    told = Practice.objects.beside(found)
    return render(request, "forums/post_hide.html", _context(found) | {"form": form, "told": told})


@second_factor_required
@require_safe
def hidden(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """Why a post is hidden and what it said, for its author and for facilitators; for others there is no such page."""
    member = member_or_404(request)
    posts = Post.objects.hidden_shown_to(member).select_related("thread__network", "author", "hidden_by")
    found = post_or_404(posts, pk, number)
    told = Practice.objects.beside(found)
    is_own = found.author_id == member.pk
    context = _context(found) | {
        "can_hide": permissions.can_hide(member, found),
        "can_restore": permissions.can_restore(member, found),
        "told": told,
        "is_own": is_own,
        "case": case_of(member, found, is_own=is_own),
        "can_delete": permissions.can_delete(member, found),
        "done": _done_to(found, member),
    }
    return render(request, "forums/post_hidden.html", context)


@second_factor_required
@require_POST
def restore(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    found = _post_in_place(request, pk, number)
    restored = verbs.restore_post(found, by=member_or_404(request))
    say_at_post(request, restored, f"Post {restored.number} can be read again.")
    return redirect(place_of(_post_in_place(request, pk, number)))


@require_POST
def give_reaction(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """`give` or `take`: the kind that is given or taken back. Pressed twice it is done once."""
    member = member_or_404(request)
    found = _post_in_place(request, pk, number)
    permissions.can_react(member, found).enforce()
    give, take = request.POST.get("give", ""), request.POST.get("take", "")
    if give in Reaction.Kind:
        react(found, give, by=member)
    elif take in Reaction.Kind:
        take_back_reaction(found, take, by=member)
    return redirect(place_of(found))


@require_safe
def reactions(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """Who gave a post which word."""
    member = member_or_404(request)
    found = _post_shown(request, pk, number)
    given = Reaction.objects.visible_to(member).filter(post=found).order_by("at", "pk")
    givers: dict[str, list[Member]] = defaultdict(list)
    for reaction in given.select_related("member__organisation", "member__profile")[:GIVERS]:
        givers[reaction.kind].append(reaction.member)
    counted = _counted([found], member)[found.pk]
    context = _context(found) | {
        "kinds": [(kind, givers[kind.kind]) for kind in counted if kind.count],
        "reactions": counted,
        "can_react": permissions.can_react(member, found),
        "is_cut": sum(kind.count for kind in counted) > GIVERS,
        "most": GIVERS,
    }
    return render(request, "forums/post_reactions.html", context)


def place_of(found: Post) -> str:
    """Where a post stands on its page of the thread."""
    return f"{found.thread.get_absolute_url()}?page={found.page}#post-{found.number}"


def _post_in_place(request: HttpRequest, pk: int, number: int) -> Post:
    """Whoever does not belong to its network learns nothing but 404, whatever became of the post."""
    posts = Post.objects.in_place(request.user).select_related("thread__network", "author__profile", "organisation")
    return post_or_404(posts, pk, number)


def _post_shown(request: HttpRequest, pk: int, number: int) -> Post:
    posts = Post.objects.visible_to(request.user).select_related("thread__network", "author__profile", "organisation")
    return post_or_404(posts, pk, number)


def _context(found: Post) -> dict[str, object]:
    return {"post": found, "thread": found.thread, "network": found.thread.network}
