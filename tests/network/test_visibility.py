"""Reading is reach: what each table of this storey shows to people outside, all tables at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.apps import apps
from django.contrib.auth.models import AnonymousUser
from django.db import models, transaction
from django.utils import timezone

from network.actions.audit import record
from network.models import (
    AccountEvent,
    Admission,
    AdmissionRequest,
    AuditEvent,
    Browser,
    DataExport,
    DueJob,
    GroundRules,
    Intake,
    Invitation,
    MailLedger,
    MailStop,
    Member,
    Membership,
    MembershipEvent,
    MemberTheme,
    MemberTool,
    Network,
    NetworkTheme,
    Notice,
    Organisation,
    OrganisationDomain,
    Profile,
    RulesAcceptance,
    Theme,
    Viewer,
    Worker,
)
from network.notifications import join_requested
from tests.cast import Cast

# No reader reaches these: words that mean nothing without a carrier, and what is reached through the one thing that it
# belongs to.
WITHOUT_READERS = {"Tag", "ThemeAlias", "IntakeRow", "StandingSanction"}

OUTSIDE = ["olga", "amir", "lena", "sven", "nobody", "closed"]


@pytest.fixture
def secret(cast: Cast) -> Theme:
    """Something of every table: above what the cast brings, a private theme, a notice, an audit event, and what bob and
    fay have told of themselves."""
    _tell(cast)
    theme = Theme.objects.create(name="A private theme", slug="private", private_to=cast.practitioners)
    request = Membership.objects.get(member=cast.amir)
    with transaction.atomic():
        join_requested(request, now=request.requested_at)  # type: ignore[arg-type]
        record("asked to join", request, by=cast.amir, network=cast.practitioners)
    return theme


def _tell(cast: Cast) -> None:
    now = timezone.now()
    rules = GroundRules.objects.create(number=1, text="Be kind.")
    for member in (cast.fay, cast.bob):
        Profile.objects.create(member=member, about="Private words", help_with="Private help")
        MemberTool.objects.create(member=member, name="Private tool")
        MemberTheme.objects.create(member=member, theme=cast.theme)
        RulesAcceptance.objects.create(member=member, rules=rules)
        Browser.objects.create(
            member=member, digest=Browser.digest_of(member.name), first_used_at=now, last_used_at=now
        )
        DataExport.objects.create(member=member, session_digest="0" * 64)
        MembershipEvent.objects.create(
            membership=member.memberships.get(network=cast.ai), kind=MembershipEvent.Kind.ASKED, words="Private reason"
        )
    AdmissionRequest.objects.create(member=cast.bob, works_for="A body", reason="Private reason")
    AccountEvent.objects.create(member=cast.bob, kind=AccountEvent.Kind.CORRECTED, words="Private reason")
    MailLedger.objects.create(recipient=f"member {cast.bob.pk}", stream="greeting", period="1", member=cast.bob)
    MailStop.objects.create(by=cast.ada, why="Private reason")
    DueJob.objects.create(name="ring", due_at=now, error="Private error")
    Worker.objects.create(name="private-machine", seen_at=now)
    Intake.objects.create(by=cast.ada, network=cast.ai)
    Invitation.objects.create(
        network=cast.ai, email="somebody@example.org", by=cast.fay, expires_at=now + timedelta(days=14)
    )


def viewer_of(cast: Cast, who: str) -> Viewer:
    if who == "nobody":
        return AnonymousUser()
    if who == "closed":  # belonged to both and facilitated, until the account was closed
        cast.fay.is_active = False
        cast.fay.save()
        return Member.objects.get(pk=cast.fay.pk)
    member: Member = getattr(cast, who)
    return member


def own(kind: type[models.Model], viewer: Viewer) -> Iterable[Any]:
    """What somebody outside every network may see of a table: what is public, and what is their own."""
    public: dict[type[models.Model], Callable[[], Iterable[Any]]] = {
        Network: Network.objects.all,  # that they exist, what they are for, how to join
        Organisation: Organisation.objects.all,  # the public register
        Theme: lambda: Theme.objects.filter(private_to=None),
        GroundRules: GroundRules.objects.all,
    }
    if kind in public:
        return public[kind]()
    if not viewer.is_authenticated or not viewer.is_active:
        return []
    if kind is Member:
        return Member.objects.filter(pk=viewer.pk)
    if kind in (Membership, Admission, Notice):
        return kind._default_manager.filter(member=viewer)
    return []


def tables() -> list[type[models.Model]]:
    return [model for model in apps.get_app_config("network").get_models() if model.__name__ not in WITHOUT_READERS]


@pytest.mark.parametrize("who", OUTSIDE)
@pytest.mark.parametrize("table", tables(), ids=lambda table: table.__name__)
def test_somebody_outside_sees_what_is_public_and_what_is_their_own(
    cast: Cast, secret: Theme, table: type[models.Model], who: str
) -> None:
    viewer = viewer_of(cast, who)
    seen = table._default_manager.visible_to(viewer)  # type: ignore[attr-defined]

    assert table._default_manager.exists(), "nothing to see, so nothing is tested"
    assert set(seen) == set(own(table, viewer))


def test_members_see_each_other_and_a_facilitator_sees_all_of_the_network(cast: Cast, secret: Theme) -> None:
    assert set(Member.objects.visible_to(cast.bob)) == {cast.fay, cast.bob}
    assert {m.member for m in Membership.objects.visible_to(cast.bob)} == {cast.fay, cast.bob}
    assert {m.member for m in Membership.objects.visible_to(cast.fay)} == {
        cast.fay,
        cast.bob,
        cast.amir,
        cast.lena,
        cast.sven,
    }
    assert secret in Theme.objects.visible_to(cast.bob)
    assert NetworkTheme.objects.visible_to(cast.bob).count() == 2


def test_a_member_of_one_network_sees_nothing_of_the_other(cast: Cast, secret: Theme) -> None:
    Membership.objects.filter(member=cast.bob, network=cast.practitioners).update(state="left")

    assert secret not in Theme.objects.visible_to(cast.bob)
    assert {theme.network for theme in NetworkTheme.objects.visible_to(cast.bob)} == {cast.ai}
    others = Membership.objects.visible_to(cast.bob).exclude(member=cast.bob)
    assert {membership.network for membership in others} == {cast.ai}


def test_the_book_of_what_was_done_and_the_domains_are_for_administrators(cast: Cast, secret: Theme) -> None:
    for who in (cast.fay, cast.bob):
        assert not AuditEvent.objects.visible_to(who).exists()
        assert not OrganisationDomain.objects.visible_to(who).exists()
        assert set(Admission.objects.visible_to(who)) == {who.admission}
    assert AuditEvent.objects.visible_to(cast.ada).exists()
    assert OrganisationDomain.objects.visible_to(cast.ada).exists()
    assert Admission.objects.visible_to(cast.ada).count() == 7


def test_accounts_their_history_and_the_ledger_of_mail_are_for_administrators(cast: Cast, secret: Theme) -> None:
    ended = Member.objects.get(pk=cast.ada.pk)
    ended.is_active = False
    for who in (AnonymousUser(), cast.fay, cast.bob, *cast.outsiders[:-1], ended):
        assert not Member.objects.administered_by(who).exists()
        assert not Membership.objects.administered_by(who).exists()
        assert not AccountEvent.objects.visible_to(who).exists()
        assert not MailLedger.objects.visible_to(who).exists()
    assert Member.objects.administered_by(cast.ada).count() == Member.objects.count()
    assert Membership.objects.administered_by(cast.ada).filter(member=cast.bob).count() == 2
    assert AccountEvent.objects.visible_to(cast.ada).exists()
    assert MailLedger.objects.visible_to(cast.ada).exists()


def test_an_administrator_sees_nothing_of_the_inside_of_a_network(cast: Cast, secret: Theme) -> None:
    assert set(Member.objects.visible_to(cast.ada)) == {cast.ada}
    assert not Membership.objects.visible_to(cast.ada).exists()
    assert secret not in Theme.objects.visible_to(cast.ada)
    assert not NetworkTheme.objects.visible_to(cast.ada).exists()


def test_an_audit_event_is_never_changed_or_deleted(cast: Cast, secret: Theme) -> None:
    event = AuditEvent.objects.latest("pk")
    for change in (
        event.save,
        event.delete,
        AuditEvent.objects.all().delete,
        lambda: AuditEvent.objects.update(verb="x"),
    ):
        with pytest.raises(TypeError):
            change()


def test_members_see_of_each_other_what_each_shows(cast: Cast, secret: Theme) -> None:
    assert {profile.member for profile in Profile.objects.visible_to(cast.bob)} == {cast.fay, cast.bob}
    assert {tool.member for tool in MemberTool.objects.visible_to(cast.bob)} == {cast.fay, cast.bob}
    assert {row.member for row in MemberTheme.objects.visible_to(cast.bob)} == {cast.fay, cast.bob}

    Profile.objects.filter(member=cast.fay).update(shows_tools=False, shows_themes=False)
    assert {tool.member for tool in MemberTool.objects.visible_to(cast.bob)} == {cast.bob}
    assert {row.member for row in MemberTheme.objects.visible_to(cast.bob)} == {cast.bob}
    assert {tool.member for tool in MemberTool.objects.visible_to(cast.fay)} == {cast.fay, cast.bob}


def test_the_history_of_a_membership_is_for_its_member_and_the_facilitators(cast: Cast, secret: Theme) -> None:
    assert {event.membership.member for event in MembershipEvent.objects.visible_to(cast.bob)} == {cast.bob}
    assert {event.membership.member for event in MembershipEvent.objects.visible_to(cast.fay)} == {cast.bob, cast.fay}
    assert Invitation.objects.visible_to(cast.fay).exists()
    assert not Invitation.objects.visible_to(cast.bob).exists()


def test_an_invitation_is_seen_by_whoever_has_proved_its_mailbox(cast: Cast, secret: Theme) -> None:
    Invitation.objects.update(email=cast.olga.email)
    proof = EmailAddress.objects.create(user=cast.olga, email=cast.olga.email, verified=False)
    assert not Invitation.objects.visible_to(cast.olga).exists()

    proof.verified = True
    proof.save()
    assert Invitation.objects.visible_to(cast.olga).exists()
    assert not Invitation.objects.visible_to(cast.bob).exists()


def test_the_queue_of_admission_and_the_intakes_are_for_administrators(cast: Cast, secret: Theme) -> None:
    assert not AdmissionRequest.objects.visible_to(cast.fay).exists()
    assert AdmissionRequest.objects.visible_to(cast.ada).exists()
    assert not Intake.objects.visible_to(cast.fay).exists()
    assert Intake.objects.visible_to(cast.ada).exists()
