"""The digests of seven hundred, while the worker that sends them is killed again and again: what everybody has in their
mailbox afterwards, and what nobody has."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from forums.actions.digests import plan_digests
from forums.actions.posts import hide_post
from forums.actions.threads import start_thread
from forums.digest import DIGEST
from forums.models import MemberThread
from network.models import DueJob, MailLedger, Member, Membership, Worker
from network.models.digest_time import LONDON
from tests.cast import Cast
from tests.conftest import MailServer
from tests.queued import run_queued
from tests.workers import WorkerProcess, send_under_fire

PEOPLE = 700
KILLS = 6


@pytest.fixture
def people(cast: Cast) -> list[Member]:
    """Whose day and hour have just come."""
    now = timezone.now()
    long_ago, local = now - timedelta(days=10), now.astimezone(LONDON)
    times = {"digest_day": local.weekday(), "digest_hour": local.hour, "digest_chosen_at": long_ago}
    members = Member.objects.bulk_create(
        Member(
            email=f"officer{n}@exampleshire.example.org",
            name=f"Officer {n:03}",
            password="!",
            welcome_steps_done=Member.WELCOME_STEPS,
            **times,
        )
        for n in range(PEOPLE)
    )
    Membership.objects.bulk_create(
        Membership(member=member, network=cast.ai, state="active", joined_at=long_ago, read_before=long_ago)
        for member in members
    )
    return members


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_everybody_has_the_one_digest_that_is_due_and_nobody_what_they_may_not_see(
    cast: Cast, people: list[Member], mail_server: MailServer, tmp_path: Path
) -> None:
    """Of twenty the membership ends between planning and sending, twenty have read everything, and one thread is
    hidden. Where a worker died in the microseconds between claiming a mail and its last byte, the ledger says so."""
    seed = random.randrange(10**6)
    chance = random.Random(seed)
    an_hour_ago = timezone.now() - timedelta(hours=1)
    told = start_thread(
        cast.ai, by=cast.fay, theme=cast.theme, title="Buying minutes", source="Six councils.", now=an_hour_ago
    )
    hidden = start_thread(
        cast.ai, by=cast.bob, theme=cast.theme, title="A wrong name", source="Unkind words.", now=an_hour_ago
    )
    run_queued()
    MailLedger.objects.all().delete()
    for model in (DueJob, Worker):
        model.objects.all().delete()
    plan_digests()
    ledger = MailLedger.objects.filter(stream=DIGEST, member__in=people)
    assert ledger.count() == PEOPLE, f"seed {seed}"
    hide_post(hidden.posts.get(), by=cast.fay, reason="It names somebody")
    out = chance.sample(people, 40)
    left, read = out[:20], out[20:]
    Membership.objects.filter(member__in=left).update(state=Membership.State.LEFT)
    MemberThread.objects.bulk_create(MemberThread(member=one, thread=told, last_read_number=1) for one in read)

    worker = WorkerProcess(tmp_path, mail_port=mail_server.port)
    try:
        send_under_fire(
            worker,
            sent=lambda: len(mail_server.received),
            is_done=lambda: not ledger.filter(state=MailLedger.State.DUE).exists(),
            total=PEOPLE - len(out),
            kills=KILLS,
            chance=chance,
            within=180,
        )
    finally:
        worker.close()

    digests = [one for one in mail_server.received if "digest" in str(one.message.get_body(("plain",)))]
    arrived = Counter(address for one in digests for address in one.rcpt_tos)
    said = dict(ledger.values_list("member__email", "state"))
    lost = [email for email, state in said.items() if state == "sending" and not arrived[email]]
    assert len(lost) <= 1, f"seed {seed}: {lost}"
    for member in people:
        due = 0 if member in out or member.email in lost else 1
        assert arrived[member.email] == due, f"seed {seed}: {member.email} is {said[member.email]}"
        assert said[member.email] in (("dropped",) if member in out else ("sent", "sending")), f"seed {seed}"
    for one in digests:
        words = str(one.message)
        assert "Buying minutes" in words, f"seed {seed}"
        assert "wrong name" not in words.lower(), f"seed {seed}"
        assert "unkind" not in words.lower(), f"seed {seed}"
