"""People named in posts with an @."""

from __future__ import annotations

import time

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from forums import limits
from forums.actions.following import choose_level
from forums.actions.mentions import remember, write
from forums.actions.posts import edit_post, reply
from forums.actions.threads import start_thread
from forums.models import Mention, Post, Thread
from network.actions.closing import close_account
from network.actions.membership import leave_network
from network.actions.profile import change_profile
from network.limits import RateLimit
from network.models import Member, Membership, Network, Organisation
from network.notifications import unread_notices
from network.permissions import Refused
from tests.cast import Cast, sign_in


def joins(network: Network, member: Member) -> Member:
    joined_at = member.date_joined
    row = {"state": "active", "requested_at": joined_at, "joined_at": joined_at, "read_before": joined_at}
    Membership.objects.update_or_create(network=network, member=member, defaults=row)
    return member


def officer(cast: Cast, name: str, council: Organisation | None = None, network: Network | None = None) -> Member:
    email = f"{Member.objects.count()}@exampleshire.example.org"
    member = Member.objects.create_user(email, name=name, organisation=council or cast.council)
    return joins(network or cast.ai, member)


@pytest.fixture
def thread(cast: Cast) -> Thread:
    return start_thread(cast.ai, by=cast.fay, theme=cast.theme, title="Minutes", source="Who records meetings?")


@pytest.fixture
def elsewhere(cast: Cast) -> Organisation:
    return Organisation.objects.create(name="Otherford Council", short_name="Otherford", slug="otherford", la_code="O")


def link(member: Member, words: str) -> str:
    return f'<a href="/people/{member.pk}/" class="app-mention" rel="nofollow noopener ugc">@{words}</a>'


def titles(member: Member) -> list[str]:
    return [notice.title for notice in unread_notices(member)]


class TestNaming:
    def test_a_full_name_becomes_a_link_and_the_member_is_remembered_and_told(self, cast: Cast, thread: Thread) -> None:
        post = reply(thread, by=cast.fay, source="Ask @bob belongs, he knows.")

        assert post.html == f"<p>Ask {link(cast.bob, 'bob belongs')}, he knows.</p>\n"
        assert [row.member for row in Mention.objects.filter(post=post)] == [cast.bob]
        assert titles(cast.bob) == ["Fay Facilitates mentioned you in “Minutes”"]

    @pytest.mark.parametrize(
        ("name", "typed"),
        [
            ("Zoë Quill", "zoë quill"),
            ("Zoe\u0308 Quill", "ZOË Quill"),
            ("Éva Quill", "éva quill"),
            ("o'Neil Quill", "O'neil quill"),
            ("李 Quill", "李 quill"),
        ],
    )
    def test_a_name_is_found_however_its_letters_are_made(
        self, cast: Cast, thread: Thread, name: str, typed: str
    ) -> None:
        member = officer(cast, name)
        post = reply(thread, by=cast.fay, source=f"Ask @{typed}, or @Bob Belongs.")
        named = Mention.objects.filter(post=post).order_by("member")
        assert [row.member for row in named] == sorted([cast.bob, member], key=lambda one: one.pk)

    def test_of_thousands_only_those_are_read_whose_name_begins_so(self, cast: Cast) -> None:
        named = [officer(cast, f"Bobby Extra {number}") for number in range(3)]
        for number in range(30):
            officer(cast, f"Someone Else {number}")
        with CaptureQueriesContext(connection) as asked:
            write("Ask @Bob Belongs", cast.ai, by=cast.fay)
        [query] = [one["sql"] for one in asked.captured_queries if "short_name" in one["sql"]]
        with connection.cursor() as cursor:
            cursor.execute(query)
            read = {row[0] for row in cursor.fetchall()}
        assert read == {cast.bob.pk, *(member.pk for member in named)}

    @pytest.mark.parametrize(
        "source",
        [
            "`@Bob Belongs`",
            "    @Bob Belongs",
            "```\n@Bob Belongs\n```",
            "write to me@Bob Belongs",
            "@Bob Belongsworth",
            "@Bob",
            r"\@Bob Belongs",
            "[@Bob Belongs](https://example.org/)",
        ],
    )
    def test_nobody_is_named_in_code_in_links_or_by_a_part_of_a_name(
        self, cast: Cast, thread: Thread, source: str
    ) -> None:
        post = reply(thread, by=cast.fay, source=source)

        assert "app-mention" not in post.html
        assert not Mention.objects.exists()
        assert titles(cast.bob) == []

    def test_the_longest_name_that_stands_there_is_meant(self, cast: Cast, thread: Thread) -> None:
        short, long = officer(cast, "Ann"), officer(cast, "Ann O'Neill-Ødegård")

        post = reply(thread, by=cast.fay, source="@Ann O'Neill-Ødegård, and **@Ann**")

        assert link(long, "Ann O'Neill-Ødegård") in post.html
        assert f"<strong>{link(short, 'Ann')}</strong>" in post.html

    def test_a_letter_typed_in_two_signs_is_the_same_letter(self, cast: Cast, thread: Thread) -> None:
        zoe = officer(cast, "Zo\N{LATIN SMALL LETTER E WITH DIAERESIS}")

        post = reply(thread, by=cast.fay, source="@Zoe\N{COMBINING DIAERESIS}!")

        assert [row.member for row in post.mentions.all()] == [zoe]

    def test_of_two_people_of_one_name_the_writer_is_asked_which(
        self, cast: Cast, thread: Thread, elsewhere: Organisation
    ) -> None:
        other = officer(cast, "Bob Belongs", elsewhere)

        with pytest.raises(Refused) as no:
            reply(thread, by=cast.fay, source="Ask @Bob Belongs")
        assert str(no.value) == (
            "More than one person here is called Bob Belongs. "
            "Write @Bob Belongs (Exampleshire) or @Bob Belongs (Otherford)."
        )
        assert Post.objects.filter(thread=thread).count() == 1

        post = reply(thread, by=cast.fay, source="Ask @Bob Belongs (otherford)")
        assert [row.member for row in post.mentions.all()] == [other]

    def test_where_even_the_council_is_the_same_the_number_tells_them_apart(self, cast: Cast, thread: Thread) -> None:
        other = officer(cast, "Bob Belongs")

        with pytest.raises(Refused, match=rf"@Bob Belongs \(Exampleshire, member {other.pk}\)"):
            reply(thread, by=cast.fay, source="Ask @Bob Belongs")
        post = reply(thread, by=cast.fay, source=f"Ask @Bob Belongs (Exampleshire, member {other.pk})")
        assert [row.member for row in post.mentions.all()] == [other]

    def test_somebody_known_from_another_network_is_refused_with_the_reason(self, cast: Cast, thread: Thread) -> None:
        joins(cast.practitioners, cast.olga)

        with pytest.raises(Refused, match="Olga Outside cannot read this thread, so they cannot be mentioned"):
            reply(thread, by=cast.fay, source="Ask @Olga Outside")

    @pytest.mark.parametrize("who", ["olga", "amir", "lena", "sven", "ada"])
    def test_of_people_whom_the_writer_cannot_see_nothing_is_said(self, cast: Cast, thread: Thread, who: str) -> None:
        unknown = getattr(cast, who)

        post = reply(thread, by=cast.bob, source=f"Ask @{unknown.name}")

        assert post.html == f"<p>Ask @{unknown.name}</p>\n"
        assert not Mention.objects.exists()
        assert titles(unknown) == []

    def test_a_namesake_outside_changes_nothing(self, cast: Cast, thread: Thread, elsewhere: Organisation) -> None:
        officer(cast, "Bob Belongs", elsewhere, cast.practitioners)

        post = reply(thread, by=cast.fay, source="Ask @Bob Belongs")

        assert [row.member for row in post.mentions.all()] == [cast.bob]

    def test_twenty_people_in_a_post_and_no_more(self, cast: Cast, thread: Thread) -> None:
        people = [officer(cast, f"Person {chr(65 + number)}") for number in range(21)]
        twenty = " ".join(f"@{person.name}" for person in people[:20])

        client = Client()
        sign_in(client, cast.fay)
        with CaptureQueriesContext(connection) as asked:
            client.post(reverse("reply", args=[thread.pk]), {"source": f"{twenty} and again @{people[0].name}"})
        assert len([query for query in asked.captured_queries if "SAVEPOINT" not in query["sql"]]) <= 24
        post = thread.posts.get(number=2)
        assert post.mentions.count() == 20
        assert all(len(titles(person)) == 1 for person in people[:20])
        with pytest.raises(Refused, match="You can mention at most 20 people in a post"):
            reply(thread, by=cast.fay, source=f"{twenty} @{people[20].name}")

    def test_five_hundred_are_refused_at_once(self, cast: Cast, thread: Thread) -> None:
        Member.objects.bulk_create(
            Member(email=f"many{number}@example.org", name=f"Many {number}") for number in range(500)
        )
        for member in Member.objects.filter(name__startswith="Many"):
            joins(cast.ai, member)
        text = " ".join(f"@Many {number}" for number in range(500))

        begin = time.process_time()
        with pytest.raises(Refused, match="at most 20 people"):
            reply(thread, by=cast.fay, source=text)
        assert time.process_time() - begin < 0.5

    def test_what_the_site_says_names_nobody_and_a_text_without_a_name_asks_for_none(
        self, cast: Cast, thread: Thread, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        with django_assert_num_queries(0):
            assert write("@Bob Belongs", cast.ai, by=None).named == frozenset()
            assert write("bob@example.org and `@bob`", cast.ai, by=cast.fay).named == frozenset()


class TestLabels:
    def test_who_is_no_council_officer_is_labelled_beside_the_name_and_after_an_edit_too(
        self, cast: Cast, thread: Thread
    ) -> None:
        sam = joins(cast.ai, Member.objects.create_user("sam@acme.example", name="Sam Sells", kind="supplier"))
        post = reply(thread, by=cast.fay, source="Ask @Sam Sells.")
        assert post.html == f"<p>Ask {link(sam, 'Sam Sells')} (supplier).</p>\n"

        edited = edit_post(post, by=cast.fay, source="Do ask @Sam Sells.")
        assert edited.html == f"<p>Do ask {link(sam, 'Sam Sells')} (supplier).</p>\n"


class TestTelling:
    def test_one_post_tells_each_person_once_by_the_strongest_reason(self, cast: Cast, thread: Thread) -> None:
        first = reply(thread, by=cast.bob, source="We do")
        choose_level(thread, "watch", by=cast.bob)

        reply(thread, by=cast.fay, source="Thank you @Bob Belongs", reply_to=first)

        assert titles(cast.bob) == ["Fay Facilitates mentioned you in “Minutes”"]

    def test_the_first_words_of_a_thread_mention_too(self, cast: Cast) -> None:
        start_thread(cast.ai, by=cast.fay, theme=cast.theme, title="Buying", source="@Bob Belongs, how?")

        assert titles(cast.bob) == ["Fay Facilitates mentioned you in “Buying”"]

    def test_who_muted_the_thread_or_names_themselves_hears_nothing(self, cast: Cast, thread: Thread) -> None:
        choose_level(thread, "mute", by=cast.bob)
        reply(thread, by=cast.fay, source="@Bob Belongs and @Fay Facilitates")

        assert titles(cast.bob) == titles(cast.fay) == []

    def test_a_quotation_names_without_telling_and_is_never_refused(
        self, cast: Cast, thread: Thread, elsewhere: Organisation
    ) -> None:
        joins(cast.practitioners, cast.olga)
        carl = officer(cast, "Carl Colleague")
        for _ in range(2):
            officer(cast, "Sam Same", elsewhere)

        post = reply(
            thread, by=cast.fay, source="> - > @Bob Belongs, @Olga Outside, @Sam Same\n\n@Carl Colleague, see above"
        )

        assert {row.member for row in post.mentions.all()} == {cast.bob, carl}
        assert link(cast.bob, "Bob Belongs") in post.html
        assert titles(cast.bob) == []
        assert len(titles(carl)) == 1
        assert [
            row.member for row in reply(thread, by=cast.fay, source="> @Bob Belongs\n\n@Bob Belongs?").mentions.all()
        ]
        assert len(titles(cast.bob)) == 1

    def test_who_left_since_sees_no_notice(self, cast: Cast, thread: Thread) -> None:
        reply(thread, by=cast.fay, source="@Bob Belongs")
        leave_network(cast.ai, by=cast.bob)

        assert titles(cast.bob) == []

    def test_an_edit_names_more_people_and_tells_nobody(self, cast: Cast, thread: Thread) -> None:
        post = edit_post(reply(thread, by=cast.fay, source="Ask Bob"), by=cast.fay, source="Ask @Bob Belongs")

        assert [row.member for row in post.mentions.all()] == [cast.bob]
        assert titles(cast.bob) == []


class TestEditing:
    def test_whoever_was_named_stays_named_though_they_left_or_there_are_two_by_now(
        self, cast: Cast, thread: Thread, elsewhere: Organisation
    ) -> None:
        post = reply(thread, by=cast.fay, source="Ask @Bob Belongs")
        officer(cast, "Bob Belongs", elsewhere)

        edited = edit_post(post, by=cast.fay, source="Do ask @Bob Belongs")
        assert link(cast.bob, "Bob Belongs") in edited.html
        leave_network(cast.ai, by=cast.bob)
        assert link(cast.bob, "Bob Belongs") in edit_post(edited, by=cast.fay, source="@Bob Belongs again").html
        assert [row.member for row in post.mentions.all()] == [cast.bob]

    def test_new_names_are_checked_as_in_a_new_post(self, cast: Cast, thread: Thread) -> None:
        joins(cast.practitioners, cast.olga)
        post = reply(thread, by=cast.fay, source="Hello")

        with pytest.raises(Refused, match="cannot read this thread"):
            edit_post(post, by=cast.fay, source="Hello @Olga Outside")
        post.refresh_from_db()
        assert post.source == "Hello"


class TestChangedNames:
    def rename(self, member: Member, name: str) -> None:
        told = {"job_title": "", "help_with": "", "about": "", "themes": [], "tools": [], "shows": {}}
        change_profile(by=member, name=name, **told)  # type: ignore[arg-type]

    def test_others_words_stay_as_they_wrote_them_and_still_lead_to_the_person(
        self, cast: Cast, thread: Thread, elsewhere: Organisation
    ) -> None:
        said = "@Bob Belongs, see [what @Bob Belongs said](https://example.org/) and @Helpdesk"
        post = edit_post(reply(thread, by=cast.fay, source=said), by=cast.fay, source=f"{said}. Thanks")
        html = post.html

        for name in ("Helpdesk", "Bob](https://evil.example) [x"):
            self.rename(cast.bob, name)

            post.refresh_from_db()
            assert (post.source, post.html, post.versions.get().source) == (f"{said}. Thanks", html, said)
        officer(cast, "Bob Belongs", elsewhere)
        edited = edit_post(post, by=cast.fay, source=f"{post.source} again")
        assert link(cast.bob, "Bob Belongs") in edited.html
        assert [row.member for row in edited.mentions.all()] == [cast.bob]

    def test_a_name_from_before_leaves_with_the_account(self, cast: Cast, thread: Thread) -> None:
        post = reply(thread, by=cast.fay, source="Ask @Bob Belongs")
        self.rename(cast.bob, "Robin")

        close_account(by=cast.bob)

        post.refresh_from_db()
        assert (post.source, post.html) == ("Ask Former member", "<p>Ask Former member</p>\n")


class TestClosedAccounts:
    def test_who_closes_their_account_while_they_are_named_is_not_brought_back(
        self, cast: Cast, thread: Thread
    ) -> None:
        written = write("Ask @Bob Belongs", cast.ai, by=cast.fay)
        close_account(by=cast.bob)

        with pytest.raises(Refused, match="has just closed their account"):
            remember(thread.posts.get(), written)

    def test_the_name_leaves_every_mention_and_other_words_stay(self, cast: Cast, thread: Thread) -> None:
        short = officer(cast, "Bob")
        said = (
            "@Bob Belongs and @Bob, see `@Bob Belongs`\n\n"
            "> - cc/@Bob Belongs, [what @Bob Belongs said](https://example.org/), **@Bob Belongs**\n\n"
            "|who|\n|-|\n|@Bob Belongs|\n\n    @Bob Belongs"
        )
        left = (
            "Former member and @Bob, see `@Bob Belongs`\n\n"
            "> - cc/@Bob Belongs, [what @Bob Belongs said](https://example.org/), **Former member**\n\n"
            "|who|\n|-|\n|Former member|\n\n    @Bob Belongs"
        )
        post = reply(thread, by=cast.fay, source=said)
        before = post.html
        post = edit_post(post, by=cast.fay, source=f"{said}\n\nThanks")

        close_account(by=cast.bob)

        post.refresh_from_db()
        version = post.versions.get()
        assert (post.source, version.source) == (f"{left}\n\nThanks", left)
        assert version.html == before.replace(link(cast.bob, "Bob Belongs"), "Former member")
        assert link(short, "Bob") in version.html

    def test_a_link_that_a_mention_is_part_of_stays_as_it_is(self, cast: Cast, thread: Thread) -> None:
        said = "@Bob Belongs wrote [@Bob Belongs].\n\n[@Bob Belongs]: https://example.org/"
        post = reply(thread, by=cast.fay, source=said)

        close_account(by=cast.bob)

        post.refresh_from_db()
        assert post.html.startswith('<p>Former member wrote <a href="https://example.org/"')
        assert post.source == said

    def test_others_words_are_never_cut_short(self, cast: Cast, thread: Thread) -> None:
        short = officer(cast, "Al")
        said = "@Al " * 300 + "y" * 18_790 + " THE END"
        post = reply(thread, by=cast.fay, source=said)

        close_account(by=short)

        post.refresh_from_db()
        assert post.source == said.replace("@Al", "…")
        assert post.html.count("Former member") == 300


class TestTheForm:
    def test_the_reason_stands_beside_the_text_which_is_kept(self, cast: Cast, thread: Thread) -> None:
        joins(cast.practitioners, cast.olga)
        client = Client()
        sign_in(client, cast.fay)
        typed = {"title": "Hello", "kind": "discussion", "theme": cast.theme.pk, "source": "Ask @Olga Outside"}

        for address in (reverse("reply", args=[thread.pk]), reverse("thread_new", args=["ai"])):
            page = client.post(address, typed).content.decode()

            assert 'href="#id_source">Olga Outside cannot read this thread' in page
            assert "Ask @Olga Outside</textarea>" in page

    def test_whoever_previews_too_often_reads_so_and_keeps_what_they_typed(
        self, cast: Cast, thread: Thread, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(limits, "PREVIEWING", RateLimit("preview", 1, per=limits.PREVIEWING.per))
        client = Client()
        client.force_login(cast.fay)
        typed = {"source": "Words *of mine*", "do": "preview"}

        first, second = (client.post(reverse("reply", args=[thread.pk]), typed).content.decode() for _ in range(2))

        assert "Words <em>of mine</em>" in first
        assert "Words <em>of mine</em>" not in second
        assert "You can preview 1 times in an hour" in second
        assert "Words *of mine*</textarea>" in second


class TestCompletion:
    def ask(self, member: Member | None, thread: Thread, name: str) -> list[dict[str, str]]:
        client = Client()
        if member:
            client.force_login(member)
        answers = [
            client.post(reverse("thread_people", args=[thread.pk]), {"name": name}),
            client.post(reverse("network_people", args=[thread.network.slug]), {"name": name}),
        ]
        assert answers[0].content == answers[1].content or answers[0].status_code == 404
        if answers[0].status_code == 404:
            assert answers[1].status_code == 404
            return [{"name": "404"}]
        people: list[dict[str, str]] = answers[0].json()["people"]
        return people

    def test_a_name_is_found_by_the_beginning_of_any_of_its_words(self, cast: Cast, thread: Thread) -> None:
        bob = {"name": "Bob Belongs", "label": "", "council": "Exampleshire", "words": "Bob Belongs"}

        for typed in ("b", "BEL", "bob bel", "belongs b", "\0b\x07el"):
            assert self.ask(cast.fay, thread, typed) == [bob], typed
        for typed in ("", " ", "ongs", "bob x", "%", "olga", "amir", "lena", "sven", "ada", "a b c d e"):
            assert self.ask(cast.fay, thread, typed) == [], typed

    def test_who_is_no_officer_has_a_label_here_and_in_notices(self, cast: Cast, thread: Thread) -> None:
        sam = joins(cast.ai, Member.objects.create_user("sam@acme.example", name="Sam Sells", kind="supplier"))

        assert self.ask(cast.fay, thread, "sam") == [
            {"name": "Sam Sells", "label": "Supplier", "council": "", "words": "Sam Sells"}
        ]
        reply(thread, by=sam, source="Hello @Bob Belongs")
        assert titles(cast.bob) == ["Sam Sells (supplier) mentioned you in “Minutes”"]

    @pytest.mark.parametrize("who", ["nobody", "olga", "amir", "lena", "sven", "ada"])
    def test_outsiders_learn_that_there_is_nothing(self, cast: Cast, thread: Thread, who: str) -> None:
        assert self.ask(getattr(cast, who, None), thread, "b") == [{"name": "404"}]

    def test_two_of_one_name_are_told_apart_in_words_that_the_server_understands(
        self, cast: Cast, thread: Thread, elsewhere: Organisation
    ) -> None:
        people = [cast.bob, officer(cast, "Bob Belongs", elsewhere), officer(cast, "Bob Belongs", elsewhere)]

        words = [person["words"] for person in self.ask(cast.fay, thread, "bob")]

        assert words == [
            "Bob Belongs (Exampleshire)",
            *(f"Bob Belongs (Otherford, member {person.pk})" for person in people[1:]),
        ]
        post = reply(thread, by=cast.fay, source=", ".join(f"@{one}" for one in words))
        assert {row.member for row in post.mentions.all()} == set(people)

    def test_at_most_eight_in_as_many_queries_as_one(
        self, cast: Cast, thread: Thread, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        client = Client()
        client.force_login(cast.fay)
        for count in (1, 40):
            for number in range(count):
                officer(cast, f"Zed {number}")
            with django_assert_max_num_queries(6):
                found = client.post(reverse("thread_people", args=[thread.pk]), {"name": "zed"}).json()["people"]
            assert len(found) == min(count, 8)

    def test_it_stops_for_a_while_when_asked_too_often(
        self, cast: Cast, thread: Thread, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        tight = RateLimit("look for people", 1, per=limits.LOOKING_FOR_NAMES.per)
        monkeypatch.setattr(limits, "LOOKING_FOR_NAMES", tight)
        client = Client()
        client.force_login(cast.fay)
        address = reverse("thread_people", args=[thread.pk])

        assert [client.post(address, {"name": "b"}).status_code for _ in range(2)] == [200, 429]
        assert client.get(address).status_code == 405
