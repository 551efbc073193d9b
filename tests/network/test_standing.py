"""What a page costs: one request asks once what its member is in which network; and a network's page stays cheap,
however many belong to it and whatever they say."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from forums.actions.posts import reply
from forums.actions.threads import start_thread
from forums.models import Post, Thread
from network.actions.membership import leave_network
from network.adapters import MemberBackend
from network.middleware import StandingMiddleware
from network.models import Member, Membership, Network, NetworkTheme, Theme
from network.models.standing import Standing, standing_of
from network.permissions import can_facilitate, can_read
from tests.cast import Cast, sign_in
from tests.cms.hub import make_hub
from tests.queued import run_queued


def browser_of(member: Member) -> Client:
    client = Client()
    sign_in(client, member)
    return client


def queries(client: Client, address: str) -> list[str]:
    client.get(address)  # what is cached for good is cached now
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return [query["sql"] for query in captured.captured_queries]


class TestStanding:
    def test_says_what_the_queries_say(self, cast: Cast) -> None:
        Membership.objects.filter(member=cast.bob, network=cast.practitioners).update(state="left")
        for member in (cast.fay, cast.bob, *cast.outsiders):
            standing = Standing(member)
            assert standing.networks == list(Network.objects.of(member))
            fresh = [(can_read(member, network), can_facilitate(member, network)) for network in Network.objects.all()]
            member.standing = standing
            held = [(can_read(member, network), can_facilitate(member, network)) for network in Network.objects.all()]
            assert held == fresh

    def test_of_a_closed_account_is_nothing(self, cast: Cast) -> None:
        Member.objects.filter(pk=cast.fay.pk).update(is_active=False)
        closed = Member.objects.get(pk=cast.fay.pk)

        assert Standing(closed).memberships == []

    def test_of_somebody_who_holds_none_is_read_each_time(self, cast: Cast) -> None:
        assert cast.ai in standing_of(cast.bob).networks
        leave_network(cast.ai, by=cast.bob)
        assert cast.ai not in standing_of(cast.bob).networks

    def test_a_request_that_writes_holds_none(self, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
        held: list[bool] = []

        def look(network: Network, *, by: Member) -> None:
            held.append(by.standing is not None)

        monkeypatch.setattr("network.views.networks.verbs.leave_network", look)
        browser_of(cast.bob).post("/networks/ai/leave/")

        assert held == [False]

    def test_what_is_read_with_the_session_is_what_the_queries_say(self, cast: Cast) -> None:
        one, other = Permission.objects.order_by("pk")[:2]
        for member, group in ((cast.bob, "Two lines\nof a name"), (cast.lena, "Without rights"), (cast.olga, "Others")):
            member.groups.add(Group.objects.create(name=group))
        Group.objects.exclude(name="Without rights").get(user=cast.bob).permissions.add(one, other)
        cast.bob.user_permissions.add(one)  # which they hold twice
        cast.olga.groups.get().permissions.add(other)
        for member in (cast.fay, cast.bob, *cast.outsiders):
            read = MemberBackend().get_user(member.pk)
            assert read is not None
            assert read.rights_then == Member.objects.get(pk=member.pk).get_all_permissions()
            assert read.memberships_then == Standing(member).memberships
        assert cast.olga.get_all_permissions() == {f"{other.content_type.app_label}.{other.codename}"}

    def test_a_right_that_is_taken_away_is_gone_with_the_next_request_and_at_once_for_one_that_writes(
        self, cast: Cast, rf: RequestFactory
    ) -> None:
        right = Permission.objects.get(content_type__app_label="network", codename="change_network")
        session = browser_of(cast.bob).session
        held: list[bool] = []

        def take_it_away_meanwhile(request: HttpRequest) -> HttpResponse:
            cast.bob.user_permissions.clear()
            held.append(request.user.has_perm("network.change_network"))
            return HttpResponse()

        def ask(request: HttpRequest) -> None:
            request.session = session
            StandingMiddleware(take_it_away_meanwhile)(request)

        cast.bob.user_permissions.add(right)
        ask(rf.get("/"))
        ask(rf.get("/"))
        cast.bob.user_permissions.add(right)
        ask(rf.post("/"))

        assert held == [True, False, False]

    def test_the_next_request_sees_what_was_decided_meanwhile(self, cast: Cast) -> None:
        bob = browser_of(cast.bob)
        assert "Fay Facilitates" in bob.get("/networks/ai/").content.decode()
        Membership.objects.filter(member=cast.bob).update(state="suspended")

        assert "Fay Facilitates" not in bob.get("/networks/ai/").content.decode()
        assert bob.get("/networks/ai/threads/").status_code == 404

    @pytest.mark.parametrize("address", ["/networks/ai/", "/networks/ai/threads/", "/unread/", "/networks/", "/"])
    def test_no_page_asks_twice_where_its_reader_belongs(self, cast: Cast, address: str) -> None:
        make_hub()
        asked = queries(browser_of(cast.bob), address)
        memberships = [sql for sql in asked if sql.startswith('SELECT "network_membership"')]
        of_others = [sql for sql in memberships if 'JOIN "network_organisation"' in sql]  # who facilitates

        assert len(memberships) - len(of_others) == 1
        assert len(asked) == len(set(asked))


class TestTheNetworksPage:
    """Whole requests of somebody signed in, the header and everything under it included."""

    def fill(self, cast: Cast, make_officers: Callable[[int], list[Member]], members: int, threads: int) -> None:
        now = timezone.now()
        first = make_officers(1)[0]
        officers = Member.objects.bulk_create(
            Member(email=f"many{number}-{members}@exampleshire.example.org", name="Many", organisation=cast.council)
            for number in range(members - 1)
        )
        Membership.objects.bulk_create(
            Membership(member=officer, network=cast.ai, state="active", joined_at=now) for officer in [first, *officers]
        )
        Thread.objects.bulk_create(
            Thread(
                network=cast.ai,
                theme=cast.theme,
                title=f"Thread {number}",
                slug="thread",
                author=first,
                started_at=now,
                last_post_at=now + timedelta(seconds=number),
                highest_number=1,
                highest_visible_number=1,
                highest_loud_number=1,
                visible_count=1,
                last_author=first,
            )
            for number in range(threads)
        )

    def test_costs_at_most_twelve_queries_at_both_sizes(
        self, cast: Cast, make_officers: Callable[[int], list[Member]]
    ) -> None:
        hub = make_hub()
        # Something of everything: a thread with tags, an event, a notice for bob, and a request that fay decides on.
        thread = start_thread(cast.ai, by=cast.bob, theme=cast.theme, title="Who?", source="Words", tags=["one"])
        reply(thread, by=cast.fay, source="We")
        run_queued()
        hub.publish_event("Session", network=cast.ai, themes=[cast.theme])
        Membership.objects.create(
            member=cast.olga, network=cast.ai, state="requested", requested_at=timezone.now(), reason="R"
        )
        counted = {}
        for size, members, threads in (("small", 20, 20), ("large", 1_980, 480)):
            self.fill(cast, make_officers, members, threads)
            counted[size] = [len(queries(browser_of(who), "/networks/ai/")) for who in (cast.bob, cast.fay)]

        assert counted["small"] == counted["large"]
        # bob has a notice, which costs no query; fay is told of all that waits for her, which costs some.
        assert counted["large"] == [10, 12]

    def test_lists_and_a_thread_cost_this_much(self, cast: Cast) -> None:
        make_hub()
        thread = start_thread(cast.ai, by=cast.bob, theme=cast.theme, title="Who?", source="Words", tags=["one"])
        fay = browser_of(cast.fay)
        address = thread.get_absolute_url()

        assert len(queries(fay, "/networks/ai/threads/")) == 10
        assert len(queries(fay, address)) == 10
        start_thread(cast.ai, by=cast.bob, theme=cast.theme, title="More?", source="Words", tags=["one"])
        assert len(queries(fay, "/unread/")) == 9
        assert Post.objects.count() == 2

    def test_shows_members_what_is_new_the_next_event_and_the_way_on(self, cast: Cast) -> None:
        hub = make_hub()
        start_thread(cast.ai, by=cast.fay, theme=cast.theme, title="What is new", source="Words")
        hub.publish_event("The next session", network=cast.ai)
        waste = Theme.objects.create(name="Waste", slug="waste")
        NetworkTheme.objects.create(network=cast.ai, theme=waste, order=1)
        page = browser_of(cast.bob).get("/networks/ai/").content.decode().split("<main")[1]

        for words in ("What is new", "Unread</span>", "The next session", "Fay Facilitates", "Waste", "?show=unread"):
            assert words in page
        assert page.index("Adult social care") < page.index("Waste")
        assert "For facilitators" not in page

    def test_shows_a_facilitator_the_way_to_what_they_look_after(self, cast: Cast) -> None:
        page = browser_of(cast.fay).get("/networks/ai-practitioners/").content.decode().split("<main")[1]

        for part in ("requests", "themes", "tags"):
            assert f'href="/networks/ai-practitioners/{part}/"' in page
        assert '1<span class="govuk-visually-hidden"> waiting</span>' in page
