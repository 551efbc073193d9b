"""The table of docs/roles.md, held to the permission functions: each `can_...` of each package is asked for each role.

A new function fails here until it has a line in ACTS, or in NOT_OF_ROLES where the answer is no matter of who asks.
Write the table anew with `pytest tests/architecture/test_roles.py --update`, and read the difference."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

import cms.permissions as hub
import forums.permissions as talk
import network.permissions as people
from cms.actions.pages import publish_page, set_up_site
from cms.actions.roles import ADMINISTRATORS, EDITORS, PUBLISHERS, give_roles, set_up_roles
from cms.models import EventPage, GuidancePage, SectionPage
from forums.actions.room_roles import give_room_role
from forums.actions.rooms import schedule_room
from forums.actions.threads import start_thread
from forums.models import Room
from network.actions.membership import appoint_facilitator, ask_to_join, join_network
from network.actions.rules import set_up_rules
from network.models import Admission, Member, Membership, Viewer
from network.permissions import Verdict
from tests.cast import Cast

PAGE = Path(__file__).resolve().parents[2] / "docs" / "roles.md"
MARK = "<!-- The table: made by `pytest tests/architecture/test_roles.py --update` -->\n"


@dataclass(frozen=True)
class Act:
    """A row: what is done, the function that is asked, and what it is asked about beside the viewer: names of the
    stage, or plain values."""

    words: str
    can: Callable[..., Verdict]
    about: tuple[Any, ...] = ()


def may_enter(viewer: Viewer, room: Room) -> Verdict:
    """Reading is reach: no function says it, but the queryset."""
    return Verdict("" if Room.objects.visible_to(viewer).filter(pk=room.pk).exists() else "Nothing to see.")


ACTS = [
    # Account
    Act("Read their own notices, ask for their own data", people.can_take_part),
    Act("Close their own account (the last facilitator or administrator hands over first)", people.can_close_account),
    Act("Agree to the ground rules", people.can_agree, ("rules",)),
    # Networks
    Act("Join a network that is joined at once", people.can_join, ("at_once",)),
    Act("Ask to join a network that is joined by request", people.can_ask_to_join, ("network",)),
    Act("Read what is said in a network", people.can_read, ("network",)),
    Act("Leave a network", people.can_leave, ("network",)),
    Act("Look after a network", people.can_facilitate, ("network",)),
    Act("Decline a request to join", people.can_decide, ("request",)),
    Act("Approve a request to join", people.can_approve, ("request",)),
    # Threads
    Act("Start a thread", talk.can_start_thread, ("network",)),
    Act("Start a discussion", talk.can_start_kind, ("network", "discussion")),
    Act("Make an announcement", talk.can_start_kind, ("network", "announcement")),
    Act("Reply in a thread", talk.can_reply, ("thread",)),
    Act("Lock a thread", talk.can_lock, ("thread",)),
    # Live rooms
    Act("Schedule a live room", talk.can_schedule_room, ("network",)),
    Act("Name the hosts and speakers of a room", talk.can_give_room_roles, ("room",)),
    Act("Read what is said in a live room", may_enter, ("room",)),
    Act("Speak in a live room while it is open", talk.can_speak, ("room",)),
    # The hub
    Act("Read the joining link of a network's event", hub.can_attend, ("event",)),
    Act("Name the hosts and speakers of an event", hub.can_name_speakers, ("event",)),
    Act("Publish a page", hub.can_publish_in, ("section",)),
    Act("Say that a page was reviewed", hub.can_review, ("guidance",)),
    Act("Give roles in the hub", hub.can_give_roles),
    # Administration
    Act("Confirm email domains", people.can_confirm_domains),
    Act("Appoint facilitators", people.can_appoint_facilitators),
    Act("Create networks and themes", people.can_create_networks),
    Act("Change the ground rules", people.can_publish_rules),
]

NOT_OF_ROLES = {
    "network.can_sign_up": "about an address",
    "network.can_be_admitted": "about an address and an organisation",
    "network.can_be_approved": "about a request, whoever looks at it",
    "network.can_become_facilitator": "about whoever is to be appointed",
    "network.can_pick_theme": "about a network and a theme",
    "network.can_join_as": "can_join, for lists",
    "network.can_ask_as": "can_ask_to_join, for lists",
    "network.can_read_notice": "its owner's alone",
    "network.can_take_data": "its owner's alone, in one session",
    "forums.can_use_theme": "about a network and a theme",
    "forums.can_have_room_role": "about whoever is to be named",
    "forums.can_speak_as": "can_speak, for many at once",
    "cms.can_be_discussed": "about a page",
    "cms.can_be_discussed_in": "about a page and a network",
}


@dataclass(frozen=True)
class Stage:
    """What the functions are asked about, and by whom."""

    things: dict[str, Any]
    viewers: dict[str, Viewer]


@pytest.fixture
def stage(cast: Cast) -> Stage:
    now = timezone.now()
    set_up_roles()
    network = cast.practitioners

    def officer(name: str, *roles: str) -> Member:
        email = f"{name.lower()}@exampleshire.example.org"
        member = Member.objects.create_user(email, name=name, organisation=cast.council)
        Admission.objects.create(member=member, rule=Admission.Rule.PERSON)
        if roles:
            give_roles(member, roles, by=None)
        return member

    host = officer("Host")
    appoint_facilitator(network, host, by=None)  # so that fay is not the only one; then a member like others
    deputy = officer("Deputy")
    for one in (cast.ai, network):
        appoint_facilitator(one, deputy, by=None)
    Membership.objects.filter(member=host).update(role=Membership.Role.MEMBER)
    speaker = officer("Speaker")
    room = schedule_room(network, title="Room", opens_at=now, closes_at=now + timedelta(hours=1), by=None)
    give_room_role(room, host, role="host", by=None)
    give_room_role(room, speaker, role="speaker", by=None)
    newcomer = officer("Newcomer")
    section = publish_page(set_up_site(), SectionPage(title="Section", slug="section"), by=None)
    event = EventPage(title="Event", slug="event", starts_at=now, ends_at=now + timedelta(hours=1), network=network)
    things = {
        "network": network,
        "at_once": cast.ai,
        "theme": cast.theme,
        "request": ask_to_join(network, by=newcomer, reason="We build."),
        "thread": start_thread(network, by=cast.bob, theme=cast.theme, title="Thread", source="Words"),
        "room": room,
        "section": section,
        "event": publish_page(section, event, by=None),
        "guidance": publish_page(section, GuidancePage(title="Guidance", slug="guidance", body=[]), by=None),
    }
    join_network(cast.ai, by=host)
    things["rules"] = set_up_rules()
    viewers: dict[str, Viewer] = {
        "Nobody": AnonymousUser(),
        "Officer": cast.olga,
        "Applicant": cast.amir,
        "Member": cast.bob,
        "Facilitator": cast.fay,
        "Editor": officer("Editor", EDITORS),
        "Publisher": officer("Publisher", PUBLISHERS),
        "Administrator": officer("Administrator", ADMINISTRATORS),
        "Host": host,
        "Speaker": speaker,
    }
    return Stage(things, viewers)


def functions() -> dict[str, Callable[..., Verdict]]:
    """Every function of ours that answers whether somebody may, by package and name."""
    return {
        f"{package}.{name}": function
        for package, module in (("network", people), ("forums", talk), ("cms", hub))
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if name.startswith("can_") and function.__module__ == module.__name__
    }


def table(stage: Stage) -> str:
    roles = list(stage.viewers)
    lines = [f"| | {' | '.join(roles)} |", f"|---|{'---|' * len(roles)}"]
    for act in ACTS:
        about = [stage.things.get(name, name) for name in act.about]
        cells = ["yes" if act.can(viewer, *about) else "no" for viewer in stage.viewers.values()]
        lines.append(f"| {act.words} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def test_the_page_says_what_the_functions_say(stage: Stage, request: pytest.FixtureRequest) -> None:
    made = table(stage)
    before, _, written = PAGE.read_text().partition(MARK)
    if request.config.getoption("--update"):
        PAGE.write_text(f"{before}{MARK}\n{made}")
        return

    assert written.strip() == made.strip()


def test_every_permission_function_is_in_the_table() -> None:
    asked = {act.can for act in ACTS}
    missing = [name for name, function in functions().items() if function not in asked and name not in NOT_OF_ROLES]

    assert missing == []
    assert set(NOT_OF_ROLES) - set(functions()) == set(), "gone by now"


def test_a_table_that_says_too_much_is_noticed(stage: Stage) -> None:
    made = table(stage)

    assert f"| Read what is said in a network |{' no |' * 3} yes | yes |{' no |' * 3} yes | no |" in made
    assert made.replace("| no |", "| yes |") != made
