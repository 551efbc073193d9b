"""The ground rules change, a room gets a speaker from outside, a member takes their data along and goes: without
JavaScript, every page looked at by axe."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.storage import FileSystemStorage
from django.utils import timezone
from playwright.sync_api import Page, expect

from forums.actions.rooms import schedule_room
from network.actions.exports import pack_data
from network.actions.rules import publish_rules, set_up_rules
from network.models import DataExport, GroundRules, Member
from tests.cast import Cast
from tests.journeys.conftest import Browse, Server

pytestmark = pytest.mark.browser

Axe = Callable[[Page], None]


@pytest.fixture
def packed_where_the_server_looks(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own worker packs only where there is no Redis; so the test does, whoever comes first."""
    storage = FileSystemStorage(location=server.var / "private" / "exports", base_url=None)
    monkeypatch.setattr(DataExport._meta.get_field("file"), "storage", storage)


def test_a_member_agrees_hears_a_speaker_and_leaves_with_their_data(
    browse: Browse, axe: Axe, cast: Cast, packed_where_the_server_looks: None
) -> None:
    now = timezone.now()
    room = schedule_room(cast.ai, title="A session", opens_at=now, closes_at=now + timedelta(hours=1), by=None)
    first = GroundRules.objects.current() or set_up_rules()
    publish_rules(text=first.text + "Listen.", change="Listening is new.", by=cast.ada, after=first.number)
    fay, bob = browse(cast.fay), browse(cast.bob, javascript=False)

    fay.goto(room.get_absolute_url())
    expect(fay.get_by_role("heading", level=1)).to_have_text("Agree to the ground rules")
    axe(fay)
    fay.get_by_role("button", name="Continue").click()
    expect(fay.get_by_role("alert")).to_contain_text("Select that you agree")
    axe(fay)
    fay.get_by_label("I agree to the ground rules").check()
    fay.get_by_role("button", name="Continue").click()
    expect(fay.get_by_role("heading", name="Who runs this room")).to_be_visible()
    fay.get_by_label("Name or email address").fill(cast.olga.email)
    fay.get_by_role("button", name="Add").click()
    expect(fay.get_by_text("Olga Outside is now a speaker in this room.")).to_be_visible()
    axe(fay)

    olga = browse(cast.olga)
    olga.goto(room.get_absolute_url())
    olga.get_by_label("Your message").fill("Good morning")
    olga.get_by_role("button", name="Send").click()
    said = fay.get_by_role("list", name="Messages").get_by_role("listitem")
    expect(said).to_contain_text("Olga Outside Speaker Exampleshire")

    bob.goto("/networks/ai/threads/")
    bob.get_by_label("I agree to the ground rules").check()
    bob.get_by_role("button", name="Continue").click()
    expect(bob.get_by_role("heading", level=1)).to_contain_text("Threads")
    bob.goto("/ground-rules/")
    expect(bob.get_by_text("Listening is new.")).to_be_visible()

    bob.get_by_role("link", name="Your account: Bob Belongs").click()
    bob.get_by_role("link", name="Download your data").click()
    bob.get_by_role("button", name="Ask for your data").click()
    pack_data(DataExport.objects.select_related("member").get())
    bob.get_by_role("button", name="See whether it is ready").click()
    with bob.expect_download() as downloading:
        bob.get_by_role("button", name="Download your data").click()
    archive = zipfile.ZipFile(io.BytesIO(Path(downloading.value.path()).read_bytes()))
    assert "Bob Belongs" in archive.read("your-data.html").decode()

    bob.get_by_role("link", name="Close your account").click()
    bob.get_by_label("Erase it").check()
    bob.get_by_label("I know that this cannot be undone").check()
    bob.get_by_role("button", name="Close my account").click()
    expect(bob.get_by_role("heading", level=1)).to_have_text("Your account is closed")
    assert str(Member.objects.get(pk=cast.bob.pk)) == "Former member"

    with_script = browse(cast.olga, width=375)
    ada = browse(cast.ada)
    for page, address in (
        (with_script, "/ground-rules/"),
        (with_script, "/account/data/"),
        (with_script, "/account/close/"),
        (with_script, "/account/close/done/"),
        (with_script, "/networks/ai-practitioners/join/"),
        (ada, "/administration/ground-rules/"),
    ):
        page.goto(address)
        axe(page)
