"""The directory: who stands in it for whom, what finds them, its pages, its price, and its export."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.http import StreamingHttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from network.models import AuditEvent, Member, Membership, MemberTheme, MemberTool, Organisation, Profile, Theme
from tests.cast import Cast, sign_in
from tests.network.conftest import rows_of

OUTSIDERS = ["olga", "amir", "lena", "sven", "ada"]


def client_of(member: Member) -> Client:
    client = Client()
    sign_in(client, member)
    return client


def page_of(member: Member, query: str = "", status: int = 200) -> str:
    answer = client_of(member).get(f"/people/{query}")
    assert answer.status_code == status, (query, answer.status_code)
    return str(answer.content.decode().split("<main")[1])


def names(page: str) -> list[str]:
    return re.findall(r'app-profile-card__link" href="[^"]+">([^<]+)</a>', page)


def crowd(cast: Cast, how_many: int) -> list[Member]:
    """Officers of both networks, in bulk: six councils, four tools each, and half of them with a theme."""
    now = timezone.now()
    councils = [
        Organisation.objects.get_or_create(
            slug=f"council-{n}", defaults={"name": f"Council {n}", "kind": "county", "region": f"Region {n % 3}"}
        )[0]
        for n in range(6)
    ]
    first = Member.objects.count()
    members = Member.objects.bulk_create(
        Member(email=f"crowd{n}@example.org", name=f"Person {n:05}", organisation=councils[n % 6], job_title=f"Job {n}")
        for n in range(first, first + how_many)
    )
    Membership.objects.bulk_create(
        Membership(member=member, network=network, state="active", joined_at=now)
        for member in members
        for network in (cast.ai, cast.practitioners)
    )
    Profile.objects.bulk_create(
        Profile(member=member, help_with=f"Help with thing {member.pk}", about="Some words. " * 20)
        for member in members
    )
    MemberTool.objects.bulk_create(
        MemberTool(member=member, name=f"Tool {(member.pk + n) % 40}") for member in members for n in range(4)
    )
    MemberTheme.objects.bulk_create(MemberTheme(member=member, theme=cast.theme) for member in members[::2])
    return members


class TestWhoStandsInIt:
    def test_a_member_finds_those_of_their_networks_and_themselves(self, cast: Cast) -> None:
        page = page_of(cast.bob)

        assert names(page) == ["Bob Belongs", "Fay Facilitates"]
        assert "2 people in your networks" in page

    @pytest.mark.parametrize("who", OUTSIDERS)
    def test_somebody_outside_finds_nobody(self, cast: Cast, who: str) -> None:
        for query in ("", "?q=Fay", "?network=ai", f"?after={cast.bob.pk}"):
            page = page_of(getattr(cast, who), query)
            assert names(page) == []
            assert "You have not joined a network yet." in page
            assert "Fay" not in page

    def test_nobody_reads_it_without_signing_in(self, cast: Cast) -> None:
        assert Client().get("/people/").status_code == 302

    def test_only_a_shared_network_counts(self, cast: Cast) -> None:
        Membership.objects.filter(member=cast.fay, network=cast.ai).update(state="left")
        Membership.objects.filter(member=cast.bob, network=cast.practitioners).update(state="left")

        assert names(page_of(cast.bob)) == ["Bob Belongs"]

    @pytest.mark.parametrize("kind", [Member.Kind.PARTNER, Member.Kind.SUPPLIER])
    def test_partners_and_suppliers_are_never_in_it(self, cast: Cast, kind: str) -> None:
        Member.objects.filter(pk=cast.fay.pk).update(kind=kind)
        MemberTool.objects.create(member=cast.fay, name="Their tool")
        Profile.objects.create(member=cast.fay)
        page = page_of(cast.bob)

        assert names(page) == ["Bob Belongs"]
        assert "AI Network (1)" in page
        assert "Their tool" not in page

    def test_a_closed_account_is_not_in_it(self, cast: Cast) -> None:
        Member.objects.filter(pk=cast.fay.pk).update(is_active=False)

        assert names(page_of(cast.bob)) == ["Bob Belongs"]


class TestLookingFor:
    @pytest.fixture
    def fay(self, cast: Cast) -> Member:
        Member.objects.filter(pk=cast.fay.pk).update(job_title="Principal planner")
        Profile.objects.create(member=cast.fay, help_with="Impact assessments", about="Lives on a barge")
        MemberTool.objects.create(member=cast.fay, name="Power BI")
        MemberTheme.objects.create(member=cast.fay, theme=cast.theme)
        Organisation.objects.filter(pk=cast.council.pk).update(kind="county", region="South East")
        return cast.fay

    @pytest.mark.parametrize(
        "words", ["fay", "FACILITATES", "planner", "impact assess", "barge", "power bi", "planner barge fay"]
    )
    def test_words_are_found_wherever_they_stand(self, cast: Cast, fay: Member, words: str) -> None:
        page = page_of(cast.bob, f"?q={words}")

        assert names(page) == ["Fay Facilitates"]
        assert "1 person<" in page

    def test_every_word_must_be_found_and_a_sign_is_a_sign(self, cast: Cast, fay: Member) -> None:
        for words in ("planner mountains", "%25", "_", "\\"):
            assert "Nobody was found" in page_of(cast.bob, f"?q={words}")

    def test_a_council_is_found_by_its_name(self, cast: Cast, fay: Member) -> None:
        assert len(names(page_of(cast.bob, "?q=exampleshire"))) == 2

    @pytest.mark.parametrize(
        ("part", "words"),
        [
            ("job_title", "planner"),
            ("help_with", "Impact"),
            ("about", "barge"),
            ("tools", "Power"),
        ],
    )
    def test_by_what_is_hidden_nobody_is_found_or_described(
        self, cast: Cast, fay: Member, part: str, words: str
    ) -> None:
        Profile.objects.filter(member=fay).update(**{f"shows_{part}": False})

        assert "Nobody was found" in page_of(cast.bob, f"?q={words}")
        assert words not in page_of(cast.bob)
        assert "Nobody was found" in page_of(fay, f"?q={words}"), "not even by themselves"

    @pytest.mark.parametrize(
        "query",
        [
            "?organisation=exampleshire&theme=adult-social-care",
            "?kind=county&tool=power bi",
            "?region=South East&q=planner",
            "?network=ai&theme=adult-social-care",
        ],
    )
    def test_filters_go_together(self, cast: Cast, fay: Member, query: str) -> None:
        assert names(page_of(cast.bob, query)) == ["Fay Facilitates"]

    @pytest.mark.parametrize(
        "typed", ["exampleshire", "Exampleshire County Council", "EXAMPLESHIRE  county", "example"]
    )
    def test_an_organisation_is_typed_and_completed(self, cast: Cast, fay: Member, typed: str) -> None:
        page = page_of(cast.bob, f"?organisation={typed}")

        assert "Fay Facilitates" in names(page)
        assert "Organisation: Exampleshire County Council" in page
        assert '<datalist id="id_organisation-list"><option value="Exampleshire County Council">' in page

    def test_of_several_that_begin_so_none_is_taken(self, cast: Cast, fay: Member) -> None:
        other = Organisation.objects.create(slug="exampleton", name="Exampleton Town Council")
        Member.objects.filter(pk=fay.pk).update(organisation=other)
        page = page_of(cast.bob, "?organisation=Example")

        assert "Under “Organisation”, 2 begin with “Example”. Choose from the list" in page
        assert 'value="Example"' in page
        # Where nobody whom the reader may find is, is no choice.
        assert "Exampleton" not in page_of(cast.olga, "?organisation=exampleton")

    def test_choices_are_counted_over_what_the_reader_may_see(self, cast: Cast, fay: Member) -> None:
        MemberTool.objects.create(member=cast.bob, name="POWER BI")
        Profile.objects.create(member=cast.bob)
        MemberTool.objects.create(member=cast.olga, name="Outside tool")
        Profile.objects.create(member=cast.olga)
        page = page_of(cast.bob)

        for choice in ("AI Network (2)", "County council (2)", "South East (2)", "Adult social care (1)"):
            assert choice in page
        assert re.search(r"Power BI \(2\)|POWER BI \(2\)", page)
        assert "Outside tool" not in page

    @pytest.mark.parametrize(("part", "choice"), [("tools", "Power BI ("), ("themes", "Adult social care (")])
    def test_what_somebody_hides_is_no_choice_and_no_filter(
        self, cast: Cast, fay: Member, part: str, choice: str
    ) -> None:
        Profile.objects.filter(member=fay).update(**{f"shows_{part}": False})
        query = "?tool=power bi" if part == "tools" else "?theme=adult-social-care"

        for reader in (cast.bob, fay):
            assert choice not in page_of(reader)
            assert "There is a problem" in page_of(reader, query)

    def test_a_private_theme_of_a_network_outside_is_no_choice(self, cast: Cast, fay: Member) -> None:
        secret = Theme.objects.create(name="Secret", slug="secret", private_to=cast.practitioners)
        MemberTheme.objects.create(member=fay, theme=secret)
        assert "Secret (1)" in page_of(cast.bob)
        Membership.objects.filter(member=cast.bob, network=cast.practitioners).update(state="left")

        assert "Secret" not in page_of(cast.bob)
        # The same answer as for a theme that there is not.
        there, nowhere = (page_of(cast.bob, f"?theme={slug}") for slug in ("secret", "nowhere"))
        assert there == nowhere

    @pytest.mark.parametrize("name", ["network", "organisation", "kind", "region", "theme", "tool"])
    def test_a_value_that_nobody_has_is_answered_clearly(self, cast: Cast, name: str) -> None:
        page = page_of(cast.bob, f"?{name}=no-such-thing")

        assert "Nobody in your networks fits what you chose for" in page
        assert names(page) == []


class TestItsPages:
    def test_go_from_name_to_name_and_back(self, cast: Cast) -> None:
        crowd(cast, 58)  # sixty people, three pages
        seen, query, backwards = [], "", []
        for _ in range(3):
            page = page_of(cast.bob, query)
            seen.append(names(page))
            following = re.search(r'href="/people/(\?after=\d+)" rel="next"', page)
            query = following.group(1) if following else ""
        assert query == ""
        everybody = list(Member.objects.in_directory_of(cast.bob).order_by("name").values_list("name", flat=True))
        assert [name for page in seen for name in page] == everybody
        assert [len(page) for page in seen] == [25, 25, 10]

        for _ in range(2):
            before = re.search(r'href="/people/(\?before=\d+)" rel="prev"', page)
            assert before
            page = page_of(cast.bob, before.group(1))
            backwards.append(names(page))
        assert backwards == [seen[1], seen[0]]
        assert 'rel="prev"' not in page

    def test_people_of_the_same_name_are_all_there(self, cast: Cast) -> None:
        Member.objects.filter(pk__in=[member.pk for member in crowd(cast, 40)]).update(name="Same Name")
        first = page_of(cast.bob)
        following = re.search(r'href="/people/(\?after=\d+)" rel="next"', first)
        assert following

        assert len(names(first)) + len(names(page_of(cast.bob, following.group(1)))) == 42

    def test_a_name_in_small_letters_stands_in_its_place(self, cast: Cast) -> None:
        Member.objects.filter(pk=cast.bob.pk).update(name="gus Small")

        assert names(page_of(cast.fay)) == ["Fay Facilitates", "gus Small"]

    def test_filters_go_along_and_empty_ones_do_not(self, cast: Cast) -> None:
        crowd(cast, 40)
        page = page_of(cast.bob, "?q=person&network=&region=")

        assert re.search(r'href="/people/\?q=person&amp;after=\d+" rel="next"', page)

    @pytest.mark.parametrize("key", ["after=abc", "after=999999", "before=-1", "after=1e9", "after=" + "9" * 40])
    def test_an_address_of_no_page_is_answered_clearly(self, cast: Cast, key: str) -> None:
        page = page_of(cast.bob, f"?{key}&q=fay", status=404)

        assert "This page of the list no longer exists" in page
        assert 'href="/people/?q=fay"' in page

    def test_somebody_outside_is_no_edge(self, cast: Cast) -> None:
        assert names(page_of(cast.bob, f"?after={cast.amir.pk}", status=404)) == []

    def test_going_back_to_less_than_a_page_is_going_to_the_first(self, cast: Cast) -> None:
        answer = client_of(cast.bob).get(f"/people/?before={cast.fay.pk}&q=a")

        assert answer["Location"] == "/people/?q=a"


class TestItsPrice:
    def test_takes_twelve_queries_at_most_for_twenty_people_and_for_two_thousand(self, cast: Cast) -> None:
        bob = client_of(cast.bob)
        words = "?q=person&network=ai&kind=county&theme=adult-social-care"

        def queries(query: str) -> int:
            bob.get(f"/people/{query}")
            with CaptureQueriesContext(connection) as captured:
                assert bob.get(f"/people/{query}").status_code == 200
            return len(captured)

        crowd(cast, 30)
        few = [queries(""), queries(words)]
        members = crowd(cast, 1970)
        many = [queries(""), queries(words)]

        assert few == many
        assert max(many) <= 12
        assert queries(f"?after={members[1000].pk}") <= 12
        assert queries(f"?before={members[1000].pk}") <= 12
        assert "2002 people in your networks" in page_of(cast.bob)

    def test_the_page_of_a_council_takes_as_many_for_two_thousand_as_for_twenty(self, cast: Cast) -> None:
        bob = client_of(cast.bob)

        def queries() -> int:
            bob.get("/organisations/council-1/")
            with CaptureQueriesContext(connection) as captured:
                bob.get("/organisations/council-1/")
            return len(captured)

        crowd(cast, 20)
        few = queries()
        crowd(cast, 1980)

        assert queries() == few <= 14


class TestACouncilsPage:
    def test_names_who_came_before_and_after(self, cast: Cast) -> None:
        for slug in ("old-one", "old-two"):
            Organisation.objects.create(
                name=slug.title(), slug=slug, succeeded_by=cast.council, ends_on=timezone.localdate()
            )
        new = client_of(cast.bob).get("/organisations/exampleshire/").content.decode()
        old = Client().get("/organisations/old-one/").content.decode()

        assert "Took over from" in new and "Old-One" in new and "Old-Two" in new
        assert "Succeeded by" in old and "Exampleshire County Council" in old
        assert "Ended on" in old

    def test_leads_members_and_nobody_else_into_the_directory(self, cast: Cast) -> None:
        Organisation.objects.filter(pk=cast.council.pk).update(kind="county", region="South East")
        address = "/organisations/exampleshire/"
        page = client_of(cast.bob).get(address).content.decode()
        for link in ("/people/?kind=county", "/people/?region=South%20East"):
            assert f'href="{link}"' in page
            assert len(names(page_of(cast.bob, link.removeprefix("/people/")))) == 2

        for viewer in (Client(), client_of(cast.olga)):
            assert "/people/?" not in viewer.get(address).content.decode()

    @pytest.mark.parametrize("who", OUTSIDERS)
    def test_shows_nobody_to_somebody_outside(self, cast: Cast, who: str) -> None:
        page = client_of(getattr(cast, who)).get("/organisations/exampleshire/").content.decode()

        assert "Fay Facilitates" not in page and "Bob Belongs" not in page

    def test_shows_of_people_what_they_show(self, cast: Cast) -> None:
        Member.objects.filter(pk=cast.fay.pk).update(job_title="A hidden title")
        Profile.objects.create(member=cast.fay, help_with="Audits", shows_job_title=False)
        page = client_of(cast.bob).get("/organisations/exampleshire/").content.decode()

        assert "Audits" in page
        assert "A hidden title" not in page


class TestItsExport:
    def rows(self, member: Member) -> list[list[str]]:
        answer = client_of(member).get("/administration/people.csv")
        assert isinstance(answer, StreamingHttpResponse)
        assert answer["Content-Type"].startswith("text/csv")
        assert answer["Content-Disposition"].startswith("attachment")
        assert answer["Cache-Control"] == "private, no-store"
        return rows_of(answer)

    @pytest.mark.parametrize("who", ["fay", "bob", "olga", "amir", "lena", "sven", None])
    def test_is_not_there_for_anybody_but_an_administrator(self, cast: Cast, who: str | None) -> None:
        client = client_of(getattr(cast, who)) if who else Client()

        assert client.get("/administration/people.csv").status_code == 404
        assert not AuditEvent.objects.exists()

    def test_holds_what_officers_show_and_is_written_down(self, cast: Cast) -> None:
        Member.objects.filter(pk=cast.fay.pk).update(job_title="Lead")
        Member.objects.filter(pk=cast.bob.pk).update(kind=Member.Kind.PARTNER)
        Member.objects.filter(pk=cast.lena.pk).update(is_active=False)
        Profile.objects.create(member=cast.fay, help_with="Audits", about="Hidden words", shows_about=False)
        MemberTool.objects.create(member=cast.fay, name="QGIS")
        secret = Theme.objects.create(name="Secret", slug="secret", private_to=cast.practitioners)
        for theme in (cast.theme, secret):
            MemberTheme.objects.create(member=cast.fay, theme=theme)
        head, *rows = self.rows(cast.ada)

        fay = dict(zip(head, next(row for row in rows if row[0] == "Fay Facilitates"), strict=True))
        assert fay["Job title"] == "Lead"
        assert (fay["Can help with"], fay["Tools"], fay["Themes"]) == ("Audits", "QGIS", "Adult social care")
        text = str(rows)
        for hidden in ("Hidden words", "Secret", "Bob Belongs", "Lena Left", "@"):
            assert hidden not in text
        event = AuditEvent.objects.get()
        assert (event.verb, event.actor_id, event.details) == ("exported people", cast.ada.pk, {"people": len(rows)})

    @pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "  =1", "\uff1d1"])
    def test_no_cell_is_a_formula(self, cast: Cast, cell: str) -> None:
        Member.objects.filter(pk=cast.fay.pk).update(job_title=cell)

        assert any(f"'{cell}" in row for row in self.rows(cast.ada))

    def test_is_read_in_batches(self, cast: Cast, make_officers: Callable[[int], list[Any]]) -> None:
        from network.search import exported_people

        make_officers(5)
        batches = list(exported_people(cast.ada, batch=5))

        assert [len(batch) for batch in batches] == [5, 5, 2]
