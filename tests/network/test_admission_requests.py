"""Somebody at a public body that no rule knows asks to be let in, and an administrator decides."""

from __future__ import annotations

import re

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from network.actions.admission import begin_sign_up, prove_mailbox
from network.actions.admission_requests import ask_for_admission, decline_admission, let_in
from network.actions.domains import add_domain
from network.actions.mail import send_due_mail
from network.models import Admission, AdmissionRequest, AuditEvent, MailLedger, Member, Notice, Organisation
from network.notifications import unread_notices
from network.permissions import Refused, can_join
from tests.cast import Cast, sign_in
from tests.network.conftest import Queries

PETRA = "petra@parish.gov.uk"


def waiting(email: str = PETRA, name: str = "Petra Parish") -> Member:
    """Somebody whose mailbox is proved, and whom no rule lets in."""
    member = begin_sign_up(email)
    member.emailaddress_set.update(verified=True)
    assert prove_mailbox(member, {"email": email, "name": name, "organisation": None}) is None
    return Member.objects.get(pk=member.pk)


@pytest.fixture
def petra(cast: Cast) -> Member:
    return waiting()


@pytest.fixture
def asked(petra: Member) -> AdmissionRequest:
    request = ask_for_admission(by=petra, works_for="Little Parish Council", reason="We share a clerk with Kent.")
    assert request is not None
    return request


def client_of(member: Member) -> Client:
    client = Client()
    sign_in(client, member)
    return client


def titles(member: Member) -> list[str]:
    return [shown.title for shown in unread_notices(Member.objects.get(pk=member.pk))]


class TestAsking:
    def test_from_sign_up_to_the_queue_and_in(self, client: Client, cast: Cast) -> None:
        client.post("/account/signup/", {"email": PETRA, "name": "Petra Parish"})
        code = re.search(r"^\s+([A-Z]{3}-[A-Z]{3})$", str(mail.outbox[-1].body), re.MULTILINE)
        assert code
        assert client.post("/account/signup/confirm/", {"code": code[1]})["Location"] == "/welcome/"
        assert "Ask to be let in" in client.get("/welcome/").content.decode()

        page = client.get("/welcome/ask/").content.decode()
        assert "Full name" not in page  # asked already
        assert "<title>Error: Ask to be let in" in client.post("/welcome/ask/", {}).content.decode()
        answer = client.post("/welcome/ask/", {"works_for": "Little Parish Council", "reason": "We are small."})
        assert answer["Location"] == "/welcome/"
        page = client.get("/welcome/").content.decode()
        assert "An administrator will decide" in page
        assert "Little Parish Council" in page

        ada = client_of(cast.ada)
        assert titles(cast.ada) == ["Petra Parish asks to be let in, for Little Parish Council"]
        page = ada.get("/administration/admissions/").content.decode()
        assert "We are small." in page and PETRA in page
        request = AdmissionRequest.objects.get()
        address = f"/administration/admissions/{request.pk}/let-in/"
        page = ada.get(address).content.decode()
        assert 'value="Little Parish Council"' in page
        posted = {
            "new_organisation": "Little Parish Council",
            "kind": "officer",
            "domain": "no",
            "note": "Called their clerk.",
        }
        assert "<title>Error:" in ada.post(address, posted | {"note": ""}).content.decode()
        assert ada.post(address, posted)["Location"] == "/administration/admissions/"

        admission = Admission.objects.get(member__email=PETRA)
        assert (admission.rule, admission.by, admission.note) == ("person", cast.ada, "Called their clerk.")
        assert admission.is_confirmed
        assert "You are here for Little Parish Council" in client.get("/welcome/").content.decode()

    def test_waits_for_an_answer_and_can_do_nothing_else(self, asked: AdmissionRequest, cast: Cast) -> None:
        assert not can_join(asked.member, cast.ai)
        assert client_of(asked.member).post("/networks/ai/join/").status_code == 403

    def test_asking_twice_is_one_request(self, asked: AdmissionRequest) -> None:
        with pytest.raises(Refused, match="already asked"):
            ask_for_admission(by=asked.member, works_for="Again", reason="Again")
        answer = client_of(asked.member).post("/welcome/ask/", {"works_for": "Again", "reason": "Again"})
        assert answer["Location"] == "/welcome/"
        assert AdmissionRequest.objects.get().works_for == "Little Parish Council"

    def test_an_officer_who_is_in_has_nothing_to_ask(self, cast: Cast) -> None:
        with pytest.raises(Refused, match="let in already"):
            ask_for_admission(by=cast.olga, works_for="X", reason="Y")
        assert client_of(cast.olga).get("/welcome/ask/")["Location"] == "/welcome/"

    def test_a_rule_that_has_come_to_know_the_domain_lets_in(self, petra: Member, cast: Cast) -> None:
        add_domain(cast.council, "parish.gov.uk", by=cast.ada)

        assert ask_for_admission(by=petra, works_for="X", reason="Y") is None
        assert Admission.objects.get(member=petra).rule == "unconfirmed_domain"

    def test_an_account_without_a_name_is_asked_for_one(self, cast: Cast) -> None:
        root = Member.objects.create_user("root@example.org")
        client = client_of(root)
        assert "Full name" in client.get("/welcome/ask/").content.decode()
        posted = {"works_for": "Here", "reason": "I run it."}
        assert "<title>Error:" in client.post("/welcome/ask/", posted | {"name": "The hub"}).content.decode()
        client.post("/welcome/ask/", posted | {"name": "Rona Root"})
        assert Member.objects.get(pk=root.pk).name == "Rona Root"


class TestDeciding:
    @pytest.mark.parametrize("who", ["fay", "bob", "olga", "amir", "lena", "sven"])
    def test_is_for_administrators_only(self, asked: AdmissionRequest, cast: Cast, who: str) -> None:
        member = getattr(cast, who)
        with pytest.raises(Refused):
            let_in(asked, by=member, organisation=cast.council, kind="officer", note="Friend")
        with pytest.raises(Refused):
            decline_admission(asked, by=member, words="No")
        client = client_of(member)
        for address in ("", f"{asked.pk}/let-in/", f"{asked.pk}/decline/"):
            assert client.get(f"/administration/admissions/{address}").status_code == 404
        asked.refresh_from_db()
        assert asked.state == "waiting"

    def test_declined_with_words_and_asked_again(self, asked: AdmissionRequest, cast: Cast) -> None:
        ada, petra = client_of(cast.ada), client_of(asked.member)
        address = f"/administration/admissions/{asked.pk}/decline/"
        assert "<title>Error:" in ada.post(address, {}).content.decode()
        ada.post(address, {"words": "Use the address of your county."})

        assert titles(asked.member) == ["Your request to be let in was declined"]
        assert "Use the address of your county." in petra.get("/welcome/").content.decode()
        assert send_due_mail() == 1
        assert "declined" in mail.outbox[-1].subject
        assert "Use the address" not in str(mail.outbox[-1].body)

        petra.post("/welcome/ask/", {"works_for": "Little Parish Council", "reason": "They have none."})
        asked.refresh_from_db()
        assert (asked.state, asked.decision, asked.decided_by) == ("waiting", "", None)
        let_in(asked, by=cast.ada, organisation=cast.council, kind="officer", note="True")
        assert send_due_mail() == 1
        assert mail.outbox[-1].subject == "You can now use Guildhall"

    def test_the_second_of_two_administrators_is_told(self, asked: AdmissionRequest, cast: Cast) -> None:
        decline_admission(asked, by=cast.ada, words="No")

        answer = client_of(cast.ada).post(
            f"/administration/admissions/{asked.pk}/let-in/",
            {"organisation": cast.council.name, "kind": "officer", "domain": "no", "note": "Yes"},
            follow=True,
        )
        assert "already been decided" in answer.content.decode()
        assert not Admission.objects.filter(member=asked.member).exists()

    def test_the_domain_can_be_let_in_with_the_person(self, asked: AdmissionRequest, cast: Cast) -> None:
        other = waiting("paul@parish.gov.uk", "Paul")
        ask_for_admission(by=other, works_for="Little Parish Council", reason="Me too")
        client_of(cast.ada).post(
            f"/administration/admissions/{asked.pk}/let-in/",
            {"organisation": cast.council.name, "kind": "officer", "domain": "confirmed", "note": "Called."},
        )

        domain = cast.council.domains.get(domain="parish.gov.uk")
        assert domain.confirmed_by == cast.ada
        admission = Admission.objects.get(member=other)
        assert (admission.rule, admission.domain) == ("confirmed_domain", domain)
        assert AdmissionRequest.objects.get(member=other).state == "admitted"
        assert "You have been let in: you can now join a network" in titles(other)

    def test_a_supplier_is_let_in_as_one(self, asked: AdmissionRequest, cast: Cast) -> None:
        let_in(asked, by=cast.ada, organisation="Software Ltd", kind="supplier", note="Speaks in June.")

        member = Member.objects.get(pk=asked.member_id)
        assert (member.label, str(member.organisation)) == ("Supplier", "Software Ltd")
        assert not can_join(member, cast.ai)

    def test_nobody_is_let_in_for_what_has_ended(self, asked: AdmissionRequest, cast: Cast) -> None:
        gone = Organisation.objects.create(name="Gone", short_name="Gone", slug="gone", ends_on=timezone.localdate())
        with pytest.raises(Refused, match="Gone has ended"):
            let_in(asked, by=cast.ada, organisation=gone, kind="officer", note="x")
        assert not AuditEvent.objects.filter(verb="admitted").exists()

    def test_everything_is_written_down(self, asked: AdmissionRequest, cast: Cast) -> None:
        let_in(asked, by=cast.ada, organisation="New Body", kind="partner", note="Because", adds_domain=True)

        verbs = list(AuditEvent.objects.order_by("pk").values_list("verb", "actor_id"))
        assert verbs == [
            ("asked to be let in", asked.member_id),
            ("added organisation", cast.ada.pk),
            ("admitted", cast.ada.pk),
            ("added domain", cast.ada.pk),
        ]
        assert MailLedger.objects.get().stream == "admission_decided"
        assert Notice.objects.filter(kind="admission_decided", member=asked.member).exists()


def test_the_queue_takes_as_many_queries_however_long_it_is(cast: Cast, queries: Queries) -> None:
    ada = client_of(cast.ada)
    counts = []
    for people in (3, 20):
        for number in range(AdmissionRequest.objects.count(), people):
            member = waiting(f"p{number}@parish.gov.uk", f"P{number}x")
            AdmissionRequest.objects.create(member=member, works_for="Parish", reason="Because")
        counts.append(queries(ada, "/administration/admissions/"))

    assert counts[0] == counts[1] <= 15
