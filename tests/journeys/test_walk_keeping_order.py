"""Somebody facilitates one network: what they do there by keyboard, without scripts; and what they try in another
network, where they may read or know nothing, by addresses and by forms made by hand. A member searches."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db.models import Model
from django.utils import timezone
from playwright.sync_api import APIResponse, Page, expect

from forums.actions.decisions import note_on_case
from forums.actions.first_posts import Held
from forums.actions.network_moves import ask_to_move
from forums.actions.posts import hide_post, reply
from forums.actions.reports import report_post
from forums.actions.threads import start_thread
from forums.models import Case, HeldPost, ModerationAct, NetworkWeek, Post, Thread, ThreadMove
from forums.models.week import WEEK, week_of
from network.actions.invitations import invite
from network.models import Invitation, Member, Membership, Network
from tests.cast import Cast, make_cast
from tests.journeys.conftest import Browse, Server
from tests.journeys.keyboard import press, tab_to, write

pytestmark = pytest.mark.browser

# What stands in the other network for all who belong to it, and what only its facilitators see there.
READ, KEPT = "zyzzyva", "quokka"
# How many posts there were in a week: a number that stands nowhere else.
POSTS = 7_919


@pytest.fixture
def cast(server: Server) -> Cast:
    return make_cast()


def newcomer(cast: Cast, name: str, *networks: Network) -> Member:
    """Belongs to these, and has written nothing."""
    now = timezone.now()
    first = name.split()[0].lower()
    member = Member.objects.create_user(f"{first}@exampleshire.example.org", name=name, organisation=cast.council)
    Member.objects.filter(pk=member.pk).update(date_joined=now - timedelta(days=30))
    for network in networks:
        Membership.objects.create(
            network=network, member=member, state="active", joined_at=now, read_before=now - timedelta(days=30)
        )
    return member


@pytest.fixture
def flora(cast: Cast) -> Member:
    """Facilitates the AI Network and does not belong to the other."""
    flora = newcomer(cast, "Flora First", cast.ai)
    Membership.objects.filter(member=flora).update(role="facilitator")
    return flora


@pytest.fixture
def frieda(cast: Cast) -> Member:
    """Facilitates the AI Network, and belongs to the other as any member does."""
    frieda = newcomer(cast, "Frieda First", cast.ai, cast.practitioners)
    Membership.objects.filter(member=frieda, network=cast.ai).update(role="facilitator")
    return frieda


@dataclass(frozen=True)
class Waiting:
    """What waits in a network for its facilitators."""

    thread: Thread
    case: Case
    held: HeldPost
    act: ModerationAct
    request: Membership
    invitation: Invitation
    move: ThreadMove | None = None

    @property
    def moving(self) -> int:
        """The thread of which everybody who wrote in it is asked whether it may move."""
        assert self.move
        return self.move.thread_id


def let_things_wait(cast: Cast, network: Network, read: str, kept: str) -> Waiting:
    """Something of each kind, in words that say where they were read."""
    now = timezone.now()
    thread = start_thread(
        network, by=cast.fay, theme=cast.theme, title=f"Minutes of {read}", source=f"Minutes {read}", tags=[read]
    )
    post = reply(thread, by=cast.bob, source=f"Ours cost too much {read}")
    case = report_post(post, by=cast.fay, kind="other", words=f"Look at this {kept}").case
    note_on_case(case, by=cast.fay, words=f"Done soon {kept}")
    hana = newcomer(cast, f"Hana-{network.slug} Hidden", network)
    hide_post(reply(thread, by=hana, source=f"Hidden {kept}"), by=cast.fay, reason=f"Too much {kept}")
    network.first_post_hold = True
    network.save(update_fields=["first_post_hold"])
    nils = newcomer(cast, f"Nils-{network.slug} New", network)
    with pytest.raises(Held) as waits:
        reply(thread, by=nils, source=f"My first {kept}")
    asks = newcomer(cast, f"Asta-{network.slug} Asks")
    request = Membership.objects.create(
        network=network, member=asks, state="requested", requested_at=now, reason=f"I would like to {kept}"
    )
    invitation = invite(
        network,
        f"{kept}@supplier.example.org",
        by=cast.fay,
        kind=Member.Kind.SUPPLIER,
        words=f"Come {kept}",
        note=f"Builds {kept}",
    )
    figures = {"readers": 9, "posters": 8, "councils": 5, "threads": 4, "questions": 0, "replied": 0}
    figures["posts"] = POSTS if kept == KEPT else 12
    # The worker of the server may have counted it by now.
    NetworkWeek.objects.update_or_create(network=network, week=week_of(now) - WEEK, defaults=figures)
    act = ModerationAct.objects.get(network=network)
    return Waiting(thread, case, waits.value.post, act, request, invitation)


@pytest.fixture
def here(cast: Cast) -> Waiting:
    return let_things_wait(cast, cast.ai, "meetings", "remark")


@pytest.fixture
def there(cast: Cast) -> Waiting:
    there = let_things_wait(cast, cast.practitioners, READ, KEPT)
    leaves = start_thread(
        cast.practitioners, by=cast.bob, theme=cast.theme, title=f"Leaves {READ}", source=f"Is this for all? {READ}"
    )
    return replace(there, move=ask_to_move(leaves, cast.ai, cast.theme, by=cast.fay))


def pages_of(there: Waiting) -> list[str]:
    """What the facilitators of a network have, by its address."""
    network, thread = f"/networks/{there.thread.network.slug}", f"/threads/{there.thread.pk}"
    sections = ["worklist", "requests", "requests/decided", "reports", "held", "figures", "figures/figures.csv"]
    sections += ["audit", "settings", "members", "invitations", "invitations/new", "themes", "tags"]
    sections += [f"held/{there.held.pk}/refuse", f"members/{there.request.pk}", "rooms/new"]
    tools = ["move", "pin", "merge", "tidy", "history", "network", "posts/2/hide", "posts/3/hidden"]
    return [
        *(f"{network}/{section}/".replace(".csv/", ".csv") for section in sections),
        *(f"{thread}/{tool}/" for tool in tools),
        f"/reports/{there.case.pk}/",
    ]


def forms_for(there: Waiting, here: Waiting) -> list[tuple[str, dict[str, Any]]]:
    """What those pages send, for things of the other network; also from under addresses of one's own."""
    network, thread = f"/networks/{there.thread.network.slug}", f"/threads/{there.thread.pk}"
    own, own_thread = f"/networks/{here.thread.network.slug}", f"/threads/{here.thread.pk}"
    theme = there.thread.theme_id
    hiding = {"chosen": "2", "do": "hide", "reason": "So"}
    return [
        (f"/reports/{there.case.pk}/claim/", {"take_over": "1"}),
        (f"/reports/{there.case.pk}/note/", {"words": "Mine"}),
        (f"/reports/{there.case.pk}/decide/", {"outcome": "hidden", "reason": "So"}),
        (f"/reports/{there.case.pk}/appeal/", {"outcome": "shown", "answer": "So"}),
        (f"{thread}/posts/2/hide/", {"reason": "So"}),
        (f"{thread}/posts/3/restore/", {}),
        (f"{thread}/lock/", {"do": "lock"}),
        (f"{thread}/pin/", {"until": "week"}),
        (f"{thread}/unpin/", {}),
        (f"{thread}/move/", {"theme": str(theme)}),
        (f"{thread}/merge/", {"into": own_thread}),
        (f"{thread}/tidy/", hiding),
        (f"{thread}/tidy/", {"chosen": "2", "do": "split", "title": "Mine", "theme": str(theme)}),
        (f"{thread}/tidy/", {"chosen": "2", "do": "gather", "into": str(here.thread.pk)}),
        (f"{thread}/history/{there.act.pk}/undo/", {}),
        (f"{own_thread}/history/{there.act.pk}/undo/", {}),
        (f"{thread}/network/", {"network": str(here.thread.network_id), "theme": str(theme)}),
        *((f"/threads/{there.moving}/network/settle/", {"do": do}) for do in ("carry out", "withdraw")),
        *(
            (f"{under}/{what}", {"reason": "So", "words": "So"})
            for under in (network, own)
            for what in (
                f"held/{there.held.pk}/release/",
                f"held/{there.held.pk}/refuse/",
                f"requests/{there.request.pk}/approve/",
                f"requests/{there.request.pk}/decline/",
                f"requests/{there.request.pk}/question/",
                f"members/{there.request.pk}/remove/",
                f"members/{there.request.pk}/sanction/",
                f"invitations/{there.invitation.pk}/resend/",
                f"invitations/{there.invitation.pk}/revoke/",
            )
        ),
        (f"{network}/settings/", {"reports_to_hide": "0"}),
        (f"{network}/audit/export/", {}),
        (f"{network}/themes/pick/", {"theme": str(theme)}),
    ]


def as_it_stands(network: Network) -> dict[str, list[Any]]:
    """Every row that names the network, or a thread or report of it."""
    of_network = {"network": network.pk, "thread__network": network.pk, "case__network": network.pk}
    found: dict[str, list[Any]] = {"network": list(Network.objects.filter(pk=network.pk).values())}
    models: list[type[Model]] = [
        model for storey in ("network", "forums") for model in apps.get_app_config(storey).get_models()
    ]
    for model in models:
        if model is NetworkWeek:  # the worker counts
            continue
        columns = {column.name for column in model._meta.fields}
        if path := next((path for path in of_network if path.partition("__")[0] in columns), None):
            rows = model._default_manager.filter(**{path: of_network[path]}).order_by("pk").values()
            found[model._meta.label] = list(rows)
    assert len(found) > 20
    return found


def send(page: Page, address: str, fields: dict[str, Any]) -> APIResponse:
    """A form made by hand, with the token of a page that one may see."""
    if "/search/" not in page.url:
        page.goto("/search/?q=nothing")
    token = page.locator("input[name=csrfmiddlewaretoken]").first.input_value()
    return page.request.post(address, form={**fields, "csrfmiddlewaretoken": token}, max_redirects=0)


def told(words: str) -> str:
    """The text of a page, without what was asked for."""
    return html.unescape(re.sub(r'<input[^>]*type="(search|hidden)"[^>]*>', "", words))


@pytest.mark.parametrize("who", ["flora", "frieda", "olga", "bob"])
def test_no_page_of_facilitators_opens_and_no_form_made_by_hand_changes_anything(
    cast: Cast, flora: Member, frieda: Member, here: Waiting, there: Waiting, browse: Browse, who: str
) -> None:
    page = browse({"flora": flora, "frieda": frieda, "olga": cast.olga, "bob": cast.bob}[who])
    belongs = who in ("frieda", "bob")
    # In the window of the browser it is a page that says so, and leads on.
    page.goto(f"/networks/{there.thread.network.slug}/worklist/")
    title = "You cannot do this" if belongs else "Page not found"
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    before = as_it_stands(cast.practitioners)

    for address in pages_of(there):
        answer = page.request.get(address, max_redirects=0)
        assert answer.status in ((403, 404) if belongs else (404,)), address
        assert KEPT not in answer.text(), address
        assert belongs or READ not in answer.text(), address
    for address, fields in forms_for(there, here):
        answer = send(page, address, fields)
        assert answer.status in (403, 404), f"{address} {fields}: {answer.status}"
        assert KEPT not in answer.text(), address

    assert as_it_stands(cast.practitioners) == before


@pytest.mark.parametrize("who", ["flora", "frieda"])
def test_nothing_of_ones_own_network_goes_into_the_other(
    cast: Cast, flora: Member, frieda: Member, here: Waiting, there: Waiting, browse: Browse, who: str
) -> None:
    """As somebody would who changes what a form of their own sends."""
    viewer = flora if who == "flora" else frieda
    page = browse(viewer, javascript=False, width=375)
    own, other = f"/threads/{here.thread.pk}", there.thread
    before = [as_it_stands(network) for network in (cast.ai, cast.practitioners)]

    for typed in (str(other.pk), f"http://127.0.0.1{other.get_absolute_url()}", READ):
        page.goto(f"{own}/merge/")
        page.get_by_label("The other thread").fill(typed)
        page.get_by_role("button", name="Continue").click()
        expect(page.get_by_role("alert")).to_contain_text(
            "There is no other thread" if who == "flora" or typed == READ else "The other thread is in another network",
        )
        expect(page.get_by_role("button", name="Merge the threads")).to_have_count(0)
        assert READ not in told(page.content()).replace(f'value="{typed}"', "")
        assert send(page, f"{own}/merge/", {"into": typed}).status == 200
        gathered = send(page, f"{own}/tidy/", {"chosen": "2", "do": "gather", "into": typed})
        assert gathered.status == 200

    page.goto(f"{own}/network/")
    expect(page.get_by_role("main")).not_to_contain_text("AI Practitioners Network")
    moved = send(page, f"{own}/network/", {"network": str(other.network_id), "theme": str(other.theme_id)})
    assert moved.status == 200
    assert KEPT not in moved.text()

    assert [as_it_stands(network) for network in (cast.ai, cast.practitioners)] == before


@pytest.mark.parametrize("who", ["flora", "frieda"])
def test_nothing_of_the_other_network_is_counted_or_found(
    cast: Cast, flora: Member, frieda: Member, here: Waiting, there: Waiting, browse: Browse, who: str
) -> None:
    viewer = flora if who == "flora" else frieda
    reply(there.thread, by=cast.bob, source=f"Wombats, {READ}")
    page = browse(viewer)

    page.goto("/networks/ai/worklist/")
    facilitate = page.get_by_role("navigation", name="For facilitators")
    for link in ("Reports 1 waiting", "First posts 1 waiting", "Requests to join 1 waiting"):
        expect(facilitate.get_by_role("link", name=link)).to_be_visible()
    for section in ("Reports and appeals (1)", "First posts that wait (1)", "Requests to join (1)"):
        expect(page.get_by_role("heading", name=section)).to_be_visible()
    for address in pages_of(here):
        answer = page.request.get(address)
        assert answer.status == 200, address
        for word in (KEPT, READ, str(POSTS), f"{POSTS:,}"):
            assert word not in answer.text(), f"{word} in {address}"

    slug, number = cast.practitioners.slug, there.thread.pk
    kept = ["look", "wombats"] if who == "flora" else ["look"]
    for word in kept:
        for more in ("", f"&network={slug}", f"&thread={number}&newest=on", f"&tag={READ}"):
            page.goto(f"/search/?q={word}{more}")
            shown = told(page.content()).replace(f'value="{READ}"', "")
            assert KEPT not in shown, more
            if who == "flora":
                assert re.sub(r"tag=\w+", "", shown).count(READ) == 0, more
        expect(page.get_by_text("Nothing was found")).to_be_visible()
    if who == "flora":
        assert READ not in page.request.get("/search/suggestions/?q=minu").text()
        assert READ not in send(page, "/similar/", {"title": "Minutes of the board"}).text()
        page.goto("/search/?q=zyzzyvas")
        expect(page.get_by_text("Nothing was found")).to_be_visible()
        expect(page.get_by_text("This is what has")).to_have_count(0)


def test_a_facilitator_goes_from_the_worklist_to_what_is_done_by_keyboard(
    cast: Cast, flora: Member, here: Waiting, browse: Browse, axe: Callable[[Page], None]
) -> None:
    def looks_right(page: Page) -> None:
        axe(page)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")

    page = browse(flora, javascript=False, width=320)
    page.goto("/networks/ai/worklist/")
    looks_right(page)
    press(page, page.get_by_role("link", name="Decide (Post 2 in “Minutes of meetings”)"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Post 2 in “Minutes of meetings”")
    press(page, page.get_by_role("button", name="I am looking at this"))
    expect(page.get_by_text("You are looking at this.", exact=True)).to_be_visible()
    tab_to(page, page.get_by_role("radio").first)
    page.keyboard.press("Space")
    press(page, page.get_by_role("button", name="Decide"))
    expect(page.get_by_text("Nothing waits")).to_be_visible()
    looks_right(page)

    press(page, page.get_by_role("link", name="First posts 1 waiting"))
    expect(page.get_by_role("heading", level=1)).to_have_text("First posts in the AI Network")
    looks_right(page)
    press(page, page.get_by_role("button", name="Post it what Nils-ai New wrote"))
    expect(page.get_by_text("The post by Nils-ai New is posted")).to_be_visible()

    press(page, page.get_by_role("link", name="What was done"))
    expect(page.get_by_role("main")).to_contain_text("Flora First")
    looks_right(page)
    press(page, page.get_by_role("link", name="Figures"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Figures")
    looks_right(page)

    page.goto("/networks/ai/worklist/")
    expect(page.get_by_role("heading", name="Reports and appeals")).to_have_count(0)
    expect(page.get_by_role("heading", name="First posts that wait")).to_have_count(0)


@pytest.mark.parametrize(("javascript", "width"), [(False, 320), (True, 1280)])
def test_a_member_searches_and_keeps_the_search_by_keyboard(
    cast: Cast, here: Waiting, browse: Browse, axe: Callable[[Page], None], javascript: bool, width: int
) -> None:
    page = browse(cast.bob, javascript=javascript, width=width)
    page.goto("/search/")
    field = page.get_by_role("searchbox", name="Search pages, threads, live rooms and people")
    write(page, field, "minu")
    if javascript:
        press(page, page.get_by_role("link", name="Minutes of meetings"))
        expect(page.get_by_role("heading", level=1)).to_have_text("Minutes of meetings")
        page.goto("/search/")
    write(page, field, "minutse")
    page.keyboard.press("Enter")
    expect(page.get_by_text("What has “minutes” is shown too")).to_be_visible()
    axe(page)
    write(page, field, "cost")
    page.keyboard.press("Enter")
    expect(page.locator("mark").first).to_have_text("cost")
    axe(page)
    press(page, page.get_by_role("button", name="Save this search"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Your saved searches")
    press(page, page.get_by_role("button", name="Follow “cost”"))
    expect(page.get_by_text("You follow this search")).to_be_visible()
    axe(page)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert Post.objects.filter(thread=here.thread).count() == 3
