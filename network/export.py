"""What a member gets who asks for their data: the register of its parts, and those of this storey.

A part gives rows that are the member's own: what they said, chose or did, and what was said to them. Never a word that
somebody else said to others, nor anybody else's name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db.models import Q

from network.actions.factors import KINDS
from network.models import (
    AccountEvent,
    Admission,
    AdmissionRequest,
    AuditEvent,
    Browser,
    IntakeRow,
    Invitation,
    MailLedger,
    Member,
    Membership,
    MembershipEvent,
    MemberTheme,
    MemberTool,
    Notice,
    Profile,
    RulesAcceptance,
)
from network.models.browser import browser_in_words

Value = str | int | bool | datetime | date | list[str] | None
# What is said in words, in the order to show it. "when" before "what" reads best.
Row = dict[str, Value]


def _no_files(member: Member) -> Iterable[tuple[str, bytes]]:
    return ()


@dataclass(frozen=True, slots=True)
class Part:
    """`name` is that of its JSON file, `title` its heading; `rows` gives what there is, oldest first; `files` names and
    contents of files that go along."""

    name: str
    title: str
    rows: Callable[[Member], Iterable[Row]]
    files: Callable[[Member], Iterable[tuple[str, bytes]]] = _no_files


_parts: dict[str, Part] = {}


def register(part: Part) -> None:
    """Called once per part when a package starts. Raises ValueError for a name already taken."""
    if part.name in _parts:
        raise ValueError(f"The part {part.name!r} is registered twice.")
    _parts[part.name] = part


def parts() -> list[Part]:
    """In the order of registering: the ground floor first."""
    return list(_parts.values())


def _account(member: Member) -> Iterable[Row]:
    yield {
        "Name": member.name,
        "Email address": member.email,
        "Works for": str(member.organisation) if member.organisation else "",
        "Job title": member.job_title,
        "Kind of account": str(member.get_kind_display()),
        "Opened": member.date_joined,
        "Last signed in": member.last_login,
        "Email address last proved": member.mailbox_proved_at,
        "Asked to prove it again": member.mailbox_asked_at,
        "Mail to it came back": member.mail_bounced_at,
        "Roles in the hub": sorted(member.groups.values_list("name", flat=True)),
    }


def _addresses(member: Member) -> Iterable[Row]:
    for address in EmailAddress.objects.filter(user=member).order_by("pk"):
        yield {"Email address": address.email, "Proved": address.verified, "In use": address.primary}


def _proved_addresses(member: Member) -> list[str]:
    """For what is kept of an address and not of an account. An address that they only typed may be another's."""
    proved = EmailAddress.objects.filter(user=member, verified=True).values_list("email", flat=True)
    return sorted({address.lower() for address in (member.email, *proved)})


def _sessions(member: Member) -> Iterable[Row]:
    for session in UserSession.objects.filter(user=member).order_by("created_at", "pk"):
        yield {
            "Signed in": session.created_at,
            "Last used": session.last_seen_at,
            "Browser": browser_in_words(session.user_agent),
            "As the browser calls itself": session.user_agent,
            "Network address": session.ip,
        }


def _factors(member: Member) -> Iterable[Row]:
    """That there is one. Its secret would be a way in."""
    for factor in Authenticator.objects.filter(user=member).order_by("created_at", "pk"):
        yield {
            "Kind": KINDS[factor.type].capitalize(),
            "Name": factor.wrap().name if factor.type == Authenticator.Type.WEBAUTHN else "",
            "Added": factor.created_at,
            "Last used": factor.last_used_at,
        }


def _browsers(member: Member) -> Iterable[Row]:
    for browser in Browser.objects.visible_to(member).order_by("first_used_at", "pk"):
        yield {"First signed in with": browser.first_used_at, "Last signed in with": browser.last_used_at}


def _decisions(member: Member) -> Iterable[Row]:
    for event in AccountEvent.objects.filter(member=member).order_by("at", "pk"):
        yield {"When": event.at, "What": str(event.get_kind_display()), "Why": event.words}


def _lists(member: Member) -> Iterable[Row]:
    """What stands of them in lists of people to be let in."""
    named = Q()
    for address in _proved_addresses(member):
        named |= Q(email__iexact=address)
    for row in IntakeRow.objects.filter(named).select_related("intake").order_by("pk"):
        yield {
            "Put in": row.intake.at,
            "Email address": row.email,
            "Name": row.name,
            "Organisation": row.organisation,
            "Job title": row.job_title,
            "What became of it": row.outcome_in_words,
            "Why": row.why,
        }


def _admission(member: Member) -> Iterable[Row]:
    for asked in AdmissionRequest.objects.visible_to(member).filter(member=member):
        yield {
            "Asked": asked.asked_at,
            "Organisation, as you called it": asked.works_for,
            "Why": asked.reason,
            "State": str(asked.get_state_display()),
            "Decided": asked.decided_at,
            "Decision": asked.decision,
        }
    for admission in Admission.objects.visible_to(member).filter(member=member).select_related("domain"):
        yield {
            "Let in": admission.at,
            "Why": str(admission.get_rule_display()),
            "Domain": str(admission.domain or ""),
            "Note": admission.note,
        }


def _profile(member: Member) -> Iterable[Row]:
    for profile in Profile.objects.visible_to(member).filter(member=member):
        yield {
            "I can help with": profile.help_with,
            "Members of your networks see it": profile.shows_help_with,
            "About me": profile.about,
            "Members of your networks see that": profile.shows_about,
            "Description of the picture": profile.picture_alt,
            "Members of your networks see the picture": profile.shows_picture,
            "Members of your networks see your job title": profile.shows_job_title,
            "Members of your networks see your tools": profile.shows_tools,
            "Members of your networks see your themes": profile.shows_themes,
        }


def _picture(member: Member) -> Iterable[tuple[str, bytes]]:
    for profile in Profile.objects.visible_to(member).filter(member=member).exclude(picture=""):
        ending = str(profile.picture.name).rpartition(".")[2]
        with profile.picture.open() as picture:
            yield f"picture.{ending}", picture.read()


def _tools(member: Member) -> Iterable[Row]:
    for tool in MemberTool.objects.visible_to(member).filter(member=member):
        yield {"Tool": tool.name}


def _themes(member: Member) -> Iterable[Row]:
    followed = MemberTheme.objects.visible_to(member).filter(member=member).select_related("theme").order_by("at")
    for row in followed:
        yield {"Theme": str(row.theme), "Followed since": row.at}


def _memberships(member: Member) -> Iterable[Row]:
    own = Membership.objects.visible_to(member).filter(member=member).select_related("network").order_by("pk")
    for membership in own:
        yield {
            "Network": str(membership.network),
            "State": str(membership.get_state_display()),
            "Role": str(membership.get_role_display()),
            "Mail": str(membership.get_mail_display()),
            "Asked to join": membership.requested_at,
            "Your job, as you put it": membership.job,
            "Why you asked": membership.reason,
            "Decided": membership.decided_at,
            "What you were told": membership.decision,
            "Suspended until": membership.suspended_until,
            "Asked not to write until": membership.silent_until,
            "Why you were asked that": membership.silent_reason,
            "Joined": membership.joined_at,
            "Read up to": membership.read_before,
        }


def _history(member: Member) -> Iterable[Row]:
    said = MembershipEvent.objects.visible_to(member).filter(membership__member=member)
    for event in said.select_related("membership__network"):
        yield {
            "When": event.at,
            "Network": str(event.membership.network),
            "What": str(event.get_kind_display()),
            "Until": event.until,
            "Words": event.words,
        }


def _invitations(member: Member) -> Iterable[Row]:
    """Those to them, with the words that were written to them; and those that they wrote."""
    theirs = Q(accepted_by=member) | Q(pk__in=Invitation.objects.to_mailbox_of(member).open().values("pk"))
    for invitation in Invitation.objects.filter(theirs).select_related("network").order_by("at"):
        yield {
            "Invited": invitation.at,
            "To": str(invitation.network),
            "Words to you": invitation.words,
            "Accepted": invitation.accepted_at,
        }
    for invitation in Invitation.objects.filter(by=member).select_related("network").order_by("at"):
        yield {"You invited somebody": invitation.at, "To": str(invitation.network), "Your words": invitation.words}


def _rules(member: Member) -> Iterable[Row]:
    own = RulesAcceptance.objects.visible_to(member).filter(member=member).select_related("rules").order_by("at")
    for acceptance in own:
        yield {"Agreed": acceptance.at, "Version": acceptance.rules.number}


def _notices(member: Member) -> Iterable[Row]:
    """That there was one. What it is about may be somebody else's words."""
    for notice in Notice.objects.visible_to(member).order_by("at", "pk"):
        yield {"When": notice.at, "Kind": notice.kind.replace("_", " "), "Read": notice.read_at}


def _mail(member: Member) -> Iterable[Row]:
    """To them, and to their address before there was an account."""
    to_them = Q(member=member) | Q(recipient__in=_proved_addresses(member))
    for mail in MailLedger.objects.filter(to_them).order_by("planned_at", "pk"):
        yield {"Planned": mail.planned_at, "Kind": mail.stream.replace("_", " "), "Sent": mail.sent_at}


def _done(member: Member) -> Iterable[Row]:
    """What the site wrote down that they did. Whom they did it to is not theirs."""
    for event in AuditEvent.objects.filter(actor_id=member.pk).select_related("network").order_by("pk"):
        yield {"When": event.at, "What": event.verb, "Network": str(event.network or "")}


register(Part("account", "Your account", _account))
register(Part("addresses", "Your email addresses", _addresses))
register(Part("sessions", "Where you are signed in", _sessions))
register(Part("second_factors", "Passkeys, app and recovery codes", _factors))
register(Part("browsers", "Browsers you have signed in with", _browsers))
register(Part("decisions", "What administrators decided about your account", _decisions))
register(Part("lists", "Lists of people to be let in", _lists))
register(Part("admission", "How you were let in", _admission))
register(Part("profile", "Your profile", _profile, _picture))
register(Part("tools", "Tools you use", _tools))
register(Part("themes", "Themes you follow", _themes))
register(Part("memberships", "Your networks", _memberships))
register(Part("history", "History of your networks", _history))
register(Part("invitations", "Invitations", _invitations))
register(Part("ground_rules", "Ground rules you agreed to", _rules))
register(Part("notices", "Your notices", _notices))
register(Part("mail", "Mail to you", _mail))
register(Part("what_you_did", "What the site recorded that you did", _done))
