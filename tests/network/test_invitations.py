"""Being invited: bound to one mailbox, for a while, known to nobody else, and never past the rule unsaid."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from network.actions.admission import begin_sign_up, open_account, prove_mailbox
from network.actions.domains import confirm_domain, take_confirmation_back
from network.actions.invitations import (
    accept_invitation,
    forget_old_invitations,
    invite,
    resend_invitation,
    revoke_invitation,
)
from network.actions.mail import send_due_mail
from network.actions.membership import appoint_facilitator, ask_to_join, join_network, suspend_member
from network.forms import SignUpForm
from network.limits import INVITING, LimitReached
from network.models import (
    Admission,
    AuditEvent,
    Invitation,
    Member,
    Membership,
    MembershipEvent,
    Network,
    Organisation,
    OrganisationDomain,
)
from network.notifications import unread_notices
from network.permissions import MOST_SENDINGS, Refused, can_sign_up
from tests.cast import Cast, sign_in

INVITATIONS = "/networks/ai-practitioners/invitations/"
SAM = "sam@supplier.example.com"
NOTE = "Runs our shared platform; I know him from the steering group."
NOT_FACILITATORS = ["bob", "olga", "amir", "lena", "sven", "ada"]


@pytest.fixture
def to_sam(cast: Cast) -> Invitation:
    return invite(cast.practitioners, SAM, by=cast.fay, kind="supplier", words="Hello Sam.", note=NOTE)


@pytest.fixture
def to_olga(cast: Cast) -> Invitation:
    has_proved(cast.olga)
    return invite(cast.practitioners, cast.olga.email, by=cast.fay, words="Hello Olga.")


def has_proved(member: Member) -> Member:
    EmailAddress.objects.create(user=member, email=member.email, primary=True, verified=True)
    return member


def signed_up(invitation: Invitation, name: str = "Sam Supplier") -> Member:
    """An account at the invited address, its mailbox proved."""
    member = begin_sign_up(invitation.email, invitation=invitation)
    EmailAddress.objects.filter(user=member).update(verified=True)
    prove_mailbox(member, {"email": invitation.email, "name": name, "organisation": None})
    member.refresh_from_db()
    return member


def client_of(member: Member | None) -> Client:
    client = Client()
    if member:
        sign_in(client, member)
    return client


def sent() -> list[Any]:
    mail.outbox.clear()
    send_due_mail(now=timezone.now() + timedelta(minutes=1))
    return list(mail.outbox)


# Accepting


def test_an_officer_with_an_account_accepts_by_one_button(cast: Cast, to_olga: Invitation) -> None:
    assert [notice.address for notice in unread_notices(cast.olga)] == [to_olga.get_absolute_url()]
    olga = client_of(cast.olga)
    page = olga.get(to_olga.get_absolute_url()).content.decode()
    assert "Fay Facilitates invited you and wrote:" in page
    assert "Hello Olga." in page
    assert cast.practitioners not in Network.objects.of(cast.olga), "programs follow links in mail"

    joined = olga.post(to_olga.get_absolute_url(), follow=True).content.decode()

    assert "You are now a member of the AI Practitioners Network." in joined
    assert cast.practitioners in Network.objects.of(cast.olga)
    assert [event.kind for event in MembershipEvent.objects.filter(membership__member=cast.olga)] == ["invited"]
    assert [notice.title for notice in unread_notices(cast.fay)] == [
        "Olga Outside has accepted your invitation to the AI Practitioners Network"
    ]
    assert cast.olga.admission.rule == Admission.Rule.CONFIRMED_DOMAIN


def test_a_supplier_is_let_in_by_the_invitation_and_into_that_network_only(cast: Cast, to_sam: Invitation) -> None:
    sam = signed_up(to_sam)
    assert sam.name == "Sam Supplier"
    assert not Admission.objects.filter(member=sam).exists()

    accept_invitation(to_sam, by=sam)

    sam = Member.objects.get(pk=sam.pk)
    admission = Admission.objects.get(member=sam)
    assert (admission.rule, admission.invitation, admission.by, admission.note) == (
        Admission.Rule.INVITATION,
        to_sam,
        cast.fay,
        NOTE,
    )
    assert sam.kind == Member.Kind.SUPPLIER
    assert list(Network.objects.of(sam)) == [cast.practitioners]
    for come_in in (lambda: join_network(cast.ai, by=sam), lambda: ask_to_join(cast.ai, by=sam, reason="Please")):
        with pytest.raises(Refused, match="when one of its facilitators invites them"):
            come_in()
    assert NOTE not in str([event.details for event in AuditEvent.objects.all()])


def test_an_invitation_is_accepted_once(cast: Cast, to_olga: Invitation) -> None:
    accept_invitation(to_olga, by=cast.olga)
    with pytest.raises(Refused):
        accept_invitation(to_olga, by=cast.olga)
    response = client_of(cast.olga).get(to_olga.get_absolute_url(), follow=True)
    assert "You belong to the AI Practitioners Network." in response.content.decode()


@pytest.mark.parametrize("who", ["fay", "bob", "amir", "lena", "sven", "ada"])
def test_it_is_good_for_that_mailbox_alone(cast: Cast, to_olga: Invitation, who: str) -> None:
    other = has_proved(getattr(cast, who))
    with pytest.raises(Refused, match="another email address"):
        accept_invitation(to_olga, by=other)
    for answer in (
        client_of(other).get(to_olga.get_absolute_url()),
        client_of(other).post(to_olga.get_absolute_url()),
    ):
        page = answer.content.decode()
        assert answer.status_code == 403
        assert "sent to another email address" in page
        assert cast.olga.email not in page
        assert "Hello Olga." not in page


def test_an_address_that_is_not_proved_is_not_enough(cast: Cast, to_olga: Invitation) -> None:
    EmailAddress.objects.filter(user=cast.olga).update(verified=False)
    with pytest.raises(Refused, match="another email address"):
        accept_invitation(to_olga, by=cast.olga)


def test_whoever_is_not_signed_in_is_led_through_signing_in_or_up_and_comes_back(to_sam: Invitation) -> None:
    response = client_of(None).get(to_sam.get_absolute_url())
    page = response.content.decode()

    assert not response.cookies
    assert "Hello Sam." not in page
    assert SAM not in page
    for way in ("/account/signup/?next=", "/account/login/code/?next="):
        assert f"{way}{to_sam.get_absolute_url().replace('/', '%2F').replace(':', '%3A')}" in page


def test_a_suspended_member_does_not_come_back_by_an_invitation(cast: Cast, to_olga: Invitation) -> None:
    join_by_hand = Membership.objects.create(
        member=cast.olga, network=cast.practitioners, state="active", joined_at=timezone.now()
    )
    suspend_member(join_by_hand, by=cast.fay, words="No.")
    with pytest.raises(Refused, match="suspended"):
        accept_invitation(to_olga, by=cast.olga)
    with pytest.raises(Refused, match="suspended"):
        invite(cast.practitioners, cast.sven.email, by=cast.fay)


# Never past the rule unsaid


def test_an_address_at_an_unknown_domain_needs_a_reason(cast: Cast) -> None:
    with pytest.raises(Refused, match="Say why they are let in"):
        invite(cast.practitioners, SAM, by=cast.fay, kind="supplier")

    fay = client_of(cast.fay)
    first = {"email": SAM, "kind": "supplier", "words": "Hello."}
    page = fay.post(f"{INVITATIONS}new/", first).content.decode()
    assert "<strong>supplier.example.com</strong> is not a council&#x27;s domain" in page.replace("'", "&#x27;")
    assert "<title>Error: Invite somebody" in page
    assert '<a href="#id_note">Enter why they should be let in: we do not know supplier.example.com' in page
    assert not Invitation.objects.exists()

    page = fay.post(f"{INVITATIONS}new/", first | {"note_asked": "yes", "note": " "}).content.decode()
    assert "Enter why they should be let in" in page
    assert not Invitation.objects.exists()

    fay.post(f"{INVITATIONS}new/", first | {"note_asked": "yes", "note": NOTE})
    assert Invitation.objects.get().note == NOTE


def test_an_officer_at_an_unknown_domain_needs_a_council_too(cast: Cast) -> None:
    fay = client_of(cast.fay)
    form = {"email": "kim@elsewhere.example.com", "kind": "officer", "note_asked": "yes", "note": NOTE}
    page = fay.post(f"{INVITATIONS}new/", form).content.decode()
    assert "Choose the council they work for from the list" in page

    fay.post(f"{INVITATIONS}new/", form | {"organisation": cast.council.name})
    invitation = Invitation.objects.get()
    kim = signed_up(invitation, "Kim Elsewhere")
    accept_invitation(invitation, by=kim)
    assert Member.objects.get(pk=kim.pk).organisation == cast.council


def test_a_councils_address_is_an_officers_whatever_the_facilitator_says(cast: Cast) -> None:
    with pytest.raises(Refused, match="Invite them as one"):
        invite(cast.practitioners, "new@exampleshire.example.org", by=cast.fay, kind="supplier", note=NOTE)


def test_a_known_address_is_invited_in_one_step_without_a_reason(cast: Cast) -> None:
    form = {"email": "New@Exampleshire.example.org", "kind": "officer", "words": ""}
    page = client_of(cast.fay).post(f"{INVITATIONS}new/", form, follow=True).content.decode()

    assert "We are sending an invitation to new@exampleshire.example.org." in page
    assert Invitation.objects.get().note == ""


class TestAnUnconfirmedDomain:
    @pytest.fixture
    def newtown(self, cast: Cast) -> OrganisationDomain:
        council = Organisation.objects.create(name="Newtown Council", short_name="Newtown", slug="newtown")
        return OrganisationDomain.objects.create(organisation=council, domain="newtown.example.org", source="register")

    def test_lets_nobody_into_a_network_by_request_before_it_is_confirmed_and_says_so_to_both(
        self, cast: Cast, newtown: OrganisationDomain
    ) -> None:
        form = {"email": "nora@newtown.example.org", "kind": "officer", "words": ""}
        page = client_of(cast.fay).post(f"{INVITATIONS}new/", form, follow=True).content.decode()
        assert "once an administrator has confirmed newtown.example.org" in page
        assert "An administrator has to confirm the domain of this address" in page
        [message] = sent()
        assert "an administrator has to confirm that your email domain" in message.body

        invitation = Invitation.objects.get()
        nora = open_account("nora@newtown.example.org", name="Nora New")
        page = client_of(nora).get(invitation.get_absolute_url()).content.decode()
        assert "You cannot accept it yet." in page
        assert "An administrator has to confirm first" in page
        assert "Accept the invitation" not in page
        with pytest.raises(Refused):
            accept_invitation(invitation, by=nora)

        confirm_domain(newtown, by=cast.ada)
        assert accept_invitation(invitation, by=Member.objects.get(pk=nora.pk)).is_active

    def test_whoever_was_invited_hears_by_mail_once_it_is_confirmed(
        self, cast: Cast, newtown: OrganisationDomain
    ) -> None:
        other = f"nora@{cast.bob.email.partition('@')[2]}"
        for network, address in (
            (cast.practitioners, "nora@newtown.example.org"),
            (cast.ai, "nils@newtown.example.org"),
            (cast.practitioners, other),
        ):
            invite(network, address, by=cast.fay)
        assert len(sent()) == 3

        confirm_domain(newtown, by=cast.ada)
        take_confirmation_back(newtown, by=cast.ada)
        confirm_domain(newtown, by=cast.ada)

        [message] = sent()
        invitation = Invitation.objects.get(email="nora@newtown.example.org")
        assert message.to == ["nora@newtown.example.org"]
        assert message.subject == "You can now accept your invitation to the AI Practitioners Network"
        assert invitation.get_absolute_url() in message.body
        assert sent() == []

    @pytest.mark.parametrize("meanwhile", ["accepted", "revoked", "taken back", "ran out", "came in by another way"])
    def test_nothing_is_mailed_where_there_is_nothing_to_accept_any_more(
        self, cast: Cast, newtown: OrganisationDomain, meanwhile: str
    ) -> None:
        invitation = invite(cast.practitioners, "nora@newtown.example.org", by=cast.fay)
        nora = open_account("nora@newtown.example.org", name="Nora New")
        sent()
        confirm_domain(newtown, by=cast.ada)
        nora = Member.objects.get(pk=nora.pk)
        if meanwhile == "accepted":
            accept_invitation(invitation, by=nora)
        elif meanwhile == "revoked":
            revoke_invitation(invitation, by=cast.fay)
        elif meanwhile == "taken back":
            take_confirmation_back(newtown, by=cast.ada)
        elif meanwhile == "ran out":
            Invitation.objects.update(expires_at=timezone.now())
        else:
            appoint_facilitator(cast.practitioners, nora, by=None)

        assert not [message for message in sent() if "You can now accept" in message.subject]

    def test_nobody_waited_where_the_domain_was_confirmed_for_another_council(
        self, cast: Cast, newtown: OrganisationDomain
    ) -> None:
        OrganisationDomain.objects.create(
            organisation=cast.council, domain=newtown.domain, source="person", confirmed_at=timezone.now()
        )
        invite(cast.practitioners, "nora@newtown.example.org", by=cast.fay)
        sent()

        confirm_domain(newtown, by=cast.ada)

        assert sent() == []

    def test_lets_them_into_a_network_that_is_joined_at_once(self, cast: Cast, newtown: OrganisationDomain) -> None:
        invitation = invite(cast.ai, "nora@newtown.example.org", by=cast.fay)
        nora = open_account("nora@newtown.example.org", name="Nora New")

        assert accept_invitation(invitation, by=nora).is_active


# Nobody can see from outside whether somebody is invited


def test_signing_up_with_an_invited_address_works_from_the_invitation_only(to_sam: Invitation) -> None:
    form = {"email": SAM, "name": "Sam Supplier"}
    stranger = Client().post("/account/signup/", form)
    uninvited = Client().post("/account/signup/", {"email": "zoe@supplier.example.com", "name": "Sam Supplier"})
    invited = Client().post("/account/signup/", form | {"next": to_sam.get_absolute_url()})

    assert stranger.status_code == uninvited.status_code == 200
    assert stranger.context["form"].errors == uninvited.context["form"].errors
    assert invited["Location"].startswith("/account/signup/confirm/")
    assert Member.objects.get(email=SAM) in Member.objects.unproved()


def test_somebody_elses_invitation_lets_no_other_address_sign_up(to_sam: Invitation) -> None:
    form = {"email": "eve@evil.example", "name": "Eve", "next": to_sam.get_absolute_url()}
    response = Client().post("/account/signup/", form)

    assert "We do not know evil.example as one" in response.context["form"].errors["email"][0]
    assert not can_sign_up("eve@evil.example", to_sam)
    assert not can_sign_up(f"{SAM}.evil.example", to_sam)


def test_the_sign_up_form_asks_the_database_the_same_for_an_invited_address_as_for_another(to_sam: Invitation) -> None:
    def queries(email: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert not SignUpForm({"email": email, "name": "Somebody Else"}).is_valid()
        return len(captured)

    assert queries(SAM) == queries("zoe@supplier.example.com")


@pytest.mark.parametrize("end", ["revoked", "run out", "sent again"])
def test_an_invitation_that_is_over_lets_nobody_sign_up_and_says_so(cast: Cast, to_sam: Invitation, end: str) -> None:
    old = to_sam.get_absolute_url()
    if end == "revoked":
        revoke_invitation(to_sam, by=cast.fay)
    elif end == "run out":
        Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    else:
        resend_invitation(to_sam, by=cast.fay)

    response = client_of(None).get(old)
    assert response.status_code == 404
    assert "This invitation cannot be used" in response.content.decode()
    response = Client().post("/account/signup/", {"email": SAM, "name": "Sam", "next": old})
    assert "email" in response.context["form"].errors


@pytest.mark.parametrize("token", ["x", "WzEsMV0:forged", "1:1", "%00", "a" * 3000])
def test_a_forged_token_is_like_one_that_never_was(to_sam: Invitation, token: str) -> None:
    assert client_of(None).get(f"/invitations/{token}/").status_code in (400, 404)


def test_the_list_and_its_buttons_are_not_there_for_anybody_else(cast: Cast, to_sam: Invitation) -> None:
    for who in (*(getattr(cast, name) for name in NOT_FACILITATORS), None):
        client = client_of(who)
        assert client.get(INVITATIONS).status_code == 404
        assert client.get(f"{INVITATIONS}new/").status_code == 404
        assert client.post(f"{INVITATIONS}new/", {"email": SAM, "kind": "supplier"}).status_code == 404
        for step in ("resend", "revoke"):
            assert client.post(f"{INVITATIONS}{to_sam.pk}/{step}/").status_code == 404


@pytest.mark.parametrize("who", NOT_FACILITATORS)
def test_nobody_but_a_facilitator_invites_resends_or_revokes(cast: Cast, to_sam: Invitation, who: str) -> None:
    other = getattr(cast, who)
    for attempt in (
        lambda: invite(cast.practitioners, "new@exampleshire.example.org", by=other),
        lambda: resend_invitation(to_sam, by=other),
        lambda: revoke_invitation(to_sam, by=other),
    ):
        with pytest.raises(Refused):
            attempt()


# Sending


def test_the_mail_goes_to_the_address_with_a_link_that_works(cast: Cast, to_sam: Invitation) -> None:
    [message] = sent()

    assert message.to == [SAM]
    assert message.subject == "You are invited to the AI Practitioners Network"
    assert "Hello Sam." in message.body
    assert to_sam.get_absolute_url() in message.body
    assert NOTE not in message.body
    assert sent() == []


def test_sending_again_is_another_mail_and_ends_the_link_before(cast: Cast, to_sam: Invitation) -> None:
    old = to_sam.get_absolute_url()
    again = resend_invitation(to_sam, by=cast.fay)
    [message] = sent()  # and not the first, which was still due

    assert again.expires_at > to_sam.expires_at
    assert again.get_absolute_url() in message.body
    assert old not in message.body


def test_an_invitation_is_not_sent_for_ever(cast: Cast, to_sam: Invitation) -> None:
    for _ in range(MOST_SENDINGS - 1):
        to_sam = resend_invitation(to_sam, by=cast.fay)
    with pytest.raises(Refused, match="Ask them in another way"):
        resend_invitation(to_sam, by=cast.fay)


def test_a_facilitator_invites_so_many_in_a_day_and_no_more(cast: Cast) -> None:
    for _ in range(INVITING.times):
        INVITING.spend(cast.fay)
    with pytest.raises(LimitReached, match="You can send an invitation 50 times in a day"):
        invite(cast.practitioners, "new@exampleshire.example.org", by=cast.fay)
    assert not Invitation.objects.exists()


def test_a_revoked_invitation_is_not_mailed(cast: Cast, to_sam: Invitation) -> None:
    revoke_invitation(to_sam, by=cast.fay)

    assert sent() == []
    with pytest.raises(Refused, match="withdrawn"):
        resend_invitation(to_sam, by=cast.fay)


def test_an_address_is_invited_once(cast: Cast, to_sam: Invitation) -> None:
    with pytest.raises(Refused, match="already invited"):
        invite(cast.practitioners, SAM.upper(), by=cast.fay, kind="supplier", note=NOTE)
    with pytest.raises(Refused, match="already belongs"):
        invite(cast.practitioners, cast.bob.email, by=cast.fay)
    revoke_invitation(to_sam, by=cast.fay)
    assert invite(cast.practitioners, SAM, by=cast.fay, kind="supplier", note=NOTE).is_open()


def test_the_list_shows_each_with_its_state_and_takes_as_many_queries_for_twenty_as_for_two(
    cast: Cast, to_sam: Invitation, make_officers: Callable[[int], list[Member]]
) -> None:
    fay = client_of(cast.fay)

    def queries() -> int:
        fay.get(INVITATIONS)  # what is cached for good is cached now
        with CaptureQueriesContext(connection) as captured:
            assert fay.get(INVITATIONS).status_code == 200
        return len(captured)

    def fill(officers: list[Member]) -> None:
        for n, officer in enumerate(officers):
            invitation = invite(cast.practitioners, officer.email, by=cast.fay)
            changes: list[dict[str, Any]] = [
                {"revoked_at": timezone.now()},
                {"accepted_at": timezone.now(), "accepted_by": officer},
                {"expires_at": timezone.now()},
            ]
            Invitation.objects.filter(pk=invitation.pk).update(**changes[n % 3])

    fill(make_officers(3))
    page = fay.get(INVITATIONS).content.decode()
    for state in ("Waiting for an answer", "Withdrawn", "Accepted", "Ran out"):
        assert state in page
    few = queries()
    fill(make_officers(20))
    assert queries() == few <= 14


def test_what_nobody_accepted_is_forgotten_after_ninety_days(
    cast: Cast, to_olga: Invitation, to_sam: Invitation
) -> None:
    accept_invitation(to_olga, by=cast.olga)

    assert forget_old_invitations(now=to_sam.expires_at + timedelta(days=89)) == 0
    assert forget_old_invitations(now=to_sam.expires_at + timedelta(days=91)) == 1
    assert list(Invitation.objects.all()) == [to_olga]
