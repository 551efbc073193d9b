"""A list of people that an administrator lets in: looked at, done by the worker, and told."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.forms import ValidationError
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from network import tasks
from network.actions import intake as verbs
from network.actions.intake import Listed, begin_intake, forget_old_intakes, look_at_list, run_intakes
from network.actions.mail import send_due_mail
from network.forms.intake import read_list
from network.models import Admission, AuditEvent, Intake, Member, Membership, Organisation, OrganisationDomain
from network.permissions import Refused
from network.tasks import look_for_lists
from tests.cast import Cast, sign_in
from tests.network.conftest import Queries, rows_of

EXAMPLE = "exampleshire.example.org"
HEAD = "email,name,organisation,job_title\n"


@pytest.fixture
def ada(cast: Cast) -> Client:
    client = Client()
    sign_in(client, cast.ada)
    return client


def people(*emails: str, **more: str) -> list[Listed]:
    return [
        Listed(number, email, f"Person {email.partition('@')[0]}", **more) for number, email in enumerate(emails, 2)
    ]


def outcomes(intake: Intake) -> list[str]:
    return list(intake.rows.values_list("outcome", flat=True))


def do(intake: Intake, cast: Cast) -> Intake:
    begin_intake(intake, by=cast.ada)
    run_intakes()
    intake.refresh_from_db()
    return intake


class TestTheFile:
    def test_columns_come_in_any_order_with_commas_or_semicolons_and_a_mark_of_bytes(self) -> None:
        for text in (
            "name,email\nNora,a@x.gov.uk\n",
            "\ufeffName;Job title;Email\r\nNora;Clerk;A+tag@X.gov.uk\r\n;;\r\n",
        ):
            (listed,) = read_list(text.encode())
            assert (listed.number, listed.name, listed.email, listed.problem) == (2, "Nora", "a@x.gov.uk", "")

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            ("name,email\nZoë,a@x.gov.uk\n".encode("latin-1"), "not UTF-8"),
            ("name,email\nA,a@x.gov.uk\n".encode("utf-16"), "not UTF-8"),
            (b"name,email\nA\x00,a@x.gov.uk\n", "not a CSV file"),
            (b"", "none called email"),
            (b"email\na@x.gov.uk\n", "none called name"),
            (b"email,name,role\na@x.gov.uk,A,administrator\n", "a column that we do not take: role"),
            (b"email,name,name\n", "the column name twice"),
            (b"email,name\n\n", "nobody in the list"),
            (b'email,name\na@x.gov.uk,A\nb@x.gov.uk,"B"x\n', "Line 3 cannot be read"),
            (b"email,name\na@x.gov.uk,A,more\n", "Line 2 has more cells"),
            (b"email,name\n" + b"a@x.gov.uk,A\n" * 1001, "more than 1,000 people"),
        ],
    )
    def test_what_is_wrong_with_it_is_said_with_the_line(self, content: bytes, said: str) -> None:
        with pytest.raises(ValidationError, match=said):
            read_list(content)

    def test_what_is_wrong_with_one_person_stands_beside_them(self) -> None:
        lines = ["nobody,A", "a@x.gov.uk,", "a@x.gov.uk,Guildhall", f"a@x.gov.uk,{'A' * 101}", '"a@x.gov.uk","A\nB"']
        problems = [listed.problem for listed in read_list(("email,name\n" + "\n".join(lines)).encode())]

        assert [bool(problem) for problem in problems] == [True, True, True, True, False]
        assert problems[1] == "There is no name."

    def test_more_than_a_megabyte_is_not_read(self, ada: Client) -> None:
        file = SimpleUploadedFile("list.csv", b"email,name\n" + b" " * 1_000_000)
        page = ada.post("/administration/intake/", {"file": file}).content.decode()
        assert "<title>Error: Let in a list of people" in page
        assert "larger than 1 MB" in page


class TestLooking:
    def test_says_what_would_become_of_each_and_does_nothing(self, cast: Cast) -> None:
        before = Member.objects.count()
        intake = look_at_list(
            [
                *people(f"new@{EXAMPLE}", cast.bob.email, "a@unknown.gov.uk", f"new@{EXAMPLE}"),
                Listed(6, "", "", problem="There is no name."),
                Listed(7, f"x@{EXAMPLE}", "X", organisation="Elsewhere"),
                Listed(8, f"y@{EXAMPLE}", "Y", organisation="EXAMPLESHIRE"),
            ],
            by=cast.ada,
        )

        assert outcomes(intake) == [
            "admitted",
            "unchanged",
            "refused",
            "refused",
            "refused",
            "refused",
            "admitted",
        ]
        whys = list(intake.rows.values_list("why", flat=True))
        assert whys[0] == "For Exampleshire County Council."
        assert "unknown.gov.uk" in whys[2]
        assert whys[3] == "The same mailbox as line 2."
        assert "not of Elsewhere" in whys[5]
        assert Member.objects.count() == before
        assert AuditEvent.objects.get().verb == "looked at a list of people"

    def test_councils_that_share_a_domain_are_told_apart_by_name(self, cast: Cast) -> None:
        other = Organisation.objects.create(name="Other Council", short_name="Other", slug="other")
        OrganisationDomain.objects.create(organisation=other, domain=EXAMPLE, source="register")
        intake = look_at_list(
            [Listed(2, f"a@{EXAMPLE}", "A"), Listed(3, f"b@{EXAMPLE}", "B", organisation="Other Council")], by=cast.ada
        )

        assert outcomes(intake) == ["refused", "admitted"]
        do(intake, cast)
        assert Member.objects.get(email=f"b@{EXAMPLE}").organisation == other

    def test_takes_as_many_queries_for_many_as_for_few(self, cast: Cast) -> None:
        counts = []
        for size in (2, 60):
            by = Member.objects.get(pk=cast.ada.pk)
            with CaptureQueriesContext(connection) as captured:
                look_at_list(people(*(f"p{n}@{EXAMPLE}" for n in range(size))), by=by)
            counts.append(len(captured))
        assert counts[0] == counts[1]

    @pytest.mark.parametrize("who", ["fay", "bob", "olga", "amir", "lena", "sven"])
    def test_is_for_administrators_only(self, cast: Cast, who: str) -> None:
        member = getattr(cast, who)
        intake = look_at_list(people(f"new@{EXAMPLE}"), by=cast.ada)
        with pytest.raises(Refused):
            look_at_list(people(f"new@{EXAMPLE}"), by=member)
        with pytest.raises(Refused):
            begin_intake(intake, by=member)
        client = Client()
        sign_in(client, member)
        for address in ("", f"{intake.pk}/", f"{intake.pk}/report.csv"):
            assert client.get(f"/administration/intake/{address}").status_code == 404
        assert client.post(f"/administration/intake/{intake.pk}/begin/").status_code == 404

    def test_a_network_that_is_joined_by_request_is_not_filled_that_way(self, cast: Cast) -> None:
        with pytest.raises(Refused):
            look_at_list(people(f"new@{EXAMPLE}"), by=cast.ada, network=cast.practitioners)


class TestDoing:
    def test_each_is_let_in_by_the_domain_and_told(self, cast: Cast) -> None:
        intake = do(look_at_list(people(f"new@{EXAMPLE}", job_title="Clerk"), by=cast.ada), cast)

        new = Member.objects.get(email=f"new@{EXAMPLE}")
        assert (new.name, new.organisation, new.job_title) == ("Person new", cast.council, "Clerk")
        admission = Admission.objects.get(member=new)
        assert (admission.rule, admission.by) == ("confirmed_domain", cast.ada)
        assert admission.note == f"List {intake.pk}, line 2"
        assert (intake.state, intake.done) == ("done", 1)
        assert not new.is_superuser and not new.user_permissions.exists() and not new.groups.exists()
        assert send_due_mail() == 1
        assert mail.outbox[0].to == [new.email]
        assert mail.outbox[0].subject == "You have an account at Guildhall"

    def test_who_was_let_in_signs_in_with_a_code(self, client: Client, cast: Cast) -> None:
        do(look_at_list(people(f"new@{EXAMPLE}"), by=cast.ada), cast)
        client.post("/account/signup/", {"email": f"new@{EXAMPLE}", "name": "Mallory"})
        assert "There is one already" in str(mail.outbox[-1].body)
        client.post("/account/login/code/", {"email": f"new@{EXAMPLE}"})
        code = re.search(r"^\s+([A-Z]{3}-[A-Z]{3})$", str(mail.outbox[-1].body), re.MULTILINE)
        assert code
        client.post("/account/login/code/confirm/", {"code": code[1]})

        assert "You are here for Exampleshire County Council" in client.get("/welcome/").content.decode()
        new = Member.objects.get(email=f"new@{EXAMPLE}")
        assert (new.name, new.emailaddress_set.get().verified) == ("Person new", True)
        assert new.mailbox_proved_at is not None

    def test_those_who_are_here_stay_who_they_are(self, cast: Cast) -> None:
        listed = [Listed(2, cast.bob.email, "Robert", organisation="Elsewhere", job_title="Boss")]
        intake = do(look_at_list(listed, by=cast.ada), cast)

        bob = Member.objects.get(pk=cast.bob.pk)
        assert (bob.name, bob.organisation, bob.job_title) == ("Bob Belongs", cast.council, "")
        assert outcomes(intake) == ["unchanged"]
        assert send_due_mail() == 0

    def test_a_network_is_joined_by_whoever_may_and_did_not_leave_it(self, cast: Cast) -> None:
        listed = people(f"new@{EXAMPLE}", *(m.email for m in (cast.olga, cast.bob, cast.lena, cast.sven)))
        intake = look_at_list(listed, by=cast.ada, network=cast.ai)
        forecast = outcomes(intake)
        do(intake, cast)

        assert forecast == outcomes(intake) == ["admitted", "joined", "unchanged", "unchanged", "unchanged"]
        inside = set(Membership.objects.active().filter(network=cast.ai).values_list("member__email", flat=True))
        assert {f"new@{EXAMPLE}", cast.olga.email} <= inside
        assert not {cast.lena.email, cast.sven.email} & inside
        assert Membership.objects.get(member=cast.fay, network=cast.ai).role == "facilitator"
        assert {m.role for m in Membership.objects.filter(member__email=f"new@{EXAMPLE}")} == {"member"}

    def test_suppliers_come_into_no_network(self, cast: Cast) -> None:
        cast.council.domains.update(kind="supplier")
        intake = do(look_at_list(people(f"new@{EXAMPLE}"), by=cast.ada, network=cast.ai), cast)

        new = Member.objects.get(email=f"new@{EXAMPLE}")
        assert new.label == "Supplier"
        assert not new.memberships.exists()
        assert "when one of its facilitators invites them" in intake.rows.get().why

    def test_a_worker_that_dies_is_followed_by_one_that_goes_on(
        self, cast: Cast, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        intake = look_at_list(people(*(f"p{number}@{EXAMPLE}" for number in range(6))), by=cast.ada)
        begin_intake(intake, by=cast.ada)
        did = verbs._do_row
        done: list[int] = []

        def dies(intake: Intake, key: int) -> None:
            if len(done) == 3:
                raise SystemExit
            did(intake, key)
            done.append(key)

        monkeypatch.setattr(verbs, "_do_row", dies)
        with pytest.raises(SystemExit):
            run_intakes()
        intake.refresh_from_db()
        assert (intake.state, intake.done) == ("running", 3)
        monkeypatch.setattr(verbs, "_do_row", did)
        run_intakes()
        run_intakes()

        intake.refresh_from_db()
        assert (intake.state, intake.done) == ("done", 6)
        assert AuditEvent.objects.filter(verb="admitted").count() == 6
        assert AuditEvent.objects.filter(verb="finished a list of people").count() == 1

    def test_a_long_list_lets_other_tasks_in_between(self, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(tasks, "ROWS_AT_ONCE", 2)
        intake = look_at_list(people(*(f"p{number}@{EXAMPLE}" for number in range(5))), by=cast.ada)
        begin_intake(intake, by=cast.ada)
        done = []
        for _ in range(3):
            tasks.let_in_lists.func()
            intake.refresh_from_db()
            done.append((intake.state, intake.done, DBTaskResult.objects.count()))

        assert done == [("running", 2, 1), ("running", 4, 2), ("done", 5, 2)]

    def test_a_line_that_breaks_leaves_the_others(self, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
        intake = look_at_list(people(f"a@{EXAMPLE}", f"b@{EXAMPLE}"), by=cast.ada)
        let_in = verbs._let_in

        def breaks(intake: Intake, row: object, *rest: object) -> Member:
            if row.email.startswith("a@"):  # type: ignore[attr-defined]
                raise RuntimeError("broken")
            return let_in(intake, row, *rest)  # type: ignore[arg-type]

        monkeypatch.setattr(verbs, "_let_in", breaks)
        do(intake, cast)

        assert outcomes(intake) == ["refused", "admitted"]
        assert intake.done == 2

    def test_it_is_begun_once_and_put_in_the_queue_once(self, cast: Cast) -> None:
        intake = look_at_list(people(f"a@{EXAMPLE}"), by=cast.ada)
        look_for_lists()
        assert not DBTaskResult.objects.exists()
        begin_intake(intake, by=cast.ada)
        with pytest.raises(Refused, match="under way already"):
            begin_intake(intake, by=cast.ada)
        look_for_lists()
        look_for_lists()
        assert DBTaskResult.objects.count() == 1


class TestThePages:
    def test_from_the_file_to_the_report(self, cast: Cast, ada: Client) -> None:
        text = HEAD + f"new@{EXAMPLE},Nora New,,Clerk\n=cmd@{EXAMPLE},=1+1 Evil,,\n"
        file = SimpleUploadedFile("list.csv", text.encode())
        address = ada.post("/administration/intake/", {"file": file, "network": cast.ai.pk})["Location"]
        page = ada.get(address).content.decode()
        assert "Nothing has been done yet" in page
        assert "Would be let in" in page
        ada.post(f"{address}begin/")
        page = ada.get(address).content.decode()
        assert "0 of 2 done" in page
        assert "Check progress" in page
        run_intakes()
        assert "Done." in ada.get(address).content.decode()

        answer = ada.get(f"{address}report.csv")
        lines = rows_of(answer)
        assert lines[0] == ["line", "email", "name", "organisation", "job_title", "outcome", "why"]
        assert lines[1][:3] == ["2", f"new@{EXAMPLE}", "Nora New"]
        assert lines[2][1:3] == [f"'=cmd@{EXAMPLE}", "'=1+1 Evil"]
        assert "attachment" in answer["Content-Disposition"]

    def test_take_as_many_queries_for_many_as_for_few(self, cast: Cast, ada: Client, queries: Queries) -> None:
        counts: list[list[int]] = [[], [], []]
        for size in (2, 60):
            intake = look_at_list(people(*(f"p{n}@{EXAMPLE}" for n in range(size))), by=cast.ada)
            for taken, address in zip(counts, ("", f"{intake.pk}/", f"{intake.pk}/report.csv"), strict=True):
                taken.append(queries(ada, f"/administration/intake/{address}"))

        for taken in counts:
            assert taken[0] == taken[1] <= 16


def test_a_list_is_forgotten_after_ninety_days_and_who_was_let_in_is_not(cast: Cast) -> None:
    intake = do(look_at_list(people(f"new@{EXAMPLE}"), by=cast.ada), cast)

    assert forget_old_intakes() == 0
    assert forget_old_intakes(now=timezone.now() + timedelta(days=91)) == 1
    assert not Intake.objects.filter(pk=intake.pk).exists()
    assert Member.objects.filter(email=f"new@{EXAMPLE}").exists()
