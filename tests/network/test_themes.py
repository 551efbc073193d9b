"""The one vocabulary of themes: who keeps it, who chooses from it, and what happens to what stands under a theme."""

from __future__ import annotations

from threading import Thread as OsThread
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from cms.models import GuidancePage
from forums.actions.posts import reply
from forums.actions.threads import begin_site_discussion, start_thread
from forums.models import Thread
from network.actions.themes import (
    change_theme,
    create_theme,
    follow_theme,
    make_theme_private,
    make_theme_public,
    merge_themes,
    move_theme,
    pick_themes,
    take_away_theme,
    unfollow_theme,
)
from network.models import (
    AuditEvent,
    Member,
    Membership,
    MemberTheme,
    Network,
    NetworkTheme,
    Notice,
    Profile,
    Theme,
    ThemeAlias,
)
from network.permissions import Refused
from tests.cast import Cast, sign_in
from tests.cms.hub import Hub

NOT_ADMINISTRATORS = ["fay", "bob", "olga", "amir", "lena", "sven", None]
NOT_FACILITATORS = ["bob", "olga", "amir", "lena", "sven", "ada", None]


@pytest.fixture
def planning(cast: Cast) -> Theme:
    return create_theme(name="Planning", description="Applications and plans.", by=cast.ada)


@pytest.fixture
def secret(cast: Cast) -> Theme:
    """Private to the practitioners, who chose it."""
    theme = Theme.objects.create(name="Secret project", slug="secret-project", private_to=cast.practitioners)
    NetworkTheme.objects.create(network=cast.practitioners, theme=theme, order=5)
    return theme


def browser(cast: Cast, who: str | None) -> Client:
    client = Client()
    if who:
        sign_in(client, getattr(cast, who))
    return client


def said(response: Any) -> str:
    return str(response.content.decode())


def last_recorded() -> AuditEvent:
    return AuditEvent.objects.latest("pk")


class TestTheVocabulary:
    def test_an_administrator_adds_a_theme(self, cast: Cast) -> None:
        page = browser(cast, "ada").post(
            "/administration/themes/", {"name": "  Waste   and recycling ", "description": "Bins."}, follow=True
        )

        assert "Waste and recycling is now a theme." in said(page)
        theme = Theme.objects.get(slug="waste-and-recycling")
        assert (theme.name, theme.description, theme.private_to) == ("Waste and recycling", "Bins.", None)
        assert last_recorded().verb == "created theme"

    @pytest.mark.parametrize(
        ("name", "words"),
        [
            ("", "Enter a name for the theme"),
            ("x" * 101, "The name must be 100 characters or fewer"),
            ("!!!", "Enter a name with letters or digits."),
            ("adult SOCIAL care", "Choose another name: this one is taken, or was once."),
            ("Secret project", "Choose another name: this one is taken, or was once."),
        ],
    )
    def test_a_name_that_cannot_be_is_an_error_beside_it(
        self, cast: Cast, secret: Theme, name: str, words: str
    ) -> None:
        page = said(browser(cast, "ada").post("/administration/themes/", {"name": name}))

        assert "<title>Error: Themes of the site" in page
        assert words in page
        assert Theme.objects.count() == 2

    def test_it_shows_an_administrator_nothing_that_is_private_to_a_network(self, cast: Cast, secret: Theme) -> None:
        assert "Secret" not in said(browser(cast, "ada").get("/administration/themes/"))

    @pytest.mark.parametrize("who", NOT_ADMINISTRATORS)
    def test_it_is_not_there_for_anybody_else(self, cast: Cast, planning: Theme, who: str | None) -> None:
        client = browser(cast, who)
        for step in ("", f"{planning.pk}/", f"{planning.pk}/merge/"):
            assert client.get(f"/administration/themes/{step}").status_code == 404
        for step in ("", *(f"{planning.pk}/{verb}" for verb in ("", "merge/", "private/", "public/"))):
            posted = {"name": "Mine", "theme": cast.theme.pk, "network": cast.ai.pk}
            assert client.post(f"/administration/themes/{step}", posted).status_code == 404
        planning.refresh_from_db()
        assert (planning.name, planning.private_to) == ("Planning", None)

    def test_no_verb_lets_anybody_else_in(self, cast: Cast, planning: Theme) -> None:
        for who in (cast.fay, cast.bob, cast.olga):
            for verb in (
                lambda by: create_theme(name="Mine", description="", by=by),
                lambda by: change_theme(planning, name="Mine", description="", by=by),
                lambda by: merge_themes(planning, cast.theme, by=by),
                lambda by: make_theme_private(planning, cast.ai, by=by),
                lambda by: make_theme_public(planning, by=by),
            ):
                with pytest.raises(Refused):
                    verb(who)

    def test_it_is_in_the_order_of_names(self, cast: Cast, planning: Theme) -> None:
        create_theme(name="Bins", description="", by=cast.ada)
        page = said(browser(cast, "ada").get("/administration/themes/")).split("<main")[1]

        assert page.index("Adult social care") < page.index("Bins") < page.index("Planning")

    def test_takes_as_many_queries_for_many_themes_as_for_few(
        self, cast: Cast, planning: Theme, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        ada = browser(cast, "ada")

        def asked() -> int:
            ada.get("/administration/themes/")
            with django_assert_max_num_queries(12) as queries:
                ada.get("/administration/themes/")
            return len(queries)

        few = asked()
        for number in range(20):
            Theme.objects.create(name=f"Theme {number}", slug=f"t{number}")
        assert asked() == few


class TestRenaming:
    def test_the_old_address_leads_to_the_new_one(self, cast: Cast, hub: Hub, planning: Theme) -> None:
        browser(cast, "ada").post(f"/administration/themes/{planning.pk}/", {"name": "Planning and building"})
        answer = Client().get("/themes/planning/")

        assert answer["Location"] == "/themes/planning-and-building/"
        assert Client().get("/themes/planning-and-building/").status_code == 200
        assert last_recorded().verb == "changed theme"

    def test_an_address_leads_on_over_several_names_and_back_again(self, cast: Cast, hub: Hub, planning: Theme) -> None:
        theme = change_theme(planning, name="Building", description="", by=cast.ada)
        theme = change_theme(theme, name="Homes", description="", by=cast.ada)
        assert Client().get("/themes/planning/")["Location"] == "/themes/homes/"
        change_theme(theme, name="Planning", description="", by=cast.ada)

        assert Client().get("/themes/planning/").status_code == 200
        assert Client().get("/themes/homes/")["Location"] == "/themes/planning/"
        assert set(ThemeAlias.objects.values_list("slug", flat=True)) == {"building", "homes"}

    def test_no_theme_takes_over_an_address_that_another_had(self, cast: Cast, planning: Theme) -> None:
        change_theme(planning, name="Building", description="", by=cast.ada)
        with pytest.raises(Refused, match="taken"):
            create_theme(name="Planning", description="", by=cast.ada)
        with pytest.raises(Refused, match="taken"):
            change_theme(cast.theme, name="Planning", description="", by=cast.ada)

    def test_a_description_alone_changes_no_address(self, cast: Cast, planning: Theme) -> None:
        change_theme(planning, name="Planning", description="New words.", by=cast.ada)

        assert not ThemeAlias.objects.exists()
        assert Theme.objects.get(pk=planning.pk).description == "New words."

    @pytest.mark.parametrize("who", ["olga", "amir", "lena", "sven", "ada", None])
    def test_an_old_address_of_a_private_theme_is_not_there_for_others(
        self, cast: Cast, hub: Hub, secret: Theme, who: str | None
    ) -> None:
        ThemeAlias.objects.create(slug="first-secret", theme=secret)

        assert browser(cast, who).get("/themes/first-secret/").status_code == 404
        assert browser(cast, "bob").get("/themes/first-secret/")["Location"] == "/themes/secret-project/"

    def test_an_administrator_cannot_change_what_they_may_not_know(self, cast: Cast, secret: Theme) -> None:
        assert browser(cast, "ada").get(f"/administration/themes/{secret.pk}/").status_code == 404
        with pytest.raises(Refused):
            change_theme(secret, name="Known", description="", by=cast.ada)


class TestMerging:
    @pytest.fixture
    def care(self, cast: Cast) -> Theme:
        theme = create_theme(name="Social care", description="", by=cast.ada)
        pick_themes(cast.ai, [theme], by=cast.fay)
        return theme

    def test_what_it_moves_is_shown_before_it_is_done(self, cast: Cast, hub: Hub, care: Theme) -> None:
        start_thread(cast.ai, by=cast.bob, theme=care, title="Canary", source="Words")
        hub.publish_guidance("About care", themes=[care])
        follow_theme(care, by=cast.bob)
        page = said(browser(cast, "ada").get(f"/administration/themes/{care.pk}/merge/", {"theme": str(cast.theme.pk)}))

        for words in (
            "Merge Social care into Adult social care?",
            "1 thread<",
            "1 page<",
            "1 network that chose it",
            "1 member who follows it",
        ):
            assert words in page
        assert "Canary" not in page
        assert Theme.objects.filter(pk=care.pk).exists()

    def test_everything_stands_under_the_other_and_nothing_is_new(self, cast: Cast, hub: Hub, care: Theme) -> None:
        thread = start_thread(cast.ai, by=cast.bob, theme=care, title="Who?", source="Words")
        reply(thread, by=cast.fay, source="We")
        quiet = begin_site_discussion(cast.ai, theme=care, title="Quiet", source="Words")
        both = hub.publish_guidance("Both", themes=[care, cast.theme])
        one = hub.publish_event("One", themes=[care])
        for member in (cast.bob, cast.fay):
            follow_theme(care, by=member)
        follow_theme(cast.theme, by=cast.fay)
        before = Thread.objects.filter(pk=thread.pk).values("last_post_at", "highest_number", "quiet").get()
        unread = Thread.objects.unread_by(cast.fay).count()
        notices = Notice.objects.count()

        page = browser(cast, "ada").post(
            f"/administration/themes/{care.pk}/merge/", {"theme": cast.theme.pk}, follow=True
        )

        assert "Social care is merged into Adult social care." in said(page)
        assert not Theme.objects.filter(pk=care.pk).exists()
        assert {t.theme for t in Thread.objects.filter(pk__in=[thread.pk, quiet.pk])} == {cast.theme}
        assert Thread.objects.filter(pk=thread.pk).values("last_post_at", "highest_number", "quiet").get() == before
        assert Thread.objects.unread_by(cast.fay).count() == unread
        assert Notice.objects.count() == notices
        assert list(both.themes.model.objects.filter(cms_guidancepages=both.pk)) == [cast.theme]
        assert list(Theme.objects.filter(cms_eventpages=one.pk)) == [cast.theme]
        assert set(MemberTheme.objects.values_list("member", "theme")) == {
            (cast.bob.pk, cast.theme.pk),
            (cast.fay.pk, cast.theme.pk),
        }
        assert NetworkTheme.objects.filter(network=cast.ai).count() == 1
        assert Client().get("/themes/social-care/")["Location"] == "/themes/adult-social-care/"
        event = last_recorded()
        assert (event.verb, event.details["slug"]) == ("merged theme", "social-care")

    def test_a_network_that_had_the_old_one_alone_keeps_its_place(self, cast: Cast, care: Theme) -> None:
        NetworkTheme.objects.filter(network=cast.ai, theme=cast.theme).delete()
        place = NetworkTheme.objects.get(network=cast.ai, theme=care).order
        merge_themes(care, cast.theme, by=cast.ada)

        assert NetworkTheme.objects.get(network=cast.ai).theme == cast.theme
        assert NetworkTheme.objects.get(network=cast.ai).order == place

    def test_addresses_of_both_lead_to_what_is_left(self, cast: Cast, hub: Hub, care: Theme) -> None:
        care = change_theme(care, name="Care", description="", by=cast.ada)
        merge_themes(care, cast.theme, by=cast.ada)

        for old in ("social-care", "care"):
            assert Client().get(f"/themes/{old}/")["Location"] == "/themes/adult-social-care/"

    def test_drafts_and_older_versions_of_pages_follow(self, cast: Cast, hub: Hub, care: Theme) -> None:
        page = hub.publish_guidance("About", themes=[care])
        page.title = "A draft"
        page.save_revision()
        first = page.revisions.order_by("pk")[0]
        merge_themes(care, cast.theme, by=cast.ada)

        draft = GuidancePage.objects.get(pk=page.pk).get_latest_revision_as_object()
        assert list(draft.themes.all()) == [cast.theme]
        first.refresh_from_db()
        first.publish()
        assert list(GuidancePage.objects.get(pk=page.pk).themes.all()) == [cast.theme]

    def test_into_itself_is_refused(self, cast: Cast, care: Theme) -> None:
        with pytest.raises(Refused, match="into itself"):
            merge_themes(care, care, by=cast.ada)
        page = browser(cast, "ada").post(f"/administration/themes/{care.pk}/merge/", {"theme": care.pk})
        assert "Choose a theme from the list" in said(page)

    def test_a_private_one_takes_no_part_in_it(self, cast: Cast, care: Theme, secret: Theme) -> None:
        Membership.objects.create(
            member=cast.ada, network=cast.practitioners, state="active", joined_at=cast.ada.date_joined
        )
        for old, new in ((care, secret), (secret, care)):
            with pytest.raises(Refused, match="Only public themes"):
                merge_themes(old, new, by=cast.ada)
        page = said(browser(cast, "ada").get(f"/administration/themes/{care.pk}/merge/"))
        assert "Secret project" not in page

    def test_nothing_is_merged_where_the_pages_cannot_follow(
        self, cast: Cast, care: Theme, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        thread = start_thread(cast.ai, by=cast.bob, theme=care, title="Who?", source="Words")

        def fail(old: Theme, new: Theme) -> None:
            raise RuntimeError

        monkeypatch.setattr("cms.receivers.move_pages", fail)
        with pytest.raises(RuntimeError):
            merge_themes(care, cast.theme, by=cast.ada)
        thread.refresh_from_db()
        assert thread.theme == care

    @pytest.mark.django_db(transaction=True)
    def test_two_who_merge_at_once_merge_once(self, cast: Cast, care: Theme, planning: Theme) -> None:
        refused: list[str] = []
        merged: list[Theme] = []

        def press(old: Theme, new: Theme) -> None:
            try:
                merged.append(merge_themes(old, new, by=Member.objects.get(pk=cast.ada.pk)))
            except Refused as reason:
                refused.append(str(reason))
            finally:
                connection.close()

        presses = [OsThread(target=press, args=pair) for pair in ((care, planning), (planning, care))]
        for one in presses:
            one.start()
        for one in presses:
            one.join()

        assert len(merged) == len(refused) == 1
        assert "not there any more" in refused[0]
        assert Theme.objects.filter(pk__in=[care.pk, planning.pk]).count() == 1


class TestPrivateAndPublic:
    @pytest.fixture(autouse=True)
    def ada_belongs(self, cast: Cast) -> None:
        Membership.objects.create(
            member=cast.ada, network=cast.practitioners, state="active", joined_at=cast.ada.date_joined
        )

    def private(self, cast: Cast, theme: Theme, network: Network) -> str:
        page = browser(cast, "ada").post(
            f"/administration/themes/{theme.pk}/private/", {"network": network.pk}, follow=True
        )
        return said(page)

    def test_a_theme_is_taken_into_a_network_and_given_back(self, cast: Cast, hub: Hub, planning: Theme) -> None:
        assert "known to members of the AI Practitioners Network alone" in self.private(
            cast, planning, cast.practitioners
        )
        assert Client().get("/themes/planning/").status_code == 404
        assert browser(cast, "bob").get("/themes/planning/").status_code == 200
        page = browser(cast, "ada").post(f"/administration/themes/{planning.pk}/public/", follow=True)

        assert "Planning is now a theme for everybody." in said(page)
        assert Client().get("/themes/planning/").status_code == 200
        assert [event.verb for event in AuditEvent.objects.order_by("-pk")[:2]] == [
            "made theme public",
            "made theme private",
        ]

    def test_it_is_refused_while_a_page_has_it(self, cast: Cast, hub: Hub, planning: Theme) -> None:
        hub.publish_guidance("About plans", themes=[planning])
        page = self.private(cast, planning, cast.practitioners)

        assert "1 page outside this network stands under this theme." in page
        assert "<title>Error:" in page
        planning.refresh_from_db()
        assert planning.private_to is None

    def test_it_is_refused_while_a_draft_has_it(self, cast: Cast, hub: Hub, planning: Theme) -> None:
        page = hub.publish_guidance("About plans")
        page.themes = [planning]
        page.save_revision()

        assert "1 page outside this network" in self.private(cast, planning, cast.practitioners)

    def test_it_is_refused_while_another_network_uses_it(self, cast: Cast, planning: Theme) -> None:
        pick_themes(cast.ai, [planning], by=cast.fay)
        assert "Another network uses this theme." in self.private(cast, planning, cast.practitioners)
        thread = start_thread(cast.ai, by=cast.bob, theme=planning, title="Who?", source="Words")
        NetworkTheme.objects.filter(theme=planning).delete()

        assert "1 thread outside this network stands under this theme." in self.private(
            cast, planning, cast.practitioners
        )
        assert thread.title not in self.private(cast, planning, cast.practitioners)

    def test_threads_of_the_network_itself_are_no_hindrance(self, cast: Cast, planning: Theme) -> None:
        pick_themes(cast.practitioners, [planning], by=cast.fay)
        start_thread(cast.practitioners, by=cast.bob, theme=planning, title="Who?", source="Words")
        make_theme_private(planning, cast.practitioners, by=cast.ada)

        assert Theme.objects.get(pk=planning.pk).private_to == cast.practitioners

    def test_nobody_takes_a_theme_into_a_network_they_are_outside_of(self, cast: Cast, planning: Theme) -> None:
        assert "Choose a network from the list" in self.private(cast, planning, cast.ai)
        with pytest.raises(Refused):
            make_theme_private(planning, cast.ai, by=cast.ada)

    def test_what_is_private_or_public_already_is_not_made_so_again(
        self, cast: Cast, planning: Theme, secret: Theme
    ) -> None:
        with pytest.raises(Refused, match="private already"):
            make_theme_private(secret, cast.practitioners, by=cast.ada)
        with pytest.raises(Refused, match="public already"):
            make_theme_public(planning, by=cast.ada)


class TestANetworksChoice:
    ADDRESS = "/networks/ai/themes/"

    @pytest.fixture(autouse=True)
    def three(self, cast: Cast, planning: Theme) -> list[Theme]:
        waste = create_theme(name="Waste", description="", by=cast.ada)
        pick_themes(cast.ai, [planning, waste], by=cast.fay)
        return [cast.theme, planning, waste]

    def order(self, cast: Cast) -> list[str]:
        return [theme.slug for theme in Theme.objects.of_network(cast.ai)]

    def test_a_facilitator_adds_one_and_it_stands_last(self, cast: Cast) -> None:
        create_theme(name="Highways", description="", by=cast.ada)
        fay = browser(cast, "fay")
        assert "Highways" in said(fay.get(self.ADDRESS))
        page = fay.post(f"{self.ADDRESS}pick/", {"theme": Theme.objects.get(slug="highways").pk}, follow=True)

        assert "Members can now start threads under Highways." in said(page)
        assert self.order(cast)[-1] == "highways"
        assert last_recorded().verb == "picked themes"
        # By number: the name of a theme that is private to a network is a word of its members.
        assert all(isinstance(theme, int) for theme in last_recorded().details["themes"])

    def test_choosing_none_is_an_error_and_the_page_stays(self, cast: Cast) -> None:
        page = said(browser(cast, "fay").post(f"{self.ADDRESS}pick/", {"theme": ""}))

        assert "<title>Error: Themes of the AI Network" in page
        assert 'href="#id_theme"' in page

    def test_what_is_private_to_another_network_is_not_offered(self, cast: Cast, secret: Theme) -> None:
        fay = browser(cast, "fay")  # who belongs to both, and could see it
        assert "Secret project" not in said(fay.get(self.ADDRESS))
        page = said(fay.post(f"{self.ADDRESS}pick/", {"theme": secret.pk}))
        assert "Choose a theme from the list" in page
        assert "secret-project" not in self.order(cast)

    def test_one_is_moved_up_and_down(self, cast: Cast) -> None:
        fay = browser(cast, "fay")
        assert self.order(cast) == ["adult-social-care", "planning", "waste"]
        answer = fay.post(f"{self.ADDRESS}waste/move/", {"to": "up"})
        assert answer["Location"] == f"{self.ADDRESS}#theme-waste"
        assert self.order(cast) == ["adult-social-care", "waste", "planning"]
        fay.post(f"{self.ADDRESS}adult-social-care/move/", {"to": "down"})
        assert self.order(cast) == ["waste", "adult-social-care", "planning"]

    def test_beyond_the_end_nothing_moves(self, cast: Cast) -> None:
        before = self.order(cast)
        move_theme(cast.ai, cast.theme, up=True, by=cast.fay)
        move_theme(cast.ai, Theme.objects.get(slug="waste"), up=False, by=cast.fay)

        assert self.order(cast) == before

    def test_one_that_is_taken_away_is_no_longer_offered_and_its_threads_stay(self, cast: Cast, three: Any) -> None:
        thread = start_thread(cast.ai, by=cast.bob, theme=three[1], title="About plans", source="Words")
        page = browser(cast, "fay").post(f"{self.ADDRESS}planning/take-away/", follow=True)

        assert "Planning is no longer offered." in said(page)
        bob = browser(cast, "bob")
        assert "Planning" not in said(bob.get("/networks/ai/threads/new/"))
        assert "About plans" in said(bob.get("/networks/ai/threads/?theme=planning"))
        assert "Planning" in said(bob.get(thread.get_absolute_url()))
        with pytest.raises(Refused):
            start_thread(cast.ai, by=cast.bob, theme=three[1], title="More", source="Words")
        assert last_recorded().verb == "took away theme"

    def test_the_last_one_stays(self, cast: Cast) -> None:
        take_away_theme(cast.ai, Theme.objects.get(slug="planning"), by=cast.fay)
        take_away_theme(cast.ai, Theme.objects.get(slug="waste"), by=cast.fay)
        page = browser(cast, "fay").post(f"{self.ADDRESS}adult-social-care/take-away/", follow=True)

        assert "A network needs a theme" in said(page)
        assert self.order(cast) == ["adult-social-care"]

    @pytest.mark.parametrize("who", NOT_FACILITATORS)
    def test_it_is_not_there_for_anybody_else(self, cast: Cast, who: str | None) -> None:
        client = browser(cast, who)
        before = self.order(cast)
        assert client.get(self.ADDRESS).status_code == 404
        for step in ("pick/", "waste/move/", "waste/take-away/"):
            assert client.post(f"{self.ADDRESS}{step}", {"theme": cast.theme.pk, "to": "up"}).status_code == 404
        assert self.order(cast) == before

    def test_no_verb_lets_a_facilitator_of_another_network_in(self, cast: Cast, three: Any) -> None:
        Membership.objects.filter(member=cast.bob, network=cast.practitioners).update(role="facilitator")
        for verb in (
            lambda: pick_themes(cast.ai, three, by=cast.bob),
            lambda: move_theme(cast.ai, cast.theme, up=True, by=cast.bob),
            lambda: take_away_theme(cast.ai, cast.theme, by=cast.bob),
        ):
            with pytest.raises(Refused):
                verb()

    def test_takes_as_many_queries_for_many_themes_as_for_few(
        self, cast: Cast, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        fay = browser(cast, "fay")

        def asked() -> int:
            fay.get(self.ADDRESS)
            with django_assert_max_num_queries(14) as queries:
                fay.get(self.ADDRESS)
            return len(queries)

        create_theme(name="Highways", description="", by=cast.ada)
        few = asked()
        for number in range(20):
            theme = Theme.objects.create(name=f"Theme {number}", slug=f"t{number}")
            if number % 2:
                NetworkTheme.objects.create(network=cast.ai, theme=theme, order=number + 5)
        assert asked() == few


class TestFollowing:
    def test_a_member_follows_and_stops(self, cast: Cast, hub: Hub) -> None:
        bob = browser(cast, "bob")
        assert "Follow this theme" in said(bob.get("/themes/adult-social-care/"))
        page = bob.post("/themes/adult-social-care/follow/", follow=True)
        assert "You follow this theme." in said(page)
        bob.post("/themes/adult-social-care/follow/")
        assert MemberTheme.objects.filter(member=cast.bob).count() == 1
        page = bob.post("/themes/adult-social-care/unfollow/", follow=True)
        assert "Follow this theme" in said(page)
        assert not MemberTheme.objects.exists()

    def test_somebody_not_signed_in_is_asked_to_and_comes_back_to_the_theme(self, cast: Cast, hub: Hub) -> None:
        page = said(Client().get("/themes/adult-social-care/"))
        assert "Sign in to follow this theme" in page
        assert "csrfmiddlewaretoken" not in page
        answer = Client().post("/themes/adult-social-care/follow/")
        assert answer["Location"] == "/account/login/code/?next=/themes/adult-social-care/"

    @pytest.mark.parametrize("who", ["olga", "amir", "lena", "sven", "ada", None])
    def test_a_private_theme_is_not_there_to_follow(self, cast: Cast, secret: Theme, who: str | None) -> None:
        for verb in ("follow", "unfollow"):
            assert browser(cast, who).post(f"/themes/secret-project/{verb}/").status_code == 404
        viewer = getattr(cast, who) if who else AnonymousUser()
        with pytest.raises(Refused):
            follow_theme(secret, by=viewer)
        assert not MemberTheme.objects.exists()

    def test_who_follows_is_seen_by_their_networks_until_they_hide_it(self, cast: Cast) -> None:
        follow_theme(cast.theme, by=cast.bob)
        assert MemberTheme.objects.visible_to(cast.fay).exists()
        assert not MemberTheme.objects.visible_to(cast.olga).exists()
        Profile.objects.create(member=cast.bob, shows_themes=False)
        assert not MemberTheme.objects.visible_to(cast.fay).exists()
        unfollow_theme(cast.theme, by=cast.bob)
        assert not MemberTheme.objects.visible_to(cast.bob).exists()


def test_the_site_gets_back_the_theme_that_it_made(cast: Cast) -> None:
    made = [create_theme(slug="x", name="X", description="", by=None) for _ in range(2)]

    assert made[0] == made[1]
