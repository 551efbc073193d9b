"""Who hears of what happens in this storey; and the register of notice kinds for all of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.conf import settings
from django.db import transaction
from django.db.models import BigIntegerField, Case, Exists, F, Model, OuterRef, Q, QuerySet, Subquery, Value, When
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.dateformat import format as format_date

from network.actions import mail
from network.actions.mail import Mail, MailKind, MailNotSent, Stop, WrittenMail, owe_mail, send_at_once
from network.actions.notices import give_notice
from network.models import (
    AccountEvent,
    Admission,
    AdmissionRequest,
    DataExport,
    Invitation,
    MailLedger,
    Member,
    Membership,
    MembershipEvent,
    Network,
    Notice,
    OrganisationDomain,
    Viewer,
)
from network.models.member import MemberQuerySet
from network.models.notice import NoticeQuerySet
from network.models.prepared import prepared
from network.permissions import can_appoint_facilitators, day_in_words, moment_in_words, waiting_for_domains


@dataclass(frozen=True, slots=True)
class NoticeKind:
    """How notices of one kind are shown. `visible_to` gives what of the kind's objects the reader may see now; kinds
    that share the function share its query, which is prepared unless the clock or the reader's rights have a part in
    it: then it is `written_anew`. `where` says where it happened, for a title that does not. `usual`: what most
    people are told of; those the menu counts in the query that reads them."""

    name: str
    visible_to: Callable[[Viewer], QuerySet[Any]]
    title: Callable[[Any], str]
    address: Callable[[Any], str]
    where: Callable[[Any], str] = lambda thing: ""
    written_anew: bool = False
    usual: bool = False


@dataclass(frozen=True, slots=True)
class ShownNotice:
    notice: Notice
    title: str
    address: str
    where: str = ""


@dataclass(frozen=True, slots=True)
class Unread:
    """How many notices are new for somebody; exact up to MOST, and no more than that there are more beyond."""

    MOST: ClassVar[int] = 100

    number: int = 0
    is_more: bool = False

    def __bool__(self) -> bool:
        return self.number > 0

    @property
    def in_words(self) -> str:
        """Such as "7", or "100+"."""
        return f"{self.number}+" if self.is_more else str(self.number)


@dataclass(frozen=True, slots=True)
class NoticePage:
    """A page of all that somebody was told, what is unread before what they have read. Paged by the key of the last
    row, so that nothing is shown twice when something new comes."""

    SIZE: ClassVar[int] = 25

    unread: list[ShownNotice]
    earlier: list[ShownNotice]
    next_key: str  # empty on the last page

    @classmethod
    def of(cls, to: Viewer, *, after: str = "") -> NoticePage:
        """`after` is the `next_key` of the page before; anything else gives the first page."""
        own = _seen_by(to, Notice.objects.visible_to(to))
        unread, earlier = own.unread(), own.exclude(read_at=None)
        if key := re.fullmatch(r"([ue])([0-9]{1,17})-([0-9]{1,18})", after):
            moment = _EPOCH + timedelta(microseconds=int(key[2]))
            later = Q(at__lt=moment) | Q(at=moment, pk__lt=int(key[3]))
            if key[1] == "u":
                unread = unread.filter(later)
            else:
                unread, earlier = unread.none(), earlier.filter(later)
        new = list(unread[: cls.SIZE + 1])
        old = list(earlier[: cls.SIZE + 1 - len(new)])
        rows = [*new, *old][: cls.SIZE]
        in_words = shown(rows, to)
        return cls(
            [one for one in in_words if one.notice.read_at is None],
            [one for one in in_words if one.notice.read_at is not None],
            _key(rows[-1]) if len(new) + len(old) > cls.SIZE else "",
        )


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _key(notice: Notice) -> str:
    microseconds = (notice.at - _EPOCH) // timedelta(microseconds=1)
    return f"{'e' if notice.read_at else 'u'}{microseconds}-{notice.pk}"


ANSWERED_WITHIN = timedelta(days=30)  # after being asked to show that a mailbox is still theirs

_kinds: dict[str, NoticeKind] = {}


def register(kind: NoticeKind) -> None:
    """Called once per kind when a package starts. Raises ValueError for a name already taken, and for a usual kind
    whose query is written anew."""
    if kind.name in _kinds:
        raise ValueError(f"The notice kind {kind.name!r} is registered twice.")
    if kind.usual and kind.written_anew:
        raise ValueError(f"The notice kind {kind.name!r} cannot be usual: its query would have to be prepared.")
    _kinds[kind.name] = kind


def shown(notices: Iterable[Notice], to: Viewer) -> list[ShownNotice]:
    """The notices whose object the reader may see now, in their order. One query for each sort of thing that they are
    about."""
    notices = list(notices)
    objects: dict[tuple[str, int], Model] = {}
    for visible_to, names in _by_query({notice.kind for notice in notices}).items():
        wanted = {notice.object_id for notice in notices if notice.kind in names}
        found = list(visible_to(to).filter(pk__in=wanted))
        objects |= {(name, thing.pk): thing for thing in found for name in names}
    result = []
    for notice in notices:
        thing = objects.get((notice.kind, notice.object_id))
        if thing is not None:
            kind = _kinds[notice.kind]
            result.append(ShownNotice(notice, kind.title(thing), kind.address(thing), kind.where(thing)))
    return result


def named(member: object) -> str:
    """A name in a line of text, where no label can stand beside it: "Sam Supplier (supplier)"."""
    label = getattr(member, "label", "")
    return f"{member} ({label.lower()})" if label else str(member)


def _by_query(names: Iterable[str]) -> dict[Callable[[Viewer], QuerySet[Any]], list[str]]:
    """The kinds of these names, by the function that says what of their objects may be seen."""
    grouped: dict[Callable[[Viewer], QuerySet[Any]], list[str]] = {}
    for name in sorted(set(names) & _kinds.keys()):
        grouped.setdefault(_kinds[name].visible_to, []).append(name)
    return grouped


def _seen_by(viewer: Viewer, rows: NoticeQuerySet) -> NoticeQuerySet:
    """Of these notices, those whose object the viewer may see now, asked in the database: for lists of which only a
    part is read. One query more, for the kinds that there are."""
    seen = Q(pk__in=[])
    for visible_to, names in _by_query(rows.order_by().values_list("kind", flat=True).distinct()).items():
        seen |= Q(kind__in=names) & Q(Exists(visible_to(viewer).order_by().filter(pk=OuterRef("object_id"))))
    return rows.filter(seen)


def unread(to: Viewer) -> Unread:
    """What the menu counts, which is what the page calls new: in one query where all of it is usual, and in two,
    whatever it is about and however much. In three or four where the newest of very many are of what they see no
    more."""
    rows = _newest_unread(to)
    count = sum(seen is not None for _, _, seen in rows)
    count += _count_seen(to, [(kind, pk) for kind, pk, _ in rows if kind in _kinds and not _kinds[kind].usual])
    if len(rows) > Unread.MOST and count < len(rows):  # older ones may make up for those
        count = _seen_by(to, Notice.objects.visible_to(to).unread())[: Unread.MOST + 1].count()
    return Unread(min(count, Unread.MOST), is_more=count > Unread.MOST)


@prepared
def _newest_unread(to: Viewer) -> QuerySet[Any, tuple[str, int, int | None]]:
    """Of each its kind, the number of its object, and that number once more where it is usual and they may see it
    now. As a value and not as whether there is one: PostgreSQL would look through all there is for that."""
    usual = _by_query(kind.name for kind in _kinds.values() if kind.usual)
    seen = [
        When(kind__in=names, then=Subquery(visible_to(to).filter(pk=OuterRef("object_id")).order_by().values("pk")[:1]))
        for visible_to, names in usual.items()
    ]
    newest = Notice.objects.visible_to(to).unread().annotate(seen=Case(*seen, output_field=BigIntegerField(null=True)))
    return newest.values_list("kind", "object_id", "seen")[: Unread.MOST + 1]


def _count_seen(to: Viewer, rows: list[tuple[str, int]]) -> int:
    """Of how many of these, kind and object, the viewer may see the object now: one query, and none where there are
    none."""
    kinds = tuple(sorted({kind for kind, _ in rows}))
    if not kinds:
        return 0
    ask = _seen_of if any(_kinds[kind].written_anew for kind in kinds) else _seen_prepared
    names = list(_by_query(kinds).values())
    seen_now = {(kind, pk) for sort, pk in ask(to, kinds, sorted({pk for _, pk in rows})) for kind in names[sort]}
    return len(seen_now.intersection(rows))


def _seen_of(to: Viewer, kinds: tuple[str, ...], numbers: list[int]) -> QuerySet[Any, tuple[int, int]]:
    """Of what notices of these kinds are about: the objects of these numbers that the viewer may see now, each with
    the place of its query in `_by_query`."""
    found = [
        visible_to(to).filter(pk__in=numbers).order_by().annotate(notice_sort=Value(place))
        for place, visible_to in enumerate(_by_query(kinds))
    ]
    each = [things.values_list("notice_sort", "pk") for things in found]
    together: QuerySet[Any, tuple[int, int]] = each[0].union(*each[1:], all=True)
    return together


_seen_prepared = prepared(_seen_of)


def unread_notices(to: Viewer, most: int = Unread.MOST) -> list[ShownNotice]:
    """The newest of what `unread` counts. One query for each sort of thing that they are about, and two."""
    return shown(_seen_by(to, Notice.objects.visible_to(to).unread())[:most], to)


# Joining and leaving


def _facilitators(network: Network) -> list[Member]:
    rows = Membership.objects.facilitators().filter(network=network)
    return list(Member.objects.filter(pk__in=rows.values("member")))


# Being let in


def admission_requested(request: AdmissionRequest, *, now: datetime) -> None:
    give_notice("admission_requested", request.pk, Member.objects.holding("change_admissionrequest"), now=now)


def admission_decided(request: AdmissionRequest, *, now: datetime) -> None:
    give_notice("admission_decided", request.pk, [request.member], now=now)
    owe_mail("admission_decided", request.member, period=now.isoformat(), object_id=request.pk, now=now)


def domain_confirmed(domain: OrganisationDomain, *, now: datetime) -> None:
    """Those who came by it, and those whose invitation waited for it; the others learn nothing of it."""
    people = Member.objects.filter(admission__domain=domain, is_active=True, kind=Member.Kind.OFFICER)
    give_notice("domain_confirmed", domain.pk, people, now=now)
    of_same_name = OrganisationDomain.objects.filter(domain=domain.domain).exclude(pk=domain.pk)
    if of_same_name.exclude(confirmed_at=None).exists():
        return  # nobody waited for this one
    waited = Invitation.objects.open(now).filter(email__iendswith=f"@{domain.domain}")
    for invitation in waited.filter(network__joining=Network.Joining.BY_REQUEST):
        period = f"{invitation.pk} at {now.isoformat()}"
        owe_mail("invitation_can_be_accepted", invitation.email, period=period, object_id=invitation.pk, now=now)


def let_in_from_list(member: Member, *, now: datetime) -> None:
    owe_mail("let_in_from_list", member, period="once", now=now)


def data_packed(wanted: DataExport, *, now: datetime) -> None:
    owe_mail("data_ready", wanted.member, period=str(wanted.pk), object_id=wanted.pk, now=now)


def mailbox_proof_asked(member: Member, *, now: datetime) -> None:
    give_notice("mailbox_proof_asked", member.pk, [member], now=now)
    owe_mail("mailbox_proof_asked", member, period=now.isoformat(), now=now)


def join_requested(request: Membership, *, now: datetime) -> None:
    give_notice("join_requested", request.pk, _facilitators(request.network), now=now)


def welcome_offered(member: Member, *, now: datetime) -> None:
    give_notice("welcome_offered", member.pk, [member], now=now)


def request_questioned(event: MembershipEvent, *, now: datetime) -> None:
    give_notice("request_questioned", event.membership_id, [event.membership.member], now=now)
    _owe_step(event, now=now)


def question_answered(request: Membership, *, now: datetime) -> None:
    give_notice("question_answered", request.pk, _facilitators(request.network), now=now)


def request_decided(event: MembershipEvent, *, now: datetime) -> None:
    give_notice("request_decided", event.membership_id, [event.membership.member], now=now)
    _owe_step(event, now=now)


def requests_wait(network: Network, requests: Iterable[Membership], *, now: datetime) -> None:
    """Facilitators are reminded of what each has waited too long for: a notice for each, one mail for all."""
    facilitators = _facilitators(network)
    for request in requests:
        give_notice("join_requested", request.pk, facilitators, now=now)
    for facilitator in facilitators:
        owe_mail("requests_wait", facilitator, period=f"{network.pk} at {now:%Y-%m-%dT%H:%M}", object_id=network.pk)


def membership_changed(event: MembershipEvent, *, now: datetime) -> None:
    """Somebody was removed, suspended, let in again, warned or asked not to write, or their role is another."""
    give_notice("membership_changed", event.pk, [event.membership.member], now=now)
    if event.kind in _HOLDS_WHILE:
        _owe_step(event, now=now)


def facilitator_appointed(event: MembershipEvent, *, now: datetime) -> None:
    """Who looks after a network hears of everybody who does so from now on; and where an administrator opened a door
    for themselves, the other administrators do."""
    member = event.membership.member
    own = {member.pk, event.by_id}
    others = [facilitator for facilitator in _facilitators(event.membership.network) if facilitator.pk not in own]
    give_notice("facilitator_appointed", event.pk, others, now=now)
    if event.by_id == member.pk:
        give_notice("appointed_themselves", event.pk, _who_appoint().exclude(pk=member.pk), now=now)


def facilitator_missing(network: Network) -> None:
    give_notice("facilitator_missing", network.pk, _who_appoint())


def _who_appoint() -> MemberQuerySet:
    """The administrators who can say who facilitates a network."""
    found: MemberQuerySet = Member.objects.holding("change_network")
    return found


def _owe_step(event: MembershipEvent, *, now: datetime) -> None:
    owe_mail("membership_step", event.membership.member, period=str(event.pk), object_id=event.pk, now=now)


def invited(invitation: Invitation, *, now: datetime) -> None:
    """By mail to the address; and where it is somebody's here, by a notice too."""
    has_account = Member.objects.filter(emailaddress__email=invitation.email, emailaddress__verified=True)
    give_notice("invited", invitation.pk, has_account, now=now)
    owe_mail("invitation", invitation.email, period=_sending(invitation), object_id=invitation.pk, now=now)


def _sending(invitation: Invitation) -> str:
    return f"{invitation.pk} number {invitation.times_sent}"


def invitation_accepted(invitation: Invitation, *, now: datetime) -> None:
    if invitation.by:
        give_notice("invitation_accepted", invitation.pk, [invitation.by], now=now)


def _title_of_decision(membership: Membership) -> str:
    if membership.is_declined:
        return f"Your request to join the {membership.network.name} was declined"
    return f"You are now a member of the {membership.network.name}"


def _address_of_decision(membership: Membership) -> str:
    if membership.is_declined:
        return reverse("network_request", args=[membership.network.slug])
    # By way of the question how the network may write to them.
    return f"{reverse('profile_mail')}?{urlencode({'next': membership.network.get_absolute_url()})}"


_CHANGES = {
    MembershipEvent.Kind.REMOVED: "You are no longer a member of the {}",
    MembershipEvent.Kind.SUSPENDED: "Your membership of the {} is suspended",
    MembershipEvent.Kind.WARNED: "A facilitator of the {} has warned you",
    MembershipEvent.Kind.SILENCED: "A facilitator has asked you not to write in the {}",
    MembershipEvent.Kind.UNSILENCED: "You can write in the {} again",
    MembershipEvent.Kind.REINSTATED: "You are a member of the {} again",
    MembershipEvent.Kind.APPOINTED: "You now facilitate the {}",
    MembershipEvent.Kind.STOOD_DOWN: "You no longer facilitate the {}",
}


# Of those that have words of their own to read, and somebody who still belongs.
_READ_IN_HISTORY = (
    MembershipEvent.Kind.WARNED,
    MembershipEvent.Kind.SILENCED,
    MembershipEvent.Kind.UNSILENCED,
)


def _title_of_change(event: MembershipEvent) -> str:
    title = _CHANGES[MembershipEvent.Kind(event.kind)].format(event.membership.network.name)
    return f"{title} until {_end_of(event)}" if event.until else title


def _end_of(event: MembershipEvent) -> str:
    """When what began with it ends, in words. Whose suspension is over is let in on that day, when the worker comes to
    it."""
    if event.until is None:
        return ""
    is_suspended = event.kind == MembershipEvent.Kind.SUSPENDED
    return day_in_words(event.until) if is_suspended else moment_in_words(event.until)


def _address_of_change(event: MembershipEvent) -> str:
    if event.kind in _READ_IN_HISTORY:
        return reverse("own_membership", args=[event.membership.network.slug])
    return event.membership.network.get_absolute_url()


def _title_of_appointment(event: MembershipEvent) -> str:
    member = event.membership.member
    whom = "themselves" if event.by_id == member.pk else member
    return f"{event.by or 'The site'} made {whom} a facilitator of the {event.membership.network}"


def _came_by(viewer: Viewer) -> QuerySet[OrganisationDomain]:
    """The confirmed domain by which the viewer came."""
    own = Admission.objects.visible_to(viewer).filter(member=viewer.pk or 0)
    return OrganisationDomain.objects.filter(admissions__in=own).exclude(confirmed_at=None)


def _decision_on_admission(row: MailLedger, member: Member | None) -> Mail | None:
    request = AdmissionRequest.objects.filter(pk=row.object_id or 0).select_related("member__organisation").first()
    if request is None or request.state == AdmissionRequest.State.WAITING:
        return None
    return Mail("network/mail/admission_decided.txt", {"asked": request})


def _account_from_list(row: MailLedger, member: Member | None) -> Mail | None:
    if member is None or member.last_login:
        return None
    return Mail("network/mail/let_in_from_list.txt", {"member": member})


def _data_ready(row: MailLedger, member: Member | None) -> Mail | None:
    packed = DataExport.objects.filter(pk=row.object_id or 0, member=member).exclude(ready_at=None).first()
    if member is None or packed is None or packed.is_over():
        return None
    last_day = timezone.localdate(packed.requested_at + DataExport.KEPT)
    return Mail("network/mail/data_ready.txt", {"member": member, "last_day": last_day})


def _question_of_proof(row: MailLedger, member: Member | None) -> Mail | None:
    if member is None or member.mailbox_asked_at is None:
        return None
    return Mail("network/mail/mailbox_proof_asked.txt", {"member": member, "last_day": last_day_to_answer(member)})


def last_day_to_answer(member: Member) -> date:
    """By when somebody who was asked has to show that the mailbox is still theirs."""
    assert member.mailbox_asked_at, "nobody has asked"
    return timezone.localdate(member.mailbox_asked_at + ANSWERED_WITHIN)


mail.register(MailKind("admission_decided", _decision_on_admission, is_account_mail=True))
mail.register(MailKind("let_in_from_list", _account_from_list, is_account_mail=True))
mail.register(MailKind("data_ready", _data_ready, is_account_mail=True))
mail.register(MailKind("mailbox_proof_asked", _question_of_proof, is_account_mail=True))
register(
    NoticeKind(
        name="admission_requested",
        visible_to=lambda viewer: AdmissionRequest.objects.visible_to(viewer).waiting().select_related("member"),
        title=lambda asked: f"{named(asked.member)} asks to be let in, for {asked.works_for}",
        address=lambda asked: reverse("admissions"),
        written_anew=True,
    )
)
register(
    NoticeKind(
        name="admission_decided",
        visible_to=lambda viewer: (
            AdmissionRequest.objects.visible_to(viewer)
            .filter(member=viewer.pk)
            .exclude(state=AdmissionRequest.State.WAITING)
        ),
        title=lambda asked: (
            "You have been let in: you can now join a network"
            if asked.state == AdmissionRequest.State.ADMITTED
            else "Your request to be let in was declined"
        ),
        address=lambda asked: reverse("welcome"),
        written_anew=True,
    )
)
register(
    NoticeKind(
        name="domain_confirmed",
        visible_to=_came_by,
        title=lambda domain: "Your council's email domain is confirmed: you can now ask to join every network",
        address=lambda domain: reverse("networks"),
        written_anew=True,
    )
)
register(
    NoticeKind(
        name="mailbox_proof_asked",
        visible_to=lambda viewer: (
            Member.objects.visible_to(viewer).filter(pk=viewer.pk or 0).exclude(mailbox_asked_at=None)
        ),
        title=lambda member: f"Show us by {format_date(last_day_to_answer(member), 'j F')} that your mailbox is yours",
        address=lambda member: reverse("mailbox_proof"),
    )
)
register(
    NoticeKind(
        name="join_requested",
        visible_to=lambda viewer: Membership.objects.visible_to(viewer).requested().select_related("member", "network"),
        title=lambda request: f"{named(request.member)} asks to join the {request.network.name}",
        address=lambda request: reverse("network_requests", args=[request.network.slug]),
    )
)
register(
    NoticeKind(
        name="welcome_offered",
        # Their own, as long as steps are left.
        visible_to=lambda viewer: Member.objects.visible_to(viewer).filter(
            pk=viewer.pk, welcome_steps_done__lt=Member.WELCOME_STEPS
        ),
        title=lambda member: "Tell your networks what you can help with: a few short steps",
        address=lambda member: reverse("welcome"),
    )
)
register(
    NoticeKind(
        name="request_questioned",
        visible_to=lambda viewer: Membership.objects.visible_to(viewer).requested().select_related("network"),
        title=lambda request: f"The facilitators of the {request.network.name} have a question about your request",
        address=lambda request: reverse("network_request", args=[request.network.slug]),
    )
)
register(
    NoticeKind(
        name="question_answered",
        visible_to=lambda viewer: Membership.objects.visible_to(viewer).requested().select_related("member", "network"),
        title=lambda request: f"{named(request.member)} has answered about joining the {request.network.name}",
        address=lambda request: reverse("network_requests", args=[request.network.slug]),
    )
)
register(
    NoticeKind(
        name="request_decided",
        # Who has left since, or been suspended, is told nothing: neither answer is true any more.
        visible_to=lambda viewer: Membership.objects.visible_to(viewer).decided().select_related("network"),
        title=_title_of_decision,
        address=_address_of_decision,
    )
)


# What a member is mailed when the ways into their account change: a subject, and what happened. Nothing secret.
ACCOUNT_CHANGES = {
    "new_browser": ("A new sign-in to your Guildhall account", "Somebody signed in to your account: {browser}."),
    "address_changed": (
        "Your Guildhall email address was changed",
        "The email address of your account was changed. This one no longer signs in.",
    ),
    "password_set": ("Your Guildhall account has a password now", "A password was set for your account."),
    "password_changed": ("Your Guildhall password was changed", "The password of your account was changed."),
    "password_removed": ("Your Guildhall password was removed", "The password of your account was removed."),
    "app_added": ("An authenticator app was added", "An authenticator app was set up for your account."),
    "app_removed": ("An authenticator app was removed", "The authenticator app of your account was removed."),
    "passkey_added": ("A passkey was added", "A passkey was added to your account."),
    "passkey_removed": ("A passkey was removed", "A passkey was removed from your account."),
    "recovery_codes_made": (
        "New recovery codes were made",
        "New recovery codes were made for your account. The old ones no longer work.",
    ),
}


def account_changed(member: Member, what: str, *, now: datetime, to: str = "", **words: str) -> None:
    """Mails a member that something of how they sign in has changed, once that is committed. `to` instead of their
    address: the one they had before."""
    subject, happened = ACCOUNT_CHANGES[what]
    context = {
        "happened": happened.format(**words),
        "at": now,
        "lost_address": what == "address_changed",
        "site_url": settings.SITE_URL,
    }
    text = render_to_string("account/email/account_changed_message.txt", context)
    transaction.on_commit(lambda: _send("account_changed", member, WrittenMail(subject, text), to))


def account_closed(member: Member, *, erase: bool) -> None:
    """The last mail, to the address that the account had, once that is committed. `member` as they were."""
    mail = Mail("network/mail/account_closed.txt", {"name": member.get_full_name(), "erase": erase})
    address = member.email
    transaction.on_commit(lambda: _send("account_closed", member, mail, address))


def _send(stream: str, to: Member, mail: Mail | WrittenMail, address: str) -> None:
    """A mail server that is away stops nobody: what the mail tells of has happened, and stands in the audit log."""
    with suppress(MailNotSent):  # written to the log already
        send_at_once(stream, to, mail, address=address)


register(
    NoticeKind(
        name="membership_changed",
        visible_to=lambda viewer: MembershipEvent.objects.visible_to(viewer).select_related("membership__network"),
        title=_title_of_change,
        address=_address_of_change,
    )
)
register(
    NoticeKind(
        name="facilitator_appointed",
        visible_to=lambda viewer: (
            MembershipEvent.objects.visible_to(viewer)
            .filter(kind=MembershipEvent.Kind.APPOINTED)
            .select_related("membership__network", "membership__member", "by")
        ),
        title=_title_of_appointment,
        address=lambda event: reverse("network_membership", args=[event.membership.network.slug, event.membership.pk]),
    )
)
register(
    NoticeKind(
        name="appointed_themselves",
        # Administrators see no history of a network; of this step they see that it was taken, and it has no words.
        visible_to=lambda viewer: (
            MembershipEvent.objects.filter(kind=MembershipEvent.Kind.APPOINTED, by=F("membership__member"))
            .defer("words")
            .select_related("membership__network", "membership__member", "by")
            if can_appoint_facilitators(viewer)
            else MembershipEvent.objects.none()
        ),
        title=_title_of_appointment,
        address=lambda event: reverse("administration_member", args=[event.membership.member_id]),
        written_anew=True,
    )
)
register(
    NoticeKind(
        name="facilitator_missing",
        # Only as long as there is none.
        visible_to=lambda viewer: (
            Network.objects.visible_to(viewer).without_facilitator()
            if can_appoint_facilitators(viewer)
            else Network.objects.none()
        ),
        title=lambda network: f"The {network} has no facilitator",
        address=lambda network: reverse("network_change", args=[network.slug]),
        written_anew=True,
    )
)
register(
    NoticeKind(
        name="invited",
        visible_to=lambda viewer: Invitation.objects.visible_to(viewer).open().select_related("network"),
        title=lambda invitation: f"You are invited to the {invitation.network.name}",
        address=lambda invitation: invitation.get_absolute_url(),
        written_anew=True,
    )
)
register(
    NoticeKind(
        name="invitation_accepted",
        visible_to=lambda viewer: Invitation.objects.visible_to(viewer).select_related("network", "accepted_by"),
        title=lambda invitation: (
            f"{named(invitation.accepted_by)} has accepted your invitation to the {invitation.network.name}"
        ),
        address=lambda invitation: reverse("network_invitations", args=[invitation.network.slug]),
    )
)


# Their mail. Each is composed when it goes: what is no longer true then is not sent.

# The steps of a membership that are told by mail, and the state in which each is still news.
_HOLDS_WHILE = {
    MembershipEvent.Kind.QUESTION: Membership.State.REQUESTED,
    MembershipEvent.Kind.APPROVED: Membership.State.ACTIVE,
    MembershipEvent.Kind.DECLINED: Membership.State.DECLINED,
    MembershipEvent.Kind.REMOVED: Membership.State.LEFT,
    MembershipEvent.Kind.SUSPENDED: Membership.State.SUSPENDED,
    MembershipEvent.Kind.REINSTATED: Membership.State.ACTIVE,
    MembershipEvent.Kind.WARNED: Membership.State.ACTIVE,
    MembershipEvent.Kind.SILENCED: Membership.State.ACTIVE,
    MembershipEvent.Kind.UNSILENCED: Membership.State.ACTIVE,
}
# What makes a step old news, where that is more than another of its kind. Of two warnings both are read.
_OVERTAKEN_BY = {
    MembershipEvent.Kind.WARNED: (),
    MembershipEvent.Kind.SILENCED: (MembershipEvent.Kind.SILENCED, MembershipEvent.Kind.UNSILENCED),
    MembershipEvent.Kind.UNSILENCED: (MembershipEvent.Kind.SILENCED, MembershipEvent.Kind.UNSILENCED),
}


def _number(row: MailLedger) -> int:
    assert row.object_id is not None
    return row.object_id


def _mail_of_step(row: MailLedger, member: Member | None) -> Mail | None:
    events = MembershipEvent.objects.select_related("membership__network", "membership__member")
    event = events.filter(pk=_number(row), membership__member=member).first()
    if event is None or event.membership.state != _HOLDS_WHILE[MembershipEvent.Kind(event.kind)]:
        return None
    later = MembershipEvent.objects.filter(membership=event.membership, pk__gt=event.pk)
    kind = MembershipEvent.Kind(event.kind)
    usual = (kind, MembershipEvent.Kind.ANSWER, MembershipEvent.Kind.ASKED)
    if later.filter(kind__in=_OVERTAKEN_BY.get(kind, usual)).exists():
        return None
    if kind == MembershipEvent.Kind.SILENCED and not event.membership.is_silent():
        return None
    network = event.membership.network
    context = {
        "member": event.membership.member,
        "network": network,
        "words": "" if network.content_free_mail else event.words,
        "has_words": bool(event.words),
        "is_by_site": event.by_id is None,
        "until": _end_of(event),
    }
    return Mail(f"network/mail/membership_{event.kind}.txt", context)


def _mail_of_waiting(row: MailLedger, member: Member | None) -> Mail | None:
    network = Network.objects.get(pk=_number(row))
    late = Membership.objects.visible_to(member).requested() if member else Membership.objects.none()
    late = late.filter(network=network).exclude(reminded_at=None)
    own = Membership.objects.facilitators().filter(network=network, member=member).exclude(mail=Membership.Mail.NOTHING)
    if not member or not own.exists():
        return None
    count = late.count()
    if not count:
        return None
    return Mail(
        "network/mail/requests_wait.txt",
        {"network": network, "count": count, "member": member},
        html="network/mail/requests_wait.html",
        why=f"You get this because you facilitate the {network.name}.",
        stop=Stop("network", network.pk),
    )


def _mail_of_invitation(row: MailLedger, member: Member | None) -> Mail | None:
    invitation = Invitation.objects.open().filter(pk=_number(row)).select_related("network", "by").first()
    if invitation is None or _sending(invitation) != row.period:
        return None
    context = {
        "invitation": invitation,
        "network": invitation.network,
        "words": "" if invitation.network.content_free_mail else invitation.words,
        "waits_for_domain": bool(waiting_for_domains([invitation])),
    }
    return Mail("network/mail/invitation.txt", context)


def _mail_of_invitation_that_waited(row: MailLedger, member: Member | None) -> Mail | None:
    """While it can be accepted, and has not been, and they have not come in by another way; of a domain that was
    confirmed twice, about the last time."""
    invitation = Invitation.objects.open().filter(pk=_number(row)).select_related("network", "by").first()
    if invitation is None:
        return None
    confirmed = OrganisationDomain.objects.for_address(invitation.email).values_list("confirmed_at", flat=True)
    if row.period not in {f"{invitation.pk} at {at.isoformat()}" for at in confirmed if at}:
        return None
    belongs = Membership.objects.active().filter(network=invitation.network, member__email__iexact=invitation.email)
    if belongs.exists():
        return None
    return Mail("network/mail/invitation_can_be_accepted.txt", {"invitation": invitation})


mail.register(MailKind("membership_step", _mail_of_step))
mail.register(MailKind("requests_wait", _mail_of_waiting))
mail.register(MailKind("invitation", _mail_of_invitation))
mail.register(MailKind("invitation_can_be_accepted", _mail_of_invitation_that_waited))


def _about_account(row: MailLedger, member: Member | None) -> Mail | None:
    """The newest decision about an account, in the administrator's words; an older one holds no more."""
    decisions = AccountEvent.objects.filter(member=member)
    decided = decisions.filter(kind__in=(AccountEvent.Kind.SUSPENDED, AccountEvent.Kind.REINSTATED)).first()
    if decided is None or decided.pk != row.object_id:
        return None
    return Mail(f"network/mail/{row.stream}.txt", {"event": decided, "member": member})


mail.register(MailKind("account_suspended", _about_account, is_account_mail=True, to_inactive=True))
mail.register(MailKind("account_reinstated", _about_account, is_account_mail=True))
