"""Wagtail's admin in our house: one way in, no doors beside it, roles given by administrators."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import URLResolver, get_resolver, reverse
from django.utils import timezone
from wagtail.documents import get_document_model
from wagtail.images import get_image_model
from wagtail.models import Page
from wagtail.models import PageLogEntry as LogEntry
from wagtail.test.utils.form_data import nested_form_data, rich_text, streamfield

from cms.actions.roles import ADMINISTRATORS, EDITORS, PUBLISHERS, give_roles, set_up_roles
from cms.models import EventPage, GuidancePage, PageLifecycle, PageThread
from forums.actions.threads import start_thread
from network.models import AuditEvent, Member, NetworkTheme, Theme
from network.permissions import Refused
from tests.cast import Cast, give_second_factor, show_second_factor, sign_in
from tests.cms.hub import Hub, close

SIGN_IN = "/account/login/code/"


@pytest.fixture
def editor(hub: Hub, cast: Cast) -> Member:
    give_roles(cast.olga, [EDITORS], by=None)
    return cast.olga


@pytest.fixture
def publisher(hub: Hub, cast: Cast) -> Member:
    give_roles(cast.bob, [PUBLISHERS], by=None)
    return cast.bob


@pytest.fixture
def administrator(hub: Hub, cast: Cast) -> Member:
    give_roles(cast.ada, [ADMINISTRATORS], by=None)
    return cast.ada


def form_of(page: GuidancePage | None = None, themes: Iterable[int] = (), **changes: Any) -> dict[str, Any]:
    data: dict[str, Any] = {
        "title": page.title if page else "New page",
        "slug": page.slug if page else "new-page",
        "summary": "",
        "tags": "",
        "discuss_in": "",
        "body": streamfield([("heading", "A heading")]),
        "comments": {"TOTAL_FORMS": 0, "INITIAL_FORMS": 0},
    }
    return dict(nested_form_data(data | changes)) | {"themes": list(themes)}


# The way in


@pytest.mark.parametrize(
    "address",
    [
        "/admin/",
        "/admin/pages/",
        "/admin/login/",
        "/_util/login/",
        "/admin/password_reset/",
        "/admin/password_reset/confirm/abc/def/",
        "/admin/tag-autocomplete/?term=a",
        "/admin/tag-autocomplete/network/tag/?term=a",
        "/admin/users/",
        "/admin/account/",
    ],
)
def test_every_door_of_the_admin_leads_to_our_sign_in(address: str, hub: Hub, client: Client) -> None:
    answer = client.get(address, follow=True)

    assert answer.redirect_chain[-1][0].startswith(SIGN_IN)
    assert b'type="password"' not in answer.content


@pytest.mark.parametrize("address", ["/admin/login/", "/_util/login/"])
def test_a_password_typed_into_wagtails_own_form_lets_nobody_in(address: str, hub: Hub, cast: Cast) -> None:
    client = Client()
    cast.ada.set_password("a long enough password")
    cast.ada.save()

    client.post(address, {"username": cast.ada.email, "password": "a long enough password"})

    assert "_auth_user_id" not in client.session


def under_the_admin() -> list[str]:
    """Every address of the admin, with something in its holes."""
    found = []

    def walk(resolver: URLResolver, before: str) -> None:
        for entry in resolver.url_patterns:
            pattern = str(entry.pattern).lstrip("^").rstrip("$")
            if isinstance(entry, URLResolver):
                walk(entry, before + pattern)
            else:
                filled = re.sub(r"<(?:\w+:)?\w+>|\([^()]*(?:\([^()]*\)[^()]*)*\)", "1", before + pattern)
                found.append("/" + re.sub(r"[\\^$?*+]", "", filled))

    walk(get_resolver(), "")
    return [address for address in found if address.startswith("/admin/")]


@pytest.mark.parametrize("has_one", [True, False])
def test_without_a_second_factor_in_this_session_an_editor_reaches_nothing(
    hub: Hub, administrator: Member, client: Client, has_one: bool
) -> None:
    client.force_login(administrator)
    if has_one:
        give_second_factor(administrator)
    led = "/account/confirm/?next=" if has_one else "/account/second-factor/?next="
    addresses = under_the_admin()
    assert len(addresses) > 150
    assert any("chooser" in address for address in addresses)
    assert any("preview" in address for address in addresses)
    before = Page.objects.count(), LogEntry.objects.count()

    for address in addresses:
        for ask in (client.get, client.post):
            for headers in ({}, {"accept": "application/json"}):
                answer = ask(address, headers=headers)
                assert (answer.status_code, answer["Location"].startswith(led)) == (302, True), address
        script = client.post(address, headers={"x-requested-with": "XMLHttpRequest"})
        assert script.status_code == 403, address
    assert (Page.objects.count(), LogEntry.objects.count()) == before


def test_an_upload_without_a_second_factor_keeps_no_file(hub: Hub, administrator: Member, client: Client) -> None:
    client.force_login(administrator)
    for address in ("/admin/images/multiple/add/", "/admin/documents/multiple/add/"):
        client.post(address, {"title": "x", "files[]": SimpleUploadedFile("x.pdf", b"%PDF-1.4")})

    assert not get_document_model().objects.exists()
    assert not get_image_model().objects.exists()


def test_with_one_shown_in_this_session_the_admin_opens(hub: Hub, editor: Member, client: Client) -> None:
    client.force_login(editor)
    address = client.get("/admin/pages/?p=2")["Location"]
    assert address == "/account/second-factor/?next=%2Fadmin%2Fpages%2F%3Fp%3D2"
    show_second_factor(client, editor)

    assert client.get("/admin/").status_code == 200


def test_an_address_or_a_password_is_changed_on_the_account_pages_only(
    hub: Hub, administrator: Member, cast: Cast, client: Client
) -> None:
    sign_in(client, administrator)
    own = client.get("/admin/account/").content.decode()
    edit = client.get(f"/admin/users/edit/{cast.lena.pk}/").content.decode()
    assert 'type="password"' not in own + edit
    assert 'name="email"' not in own + edit
    assert "name_email-email" not in own
    taken = {"email": "taken@evil.example", "password1": "a long enough one", "password2": "a long enough one"}
    client.post(f"/admin/users/edit/{cast.lena.pk}/", taken)
    client.post("/admin/account/", {f"name_email-{name}": value for name, value in taken.items()} | taken)
    for address in ("/admin/password_reset/", "/admin/account/change_password/"):
        client.post(address, taken)

    for member in (cast.lena, administrator):
        was = member.email
        member.refresh_from_db()
        assert member.email == was
        assert not member.has_usable_password()


def test_a_member_without_a_role_is_told_so_and_not_sent_round(hub: Hub, cast: Cast, client: Client) -> None:
    sign_in(client, cast.bob)
    answer = client.get("/admin/", follow=True)

    assert answer.status_code == 403
    assert len(answer.redirect_chain) == 1


def test_nobody_makes_an_error_on_purpose(hub: Hub, editor: Member, client: Client) -> None:
    sign_in(client, editor)

    assert client.get("/admin/failwhale/").status_code == 404


def test_there_is_no_shared_password_to_ask_for(hub: Hub, client: Client) -> None:
    assert client.post("/_util/authenticate_with_password/1/1/").status_code == 404


def test_an_editors_page_has_a_looser_policy_and_readers_keep_the_strict_one(
    hub: Hub, editor: Member, client: Client
) -> None:
    sign_in(client, editor)

    assert "'unsafe-inline'" in client.get("/admin/")["Content-Security-Policy"]
    for address in ["/", "/guidance/", "/search/", SIGN_IN]:
        assert "unsafe-inline" not in client.get(address)["Content-Security-Policy"]


def test_a_preview_shows_the_page_under_the_readers_policy(hub: Hub, editor: Member, client: Client) -> None:
    page = hub.publish_guidance("Preview me")
    sign_in(client, editor)
    address = reverse("wagtailadmin_pages:preview_on_edit", args=[page.pk])
    client.post(address, form_of(page, title="Previewed"))

    answer = client.get(address)

    assert answer.status_code == 200
    assert b"Previewed" in answer.content
    assert "unsafe-inline" not in answer["Content-Security-Policy"]


# Tags


def test_a_tag_of_a_page_never_tells_how_a_private_thread_spells_it(
    hub: Hub, cast: Cast, editor: Member, client: Client
) -> None:
    start_thread(cast.ai, by=cast.bob, theme=cast.theme, title="Inside", source="Words", tags=["project falcon"])
    page = hub.publish_guidance("About birds")
    sign_in(client, editor)

    client.post(
        reverse("wagtailadmin_pages:edit", args=[page.pk]), form_of(page, tags="Project  FALCON, New Word,new word")
    )

    draft = GuidancePage.objects.get(pk=page.pk).get_latest_revision_as_object()
    assert sorted(tag.name for tag in draft.tags.all()) == ["new word", "project falcon"]


def test_tags_of_threads_and_of_pages_one_may_not_read_are_not_offered(
    hub: Hub, cast: Cast, editor: Member, client: Client
) -> None:
    start_thread(cast.ai, by=cast.bob, theme=cast.theme, title="Inside", source="Words", tags=["canary-thread"])
    close(hub.events, "groups")
    hub.publish_guidance("Draft", tags=["canary-draft"]).unpublish()
    hub.publish_guidance("Live", tags=["canary-live"])
    sign_in(client, editor)

    for address in ["/admin/tag-autocomplete/", "/admin/tag-autocomplete/network/tag/"]:
        assert client.get(address, {"term": "canary"}).json() == ["canary-live"]
        assert client.get(address).json() == []


# What an editor can and cannot do


def test_an_editor_writes_drafts_and_does_not_publish(hub: Hub, editor: Member, client: Client) -> None:
    sign_in(client, editor)
    address = reverse("wagtailadmin_pages:add", args=["cms", "guidancepage", hub.guidance.pk])
    client.post(address, form_of() | {"action-publish": "1"})

    assert not GuidancePage.objects.get().live


def test_a_publisher_publishes_and_the_discussion_appears(
    hub: Hub, cast: Cast, publisher: Member, client: Client
) -> None:
    sign_in(client, publisher)
    address = reverse("wagtailadmin_pages:add", args=["cms", "guidancepage", hub.guidance.pk])
    client.post(
        address, form_of(discuss_in=cast.ai.pk, themes=[cast.theme.pk], tags="one, two") | {"action-publish": "1"}
    )

    page = GuidancePage.objects.get()
    assert page.live
    assert PageThread.objects.get().thread.network == cast.ai
    assert sorted(tag.name for tag in page.tags.all()) == ["one", "two"]


def test_a_publisher_is_told_where_the_discussion_is_and_gets_a_link_only_as_a_member(
    hub: Hub, cast: Cast, publisher: Member, client: Client
) -> None:
    give_roles(cast.olga, [PUBLISHERS], by=None)
    address = reverse("wagtailadmin_pages:add", args=["cms", "guidancepage", hub.guidance.pk])

    def told(member: Member, slug: str, network: str | int) -> str:
        sign_in(client, member)
        page = form_of(discuss_in=network, themes=[cast.theme.pk]) | {"slug": slug, "action-publish": "1"}
        return client.post(address, page, follow=True).content.decode()

    of_member, of_outsider = told(publisher, "one", cast.ai.pk), told(cast.olga, "two", cast.ai.pk)

    first, second = (PageThread.objects.get(page__slug=slug).thread.get_absolute_url() for slug in ("one", "two"))
    assert "The discussion of “New page” is in the AI Network." in of_member and f'href="{first}"' in of_member
    assert "The discussion of “New page” is in the AI Network." in of_outsider and second not in of_outsider
    assert "The discussion of" not in told(cast.olga, "three", "")


def test_an_editor_is_told_which_themes_a_network_discusses(
    hub: Hub, cast: Cast, publisher: Member, client: Client
) -> None:
    Theme.objects.create(name="Canary theme", slug="canary", private_to=cast.ai)
    elsewhere = Theme.objects.create(name="Planning", slug="planning")
    sign_in(client, publisher)
    address = reverse("wagtailadmin_pages:add", args=["cms", "guidancepage", hub.guidance.pk])

    html = client.post(
        address, form_of(discuss_in=cast.ai.pk, themes=[elsewhere.pk]) | {"action-publish": "1"}
    ).content.decode()

    assert "Choose one of: Adult social care." in html
    assert "Canary" not in html
    assert not GuidancePage.objects.exists()


def test_a_closed_page_cannot_be_given_a_discussion(hub: Hub, cast: Cast, publisher: Member, client: Client) -> None:
    close(hub.guidance)
    sign_in(client, publisher)
    address = reverse("wagtailadmin_pages:add", args=["cms", "guidancepage", hub.guidance.pk])

    html = client.post(address, form_of(discuss_in=cast.ai.pk, themes=[cast.theme.pk])).content.decode()

    assert "Only a page that everybody may read can be discussed" in html


def test_a_private_theme_cannot_be_put_on_a_page(hub: Hub, cast: Cast, publisher: Member, client: Client) -> None:
    private = Theme.objects.create(name="Canary theme", slug="canary", private_to=cast.ai)
    NetworkTheme.objects.create(network=cast.ai, theme=private)
    sign_in(client, publisher)
    address = reverse("wagtailadmin_pages:add", args=["cms", "guidancepage", hub.guidance.pk])

    client.post(address, form_of(themes=[private.pk]) | {"action-publish": "1"})

    assert not GuidancePage.objects.exists()


def test_the_network_of_a_discussion_that_has_begun_stays(
    hub: Hub, cast: Cast, publisher: Member, client: Client
) -> None:
    page = hub.publish_guidance("Discussed", discuss_in=cast.ai, themes=[cast.theme])
    sign_in(client, publisher)

    client.post(
        reverse("wagtailadmin_pages:edit", args=[page.pk]),
        form_of(page, discuss_in=cast.practitioners.pk, themes=[cast.theme.pk]) | {"action-publish": "1"},
    )

    assert GuidancePage.objects.get().discuss_in == cast.ai


def test_the_network_of_an_event_with_a_room_stays(hub: Hub, cast: Cast, publisher: Member, client: Client) -> None:
    event = hub.publish_event("Session", network=cast.ai)
    sign_in(client, publisher)
    starts_at = timezone.localtime(event.starts_at)
    data = {
        "title": "Session",
        "slug": "session",
        "summary": "",
        "tags": "",
        "starts_at": f"{starts_at:%Y-%m-%d %H:%M}",
        "ends_at": f"{starts_at + timedelta(hours=2):%Y-%m-%d %H:%M}",
        "network": cast.practitioners.pk,
        "programme": streamfield([]),
        "joining_link": "",
        "record": rich_text(""),
        "comments": {"TOTAL_FORMS": 0, "INITIAL_FORMS": 0},
    }

    client.post(
        reverse("wagtailadmin_pages:edit", args=[event.pk]), dict(nested_form_data(data)) | {"action-publish": "1"}
    )

    event = EventPage.objects.get()
    assert event.network == cast.ai
    assert event.ends_at - event.starts_at == timedelta(hours=2)


# Review


def test_a_publisher_says_when_a_page_was_reviewed(hub: Hub, publisher: Member, client: Client) -> None:
    page = hub.publish_guidance("Reviewed")
    today = timezone.localdate()
    PageLifecycle.objects.update(reviewed_on=today - timedelta(days=400), review_by=today - timedelta(days=35))
    sign_in(client, publisher)

    client.post(
        reverse("wagtailadmin_pages:edit", args=[page.pk]),
        form_of(page, reviewed_on=today.isoformat(), review_by=(today + timedelta(days=90)).isoformat()),
    )

    lifecycle = PageLifecycle.objects.get()
    assert (lifecycle.reviewed_on, lifecycle.reviewed_by) == (today, publisher)
    assert lifecycle.review_by == today + timedelta(days=90)
    assert AuditEvent.objects.filter(verb="reviewed").count() == 1


def test_an_autosave_is_no_review(hub: Hub, publisher: Member, client: Client) -> None:
    page = hub.publish_guidance("Reviewed")
    PageLifecycle.objects.update(reviewed_on="2024-01-01", review_by="2025-01-01")
    sign_in(client, publisher)

    client.post(
        reverse("wagtailadmin_pages:edit", args=[page.pk]),
        form_of(page, reviewed_on="2024-06-01", review_by="2025-06-01"),
        headers={"accept": "application/json"},
    )

    assert str(PageLifecycle.objects.get().reviewed_on) == "2024-01-01"


def test_an_editor_who_may_not_publish_cannot_say_it_was_reviewed(hub: Hub, editor: Member, client: Client) -> None:
    page = hub.publish_guidance("Reviewed")
    PageLifecycle.objects.update(reviewed_on="2024-01-01", review_by="2025-01-01")
    sign_in(client, editor)

    client.post(
        reverse("wagtailadmin_pages:edit", args=[page.pk]),
        form_of(page, reviewed_on="2024-06-01", review_by="2025-06-01"),
    )

    assert str(PageLifecycle.objects.get().reviewed_on) == "2024-01-01"


def test_a_review_in_the_future_is_refused(hub: Hub, publisher: Member, client: Client) -> None:
    page = hub.publish_guidance("Reviewed")
    sign_in(client, publisher)
    tomorrow = timezone.localdate() + timedelta(days=1)

    html = client.post(
        reverse("wagtailadmin_pages:edit", args=[page.pk]),
        form_of(page, reviewed_on=tomorrow.isoformat(), review_by="2099-01-01"),
    ).content.decode()

    assert "cannot be in the future" in html


# Roles


def test_setting_up_roles_twice_is_setting_them_up_once(hub: Hub) -> None:
    before = Group.objects.get(name=ADMINISTRATORS).permissions.count(), Page.objects.count()
    set_up_roles()

    assert (Group.objects.get(name=ADMINISTRATORS).permissions.count(), Page.objects.count()) == before
    assert set(Group.objects.values_list("name", flat=True)) == {EDITORS, PUBLISHERS, ADMINISTRATORS}


def test_administrators_have_the_permissions_of_the_network(administrator: Member) -> None:
    assert administrator.has_perm("network.change_organisationdomain")
    assert administrator.has_perm("network.change_network")


def test_editors_have_no_permission_over_people(editor: Member, publisher: Member) -> None:
    assert not any(permission.startswith("network.") for permission in editor.get_all_permissions())
    assert not any(permission.startswith("network.") for permission in publisher.get_all_permissions())


def test_an_administrator_gives_roles(administrator: Member, cast: Cast, client: Client) -> None:
    sign_in(client, administrator)
    assert client.get("/admin/users/").status_code == 200

    client.post(f"/admin/users/edit/{cast.lena.pk}/", {"roles": [EDITORS, PUBLISHERS]})

    assert set(cast.lena.groups.values_list("name", flat=True)) == {EDITORS, PUBLISHERS}
    event = AuditEvent.objects.get(verb="gave roles", actor_id=administrator.pk)
    assert event.details == {"had": [], "has": [EDITORS, PUBLISHERS]}


def test_an_administrator_finds_a_member_by_name(administrator: Member, cast: Cast, client: Client) -> None:
    sign_in(client, administrator)

    html = client.get("/admin/users/results/", {"q": "Lena"}).content.decode()

    assert "Lena Left" in html
    assert "Olga Outside" not in html


def test_editors_and_publishers_give_no_roles(editor: Member, publisher: Member, cast: Cast, client: Client) -> None:
    for nobody in (editor, publisher):
        sign_in(client, nobody)
        answer = client.post(f"/admin/users/edit/{nobody.pk}/", {"roles": [ADMINISTRATORS]})
        assert answer.status_code in (302, 403)
        assert "Lena Left" not in client.get("/admin/users/", follow=True).content.decode()
        with pytest.raises(Refused):
            give_roles(nobody, [ADMINISTRATORS], by=nobody)
    assert not Member.objects.filter(groups__name=ADMINISTRATORS).exists()


@pytest.mark.parametrize("address", ["/admin/users/new/", "/admin/users/delete/1/", "/admin/users/1/"])
def test_nobody_makes_or_deletes_members_in_the_admin(address: str, administrator: Member, client: Client) -> None:
    sign_in(client, administrator)

    assert client.get(address).status_code == 404


@pytest.mark.parametrize("action", ["delete", "assign_role", "set_active_state"])
def test_nobody_changes_members_in_bulk(action: str, administrator: Member, cast: Cast, client: Client) -> None:
    sign_in(client, administrator)

    assert client.post(f"/admin/bulk/network/member/{action}/?id={cast.lena.pk}").status_code == 404


def test_the_admins_own_settings_change_neither_name_nor_address(editor: Member, client: Client) -> None:
    sign_in(client, editor)
    html = client.get("/admin/account/").content.decode()
    assert not re.search(r'name="[^"]*(email|first_name|password|avatar)"', html)

    client.post("/admin/account/", {"name_email-email": "new@example.org", "theme-theme": "dark"})

    editor.refresh_from_db()
    assert editor.email == "olga@exampleshire.example.org"


def test_a_role_that_does_not_exist_is_not_given(hub: Hub, cast: Cast) -> None:
    with pytest.raises(ValueError, match="No such role"):
        give_roles(cast.bob, ["Kings"], by=None)


def test_roles_take_nothing_else_away(hub: Hub, cast: Cast) -> None:
    other = Group.objects.create(name="Reviewers")
    cast.bob.groups.add(other)
    cast.bob.user_permissions.add(Permission.objects.get(codename="view_auditevent"))

    give_roles(cast.bob, [EDITORS], by=None)
    give_roles(cast.bob, [], by=None)

    assert list(cast.bob.groups.all()) == [other]
    assert cast.bob.user_permissions.count() == 1


# Submitting for publication


def test_an_editor_submits_and_a_publisher_approves(
    hub: Hub, editor: Member, publisher: Member, client: Client
) -> None:
    sign_in(client, editor)
    address = reverse("wagtailadmin_pages:add", args=["cms", "guidancepage", hub.guidance.pk])
    client.post(address, form_of() | {"action-submit": "1"})
    page = GuidancePage.objects.get()
    assert page.workflow_in_progress

    sign_in(client, publisher)
    state = page.current_workflow_task_state
    client.post(
        reverse("wagtailadmin_pages:workflow_action", args=[page.pk, "approve", state.pk]), {"comment": "Good."}
    )

    page.refresh_from_db()
    assert page.live
