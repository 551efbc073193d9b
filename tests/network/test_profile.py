"""What members tell of themselves: who sees it, how it is cleaned, and what becomes of a picture."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from struct import pack
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from PIL import Image, PngImagePlugin
from pytest_django import DjangoCaptureOnCommitCallbacks

from forums.actions.posts import reply
from forums.actions.threads import start_thread
from network.actions.profile import change_picture, change_profile, choose_mail
from network.actions.themes import follow_theme
from network.models import (
    AuditEvent,
    Member,
    Membership,
    MemberTheme,
    MemberTool,
    Network,
    NetworkTheme,
    Profile,
    Theme,
)
from network.permissions import Refused
from network.storage import PORTRAIT_BYTES, NotAPicture, portrait
from tests.cast import Cast, sign_in

OUTSIDERS = ["olga", "amir", "lena", "sven", "ada", None]


@pytest.fixture
def as_(cast: Cast) -> Callable[[str | None], Client]:
    def browser_of(who: str | None) -> Client:
        client = Client()
        if who:
            sign_in(client, getattr(cast, who))
        return client

    return browser_of


As = Callable[[str | None], Client]


def filled(**changes: Any) -> dict[str, Any]:
    """What the form of the profile sends."""
    shown = {f"shows_{part}": "yes" for part in ("job_title", "help_with", "themes", "tools", "about")}
    return {"name": "Fay Facilitates", "job_title": "Lead", "help_with": "Audits", "about": "Hello", "tools": ""} | (
        shown | changes
    )


def told(cast: Cast, **shows: bool) -> None:
    """Fay tells something in every part."""
    change_profile(
        by=cast.fay,
        name="Fay Facilitates",
        job_title="A hidden title",
        help_with="A hidden skill",
        about="Hidden words",
        themes=[cast.theme],
        tools=["A hidden tool"],
        shows=shows,
    )


def image(kind: str = "PNG", size: tuple[int, int] = (400, 300), **options: Any) -> SimpleUploadedFile:
    file = BytesIO()
    Image.new("RGB", size, "teal").save(file, kind, **options)
    return SimpleUploadedFile(f"me.{kind.lower()}", file.getvalue(), content_type=f"image/{kind.lower()}")


class TestChangingAProfile:
    def test_what_is_told_stands_on_their_page(self, cast: Cast, as_: As) -> None:
        answer = as_("fay").post(
            "/profile/", filled(themes=[cast.theme.pk], tools="QGIS\nPower  BI, qgis"), follow=True
        )
        page = as_("bob").get(f"/people/{cast.fay.pk}/").content.decode()

        assert "Your profile is saved." in answer.content.decode()
        for words in ("Lead", "Audits", "Hello", "Adult social care", "QGIS", "Power BI"):
            assert words in page
        assert list(cast.fay.tools.values_list("name", flat=True)) == ["Power BI", "QGIS"]

    def test_the_name_follows_the_rules_of_signing_up(self, cast: Cast, as_: As) -> None:
        page = as_("fay").post("/profile/", filled(name="The Guildhall Team")).content.decode()

        assert "<title>Error: Your profile" in page
        assert "Enter your own name" in page
        cast.fay.refresh_from_db()
        assert cast.fay.name == "Fay Facilitates"

    @pytest.mark.parametrize(
        ("tools", "words"),
        [
            (", ".join(f"tool {n}" for n in range(21)), "Enter 20 tools or fewer: there are 21"),
            ("x" * 61, "Each tool must be 60 characters or fewer"),
            ("a\u202eb", "Tools must not have invisible characters"),
        ],
    )
    def test_a_list_of_tools_that_is_wrong_says_how(self, as_: As, tools: str, words: str) -> None:
        page = as_("fay").post("/profile/", filled(tools=tools)).content.decode()

        assert words in page
        assert not MemberTool.objects.exists()

    def test_saving_again_leaves_what_is_the_same_and_takes_away_what_is_not(self, cast: Cast, as_: As) -> None:
        fay = as_("fay")
        fay.post("/profile/", filled(themes=[cast.theme.pk], tools="QGIS, Excel"))
        kept = MemberTool.objects.get(name="QGIS").pk
        fay.post("/profile/", filled(tools="QGIS"))

        assert list(cast.fay.tools.values_list("pk", flat=True)) == [kept]
        assert not MemberTheme.objects.exists()

    def test_a_theme_that_they_do_not_see_cannot_be_followed(self, cast: Cast, as_: As) -> None:
        secret = Theme.objects.create(name="Secret", slug="secret", private_to=cast.practitioners)
        page = as_("olga").post("/profile/", filled(name="Olga Outside", themes=[secret.pk])).content.decode()

        assert "Select themes from the list" in page
        assert "Secret" not in page
        with pytest.raises(Refused):
            change_profile(
                by=cast.olga, name="O", job_title="", help_with="", about="", themes=[secret], tools=[], shows={}
            )

    def test_a_private_theme_of_a_network_they_left_is_neither_shown_nor_lost(self, cast: Cast, as_: As) -> None:
        secret = Theme.objects.create(name="Secret", slug="secret", private_to=cast.practitioners)
        MemberTheme.objects.create(member=cast.fay, theme=secret)
        Membership.objects.filter(member=cast.fay, network=cast.practitioners).update(state="left")
        as_("fay").post("/profile/", filled(themes=[cast.theme.pk]))

        assert "Secret" not in as_("fay").get(f"/people/{cast.fay.pk}/").content.decode()
        assert {row.theme for row in cast.fay.member_themes.all()} == {cast.theme, secret}

    def test_the_book_says_which_parts_changed_and_no_word_of_them(self, cast: Cast, as_: As) -> None:
        as_("fay").post("/profile/", filled(name="Fay Newname", tools="QGIS", shows_about="no"))
        as_("fay").post("/profile/", filled(name="Fay Newname", tools="QGIS", shows_about="no"))
        event = AuditEvent.objects.get(verb="changed profile")

        changed = ["about", "help_with", "job_title", "name", "shows_about", "tools"]
        assert event.details == {"changed": changed}

    def test_somebody_whose_account_is_closed_changes_nothing(self, cast: Cast) -> None:
        cast.bob.is_active = False
        with pytest.raises(Refused):
            choose_mail({}, by=cast.bob)
        with pytest.raises(Refused):
            change_picture(by=cast.bob, upload=image(), alt="", shows=True)

    def test_it_is_for_whoever_is_signed_in(self, as_: As) -> None:
        for address in ("/profile/", "/profile/picture/", "/profile/mail/"):
            assert as_(None).get(address).status_code == 302
        assert as_("olga").get("/profile/").status_code == 200


class TestWhatOthersSee:
    @pytest.mark.parametrize("who", OUTSIDERS)
    def test_somebody_outside_sees_nothing(self, cast: Cast, as_: As, who: str | None) -> None:
        told(cast)
        change_picture(by=cast.fay, upload=image(), alt="", shows=True)

        assert as_(who).get(f"/people/{cast.fay.pk}/").status_code == 404
        assert as_(who).get(f"/people/{cast.fay.pk}/picture/").status_code == 404

    @pytest.mark.parametrize(
        ("part", "words"),
        [
            ("job_title", "A hidden title"),
            ("help_with", "A hidden skill"),
            ("about", "Hidden words"),
            ("themes", "Adult social care"),
            ("tools", "A hidden tool"),
        ],
    )
    def test_a_part_shown_to_nobody_is_on_their_own_page_only_and_says_so(
        self, cast: Cast, as_: As, part: str, words: str
    ) -> None:
        told(cast, **{part: False})
        address = f"/people/{cast.fay.pk}/"
        own = as_("fay").get(address).content.decode().split("<dl", 1)[1]

        assert words not in as_("bob").get(address).content.decode()
        assert "(only you see this)" in own.split(words)[1][:200]
        assert own.count("(only you see this)") == 2  # and their address

    def test_a_hidden_job_title_is_hidden_from_facilitators_too(self, cast: Cast, as_: As) -> None:
        Member.objects.filter(pk=cast.amir.pk).update(job_title="A hidden title")
        queue = "/networks/ai-practitioners/requests/"
        assert "A hidden title" in as_("fay").get(queue).content.decode()
        Profile.objects.create(member=cast.amir, shows_job_title=False)

        assert "A hidden title" not in as_("fay").get(queue).content.decode()

    def test_what_somebody_follows_or_uses_shows_before_they_have_told_anything_else(self, cast: Cast, as_: As) -> None:
        """On their page, in the directory and its filters, for whoever shares a network with them and for nobody
        else, until they hide it."""
        follow_theme(cast.theme, by=cast.fay)
        MemberTool.objects.create(member=cast.fay, name="QGIS")
        assert not Profile.objects.filter(member=cast.fay).exists()
        found = [f"/people/?theme={cast.theme.slug}", "/people/?tool=qgis", "/people/?q=qgis"]

        page = as_("bob").get(f"/people/{cast.fay.pk}/").content.decode()
        assert "Adult social care" in page
        assert "QGIS" in page
        for address in found:
            assert "Fay Facilitates" in as_("bob").get(address).content.decode(), address
        for outsider in cast.outsiders:
            assert not MemberTheme.objects.visible_to(outsider).exists()
            assert not MemberTool.objects.visible_to(outsider).exists()

        Profile.objects.create(member=cast.fay, shows_themes=False, shows_tools=False)
        page = as_("bob").get(f"/people/{cast.fay.pk}/").content.decode()
        assert "QGIS" not in page
        assert not MemberTheme.objects.visible_to(cast.bob).filter(member=cast.fay).exists()
        for address in found:
            assert "Fay Facilitates" not in as_("bob").get(address).content.decode(), address

    def test_only_networks_that_both_belong_to_are_named(self, cast: Cast, as_: As) -> None:
        Membership.objects.filter(member=cast.bob, network=cast.practitioners).update(state="left")
        page = as_("bob").get(f"/people/{cast.fay.pk}/").content.decode()

        assert page.count("AI Practitioners Network") == 0

    def test_what_they_wrote_lately_is_shown_as_far_as_the_reader_may_see(self, cast: Cast, as_: As) -> None:
        words: dict[str, Any] = {"theme": cast.theme, "source": "Words", "tags": []}
        open_thread = start_thread(cast.ai, by=cast.bob, title="In the open", **words)
        start_thread(cast.practitioners, by=cast.fay, title="Among builders", **words)
        for _ in range(3):
            reply(open_thread, by=cast.fay, source="An answer")
        page = as_("bob").get(f"/people/{cast.fay.pk}/").content.decode().split("<main")[1]
        assert page.count("In the open") == 1
        assert "Among builders" in page

        Membership.objects.filter(member=cast.bob, network=cast.practitioners).update(state="left")
        assert "Among builders" not in as_("bob").get(f"/people/{cast.fay.pk}/").content.decode()

    def test_a_partner_is_labelled(self, cast: Cast, as_: As) -> None:
        Member.objects.filter(pk=cast.fay.pk).update(kind=Member.Kind.PARTNER)

        assert "Partner" in as_("bob").get(f"/people/{cast.fay.pk}/").content.decode()

    def test_the_page_takes_as_many_queries_for_much_as_for_little(self, cast: Cast, as_: As) -> None:
        bob, address = as_("bob"), f"/people/{cast.fay.pk}/"

        def queries() -> int:
            with CaptureQueriesContext(connection) as captured:
                assert bob.get(address).status_code == 200
            return len(captured)

        told(cast)
        start_thread(cast.ai, by=cast.fay, theme=cast.theme, title="One", source="One", tags=[])
        queries()
        few = queries()
        MemberTool.objects.bulk_create(MemberTool(member=cast.fay, name=f"Tool {n}") for n in range(19))
        for n in range(20):
            theme = Theme.objects.create(name=f"Theme {n}", slug=f"theme-{n}")
            MemberTheme.objects.create(member=cast.fay, theme=theme)
        for n in range(9):
            network = Network.objects.create(name=f"N{n}", slug=f"n{n}", purpose="P", joining="at_once")
            for member in (cast.fay, cast.bob):
                Membership.objects.create(
                    member=member, network=network, state="active", joined_at=cast.fay.date_joined
                )
            NetworkTheme.objects.create(network=network, theme=cast.theme)
            start_thread(network, by=cast.fay, theme=cast.theme, title=f"{n}", source="x", tags=[])

        assert queries() == few <= 12


class TestAPicture:
    @pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
    def test_every_kind_that_is_taken_becomes_a_small_square(self, kind: str) -> None:
        with Image.open(BytesIO(portrait(image(kind)))) as kept:
            assert (kept.format, kept.size) == ("WEBP", (320, 320))

    def test_nothing_that_a_camera_wrote_is_kept(self) -> None:
        exif = Image.Exif()
        exif[0x010E] = "A secret place"  # description
        exif.get_ifd(0x8825)[1] = "N"  # where it was taken
        notes = PngImagePlugin.PngInfo()
        notes.add_text("Comment", "A secret place")
        for upload in (
            image("JPEG", exif=exif, comment=b"A secret place", icc_profile=b"A secret profile"),
            image("PNG", pnginfo=notes, exif=exif),
            image("WEBP", exif=exif, xmp=b"A secret place"),
        ):
            encoded = portrait(upload)
            with Image.open(BytesIO(encoded)) as kept:
                assert not kept.getexif()
                assert not {"exif", "icc_profile", "xmp", "comment", "Comment"} & set(kept.info)
            assert b"secret" not in encoded

    def test_a_picture_taken_sideways_stands_upright(self) -> None:
        picture = Image.new("RGB", (300, 300), "white")
        picture.paste("black", (0, 0, 300, 150))  # dark above
        exif = Image.Exif()
        exif[0x0112] = 6  # the camera was held so that its right side was up
        file = BytesIO()
        picture.save(file, "JPEG", exif=exif)
        file.seek(0)
        with Image.open(BytesIO(portrait(file))) as kept:
            left, right = (kept.convert("L").getpixel((x, 160)) for x in (20, 300))

        assert isinstance(left, int) and isinstance(right, int)
        assert left > 200 > 50 > right

    def test_transparency_becomes_white_and_of_what_moves_the_first_picture_stays(self) -> None:
        file = BytesIO()
        frames = [Image.new("RGBA", (50, 50), colour) for colour in ((0, 0, 0, 0), (255, 0, 0, 255))]
        frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
        file.seek(0)
        with Image.open(BytesIO(portrait(file))) as kept:
            assert getattr(kept, "n_frames", 1) == 1
            assert min(kept.convert("L").getextrema()) > 240  # type: ignore[type-var]

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"not a picture",
            b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
            b"GIF89a" + b"\xff" * 100,
            b"\x89PNG\r\n\x1a\n" + b"\x00" * 50,
            b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        ],
    )
    def test_what_is_no_picture_is_refused_with_words(self, content: bytes) -> None:
        with pytest.raises(NotAPicture, match="must be a picture that can be opened"):
            portrait(BytesIO(content))

    def test_a_picture_that_is_cut_off_is_refused(self) -> None:
        whole = image("PNG", size=(600, 600)).read()
        with pytest.raises(NotAPicture):
            portrait(BytesIO(whole[: len(whole) // 2]))

    @pytest.mark.parametrize("size", [(5001, 5000), (40_000, 40_000)])
    def test_a_small_file_that_unpacks_to_a_huge_picture_is_refused_before_it_is_unpacked(
        self, size: tuple[int, int]
    ) -> None:
        def chunk(kind: bytes, data: bytes) -> bytes:
            return pack(">I", len(data)) + kind + data + pack(">I", zlib.crc32(kind + data))

        bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", pack(">IIBBBBB", *size, 8, 2, 0, 0, 0))
        bomb += chunk(b"IDAT", zlib.compress(b"\x00" * 10_000)) + chunk(b"IEND", b"")
        with pytest.raises(NotAPicture, match="25 million pixels or fewer"):
            portrait(BytesIO(bomb))

    def test_it_is_taken_described_and_shown(self, cast: Cast, as_: As) -> None:
        answer = as_("fay").post("/profile/picture/", {"picture": image(), "shows_picture": "yes"}, follow=True)
        assert "Your picture is saved." in answer.content.decode()
        profile = Profile.objects.get(member=cast.fay)
        page = as_("bob").get(f"/people/{cast.fay.pk}/").content.decode()
        assert f'src="{profile.picture_address}" alt="Picture of Fay Facilitates"' in page

        as_("fay").post("/profile/picture/", {"picture_alt": "Red glasses", "shows_picture": "yes"})
        assert 'alt="Red glasses"' in as_("bob").get(f"/people/{cast.fay.pk}/").content.decode()
        assert Profile.objects.get(member=cast.fay).picture == profile.picture

    def test_it_is_served_so_that_nothing_in_it_can_run_and_nobody_else_keeps_it(self, cast: Cast, as_: As) -> None:
        change_picture(by=cast.fay, upload=image(), alt="", shows=True)
        answer = as_("bob").get(f"/people/{cast.fay.pk}/picture/")

        assert answer["Content-Type"] == "image/webp"
        assert answer["Content-Disposition"] == "inline"
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Cache-Control"].startswith("private")
        assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert answer.content[:4] == b"RIFF"

    def test_one_shown_to_nobody_is_seen_by_its_owner_alone(self, cast: Cast, as_: As) -> None:
        change_picture(by=cast.fay, upload=image(), alt="", shows=False)
        own = as_("fay").get(f"/people/{cast.fay.pk}/").content.decode()

        assert as_("bob").get(f"/people/{cast.fay.pk}/picture/").status_code == 404
        assert "/picture/" not in as_("bob").get(f"/people/{cast.fay.pk}/").content.decode()
        assert as_("fay").get(f"/people/{cast.fay.pk}/picture/").status_code == 200
        assert "Only you see your picture." in own

    def test_the_one_before_is_deleted_when_another_comes_and_when_it_is_removed(
        self, cast: Cast, as_: As, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
    ) -> None:
        def path() -> Path:
            return Path(Profile.objects.get(member=cast.fay).picture.path)

        change_picture(by=cast.fay, upload=image(), alt="", shows=True)
        first = path()
        with django_capture_on_commit_callbacks(execute=True):
            change_picture(by=cast.fay, upload=image("JPEG"), alt="", shows=True)
            assert first.exists(), "nothing is lost before the change is certain"
        second = path()
        assert (first.exists(), second.exists()) == (False, True)
        with django_capture_on_commit_callbacks(execute=True):
            as_("fay").post("/profile/picture/remove/")
        assert not second.exists()
        assert as_("bob").get(f"/people/{cast.fay.pk}/picture/").status_code == 404

    def test_a_file_that_is_gone_is_not_found(self, cast: Cast, as_: As) -> None:
        change_picture(by=cast.fay, upload=image(), alt="", shows=True)
        Path(Profile.objects.get(member=cast.fay).picture.path).unlink()

        assert as_("bob").get(f"/people/{cast.fay.pk}/picture/").status_code == 404

    @pytest.mark.parametrize(
        ("upload", "words"),
        [
            (None, "Choose a picture"),
            (SimpleUploadedFile("a.png", b"x" * (PORTRAIT_BYTES + 1)), "The picture must be 5 MB or smaller"),
            (SimpleUploadedFile("a.png", b"<svg>"), "The file must be a picture that can be opened"),
        ],
    )
    def test_what_is_wrong_with_it_stands_in_the_form(
        self, as_: As, upload: SimpleUploadedFile | None, words: str
    ) -> None:
        sent: dict[str, Any] = {"shows_picture": "yes"} | ({"picture": upload} if upload else {})
        page = as_("fay").post("/profile/picture/", sent).content.decode()

        assert "<title>Error: Your picture" in page
        assert words in page
        assert not Profile.objects.exclude(picture="").exists()

    def test_it_stands_beside_what_they_write_without_a_query_more(self, cast: Cast, as_: As) -> None:
        thread = start_thread(cast.ai, by=cast.fay, theme=cast.theme, title="T", source="S", tags=[])
        bob = as_("bob")

        def queries(address: str) -> int:
            with CaptureQueriesContext(connection) as captured:
                bob.get(address, follow=True)
            return len(captured)

        addresses = [thread.get_absolute_url(), "/networks/ai/threads/", "/networks/ai/"]
        before = [[queries(address), queries(address)][1] for address in addresses]
        change_picture(by=cast.fay, upload=image(), alt="", shows=True)

        assert [queries(address) for address in addresses] == before
        shown = Profile.objects.get(member=cast.fay).picture_address
        assert all(f'src="{shown}"' in bob.get(address).content.decode() for address in addresses)


class TestHowNetworksWrite:
    def test_each_network_is_asked_about_by_itself(self, cast: Cast, as_: As) -> None:
        sent = {f"mail_{cast.ai.pk}": "nothing", f"mail_{cast.practitioners.pk}": "daily"}
        answer = as_("bob").post("/profile/mail/", sent | {"digest_day": "4", "digest_hour": "17"}, follow=True)

        page = " ".join(answer.content.decode().split())
        assert (
            "Each day at 17:00 you get one mail about the AI Practitioners Network, if anything is new to you." in page
        )
        assert "You get nothing from the AI Network." in page
        assert "waits for that one mail" in page
        cast.bob.refresh_from_db()
        assert (cast.bob.digest_day, cast.bob.digest_hour, cast.bob.mails_at_once) == (4, 17, False)
        assert cast.bob.digest_chosen_at
        assert Membership.objects.get(member=cast.bob, network=cast.ai).mail == "nothing"
        assert Membership.objects.get(member=cast.bob, network=cast.practitioners).mail == "daily"
        assert Membership.objects.get(member=cast.fay, network=cast.ai).mail == "weekly"

    def test_the_page_says_in_words_what_will_be_sent(self, cast: Cast, as_: As) -> None:
        for number in range(3):
            start_thread(cast.ai, by=cast.bob, theme=cast.theme, title=f"Thread {number}", source="Words")
        page = " ".join(as_("bob").get("/profile/mail/").content.decode().split())

        assert "Each Monday at 08:00 you get one mail about the AI Network and the AI Practitioners Network" in page
        assert (
            "Within ten minutes you get mail when somebody mentions or answers you, or writes in one of the 3 threads "
            "that you watch, unless you have read it by then." in page
        )
        assert 'href="/digest/preview/"' in page

    @pytest.mark.parametrize(
        ("mail", "said"),
        [
            (
                ("daily", "weekly"),
                "Each day at 08:00 you get one mail about the AI Network, and on Mondays about the AI",
            ),
            (("each", "nothing"), "You get mail about every new thread of the AI Network. You get nothing from the AI"),
            (
                ("each", "each"),
                "You get mail about every new thread of the AI Network and the AI Practitioners Network.",
            ),
        ],
    )
    def test_and_of_each_choice(self, cast: Cast, as_: As, mail: tuple[str, str], said: str) -> None:
        for network, choice in zip((cast.ai, cast.practitioners), mail, strict=True):
            Membership.objects.filter(network=network).update(mail=choice)

        assert said in " ".join(as_("bob").get("/profile/mail/").content.decode().split())

    @pytest.mark.parametrize("typed", [{}, {"digest_day": "7", "digest_hour": "24"}, {"digest_day": "x"}])
    def test_an_odd_day_or_hour_is_said_beside_the_field(self, cast: Cast, as_: As, typed: dict[str, str]) -> None:
        sent = {f"mail_{cast.ai.pk}": "nothing", f"mail_{cast.practitioners.pk}": "daily"} | typed
        page = as_("bob").post("/profile/mail/", sent).content.decode()

        assert page.count("Select a day") >= 2
        assert page.count("Select a time") >= 2
        assert Membership.objects.get(member=cast.bob, network=cast.ai).mail == "weekly"

    def test_the_networks_of_others_are_not_asked_about(self, cast: Cast, as_: As) -> None:
        assert "AI Practitioners" not in as_("amir").get("/profile/mail/").content.decode()
        theirs = Membership.objects.get(member=cast.fay, network=cast.ai)
        left = Membership.objects.get(member=cast.lena, network=cast.ai)
        for membership, by in ((theirs, cast.bob), (left, cast.lena)):
            with pytest.raises(Refused):
                choose_mail({membership: "nothing"}, by=by)


def test_who_says_how_networks_may_write_is_not_asked_again_at_the_first_visit(cast: Cast) -> None:
    Member.objects.filter(pk=cast.bob.pk).update(welcome_steps_done=0, digest_chosen_at=None)
    bob = Member.objects.get(pk=cast.bob.pk)
    membership = Membership.objects.get(member=bob, network=cast.ai)
    assert not Member.objects.may_be_mailed().filter(pk=bob.pk).exists()

    choose_mail({membership: "weekly"}, by=bob)

    assert Member.objects.may_be_mailed().filter(pk=bob.pk).exists()
    assert Member.objects.get(pk=bob.pk).welcome_steps_done == 1
