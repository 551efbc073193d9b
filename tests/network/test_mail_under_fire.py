"""Mail to seven hundred, while the worker that sends it is killed again and again: a process of its own, a real mail
server, and what everybody has in their mailbox afterwards."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest

from network.actions.mail import owe_mails
from network.models import DueJob, MailLedger, Member, Membership, Network, Worker
from tests.cast import Cast
from tests.conftest import MailServer
from tests.network import mail_to_everybody
from tests.workers import WorkerProcess, send_under_fire

PEOPLE = 700
KILLS = 6


@pytest.fixture
def people(cast: Cast) -> list[Member]:
    members = Member.objects.bulk_create(
        Member(email=f"officer{n}@exampleshire.example.org", name=f"Officer {n:03}", password="!")
        for n in range(PEOPLE)
    )
    Membership.objects.bulk_create(
        Membership(member=member, network=cast.ai, state="active", joined_at=member.date_joined) for member in members
    )
    return members


def owe_everybody(people: list[Member], network: Network) -> None:
    owe_mails(mail_to_everybody.STREAM, people, period="2026-11-30", object_id=network.pk)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_worker_that_is_killed_again_and_again_sends_everybody_their_one_mail(
    cast: Cast, people: list[Member], mail_server: MailServer, tmp_path: Path
) -> None:
    """But who left meanwhile. The ledger tells of each mail whether it went; of those that a worker died over in the
    microseconds between claiming and sending, that nobody knows, and then it is one or none, never two."""
    for model in (DueJob, Worker):
        model.objects.all().delete()
    seed = random.randrange(10**6)
    chance = random.Random(seed)
    owe_everybody(people, cast.ai)
    left = chance.sample(people, 20)
    Membership.objects.filter(member__in=left).update(state=Membership.State.LEFT)
    ledger = MailLedger.objects.filter(stream=mail_to_everybody.STREAM)
    worker = WorkerProcess(tmp_path, mail_port=mail_server.port, modules=[mail_to_everybody.__name__])
    try:
        send_under_fire(
            worker,
            sent=lambda: len(mail_server.received),
            is_done=lambda: not ledger.filter(state=MailLedger.State.DUE).exists(),
            total=PEOPLE - len(left),
            kills=KILLS,
            chance=chance,
        )
    finally:
        worker.close()

    arrived = Counter(address for received in mail_server.received for address in received.rcpt_tos)
    said = dict(ledger.values_list("member__email", "state"))
    problems = {
        member.email: (arrived[member.email], said[member.email])
        for member in people
        if (arrived[member.email], said[member.email]) not in _as_they_should_be(member in left)
    }
    assert problems == {}, f"seed {seed}"
    lost = [email for email, state in said.items() if state == "sending" and not arrived[email]]
    assert sum(state == "sending" for state in said.values()) <= KILLS, f"seed {seed}"
    assert len(lost) <= 1, f"seed {seed}: {lost}"
    for received in mail_server.received:
        text, html = [part.get_content() for part in received.message.iter_parts()]
        name = Member.objects.get(email=received.rcpt_tos[0]).name
        assert text.startswith(f"Hello {name},"), f"seed {seed}"
        assert html.rstrip().endswith("</html>"), f"seed {seed}"


def _as_they_should_be(has_left: bool) -> list[tuple[int, str]]:
    return [(0, "dropped")] if has_left else [(1, "sent"), (1, "sending"), (0, "sending")]
