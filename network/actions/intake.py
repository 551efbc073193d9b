"""A list of people that an administrator lets in together: looked at first, then done by the worker, row by row."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from network import limits, notifications, permissions
from network.actions.admission import admit_listed
from network.actions.audit import record
from network.actions.membership import enrol
from network.models import Intake, IntakeRow, Member, Network, Organisation, OrganisationDomain
from network.models.organisation import domain_of
from network.permissions import Refused

logger = logging.getLogger(__name__)

Outcome = IntakeRow.Outcome

KEPT = timedelta(days=90)  # names and addresses of people who may never have come


@dataclass(frozen=True, slots=True)
class Listed:
    """One person of a list. `number` is the line in the file; `problem` says what is wrong with the line itself."""

    number: int
    email: str
    name: str
    organisation: str = ""
    job_title: str = ""
    problem: str = ""


def look_at_list(people: Sequence[Listed], *, by: Member, network: Network | None = None) -> Intake:
    """The dry run: writes down, for each line, what would become of it, and does nothing else. `network`: one that is
    joined at once, into which they would come too. Raises Refused, LimitReached."""
    permissions.can_run_intakes(by).enforce()
    limits.LISTS.spend(by)
    if network is not None and network.is_by_request:
        raise Refused("People come into this network by asking its facilitators.")
    addresses = [listed.email for listed in people]
    known = {member.email: member for member in _members_at(addresses)}
    domains = _domains_of(addresses)
    with transaction.atomic():
        intake = Intake.objects.create(by=by, network=network)
        first_seen: dict[str, int] = {}
        rows = []
        for listed in people:
            row = IntakeRow(
                intake=intake,
                number=listed.number,
                email=listed.email[:320],
                name=listed.name[:200],
                organisation=listed.organisation[:200],
                job_title=listed.job_title[:200],
            )
            before = first_seen.setdefault(listed.email, listed.number) if listed.email else listed.number
            if listed.problem:
                row.outcome, row.why = Outcome.REFUSED, listed.problem[:300]
            elif before != listed.number:
                row.outcome, row.why = Outcome.REFUSED, f"The same mailbox as line {before}."
            else:
                there = domains.get(domain_of(listed.email), [])
                row.outcome, row.why = _forecast(row, known.get(listed.email), there, network)
            rows.append(row)
        IntakeRow.objects.bulk_create(rows)
        record("looked at a list of people", intake, by=by, network=network, rows=len(rows))
    return intake


def begin_intake(intake: Intake, *, by: Member) -> Intake:
    """Hands a list that was looked at to the worker, which begins a few seconds later. Raises Refused, LimitReached."""
    permissions.can_begin_intake(by, intake).enforce()
    limits.LISTS.spend(by)
    with transaction.atomic():
        intake = Intake.objects.select_for_update(of=("self",)).get(pk=intake.pk)
        permissions.can_begin_intake(by, intake).enforce()
        to_do = intake.rows.filter(outcome__in=(Outcome.ADMITTED, Outcome.JOINED))
        to_do.update(outcome=Outcome.WAITING, why="")
        intake.state, intake.by = Intake.State.RUNNING, by
        intake.done = intake.rows.exclude(outcome=Outcome.WAITING).count()
        intake.save(update_fields=["state", "by", "done"])
        record("began a list of people", intake, by=by, network=intake.network, rows=intake.rows.count())
    return intake


def is_intake_due() -> bool:
    return Intake.objects.filter(state=Intake.State.RUNNING).exists()


def run_intakes(*, at_most: int | None = None) -> None:
    """Does the lists that were begun, oldest first. `at_most`: so many rows, and the rest when it is called again."""
    for intake in Intake.objects.filter(state=Intake.State.RUNNING).select_related("by", "network").order_by("pk"):
        if at_most is not None and at_most <= 0:
            return
        done = _run(intake, at_most)
        at_most = None if at_most is None else at_most - done


def _run(intake: Intake, at_most: int | None) -> int:
    """Does the rows that wait, each in a transaction of its own: whoever does this again after a worker died goes on
    where that one stopped. Of a row that breaks the log says why, and the others are done all the same. Returns how
    many it did."""
    waiting = intake.rows.filter(outcome=Outcome.WAITING)
    keys = list(waiting.values_list("pk", flat=True)[:at_most])
    for key in keys:
        try:
            _do_row(intake, key)
        except Exception:
            logger.exception("A row of intake %s broke", intake.pk)
            _close(intake, key, Outcome.REFUSED, "Something went wrong with this line. Put it in another list.")
    with transaction.atomic():
        under_way = Intake.objects.filter(pk=intake.pk, state=Intake.State.RUNNING)
        if not waiting.exists() and under_way.update(state=Intake.State.DONE):
            record("finished a list of people", intake, by=intake.by, network=intake.network)
    return len(keys)


def forget_old_intakes(*, now: datetime | None = None) -> int:
    """Deletes lists of more than 90 days ago, with the names in them; returns how many. Who was let in stays so."""
    old = Intake.objects.filter(at__lt=(now or timezone.now()) - KEPT)
    return int(old.delete()[1].get("network.Intake", 0))


def _members_at(addresses: Sequence[str]) -> list[Member]:
    """Those who have an account at one of these addresses; what somebody typed and nobody proved is none."""
    found: list[Member] = []
    for start in range(0, len(addresses), 500):
        some = Member.objects.filter(email__in=addresses[start : start + 500])
        found += some.exclude(pk__in=Member.objects.unproved()).select_related("admission__domain")
    return found


def _domains_of(addresses: Sequence[str]) -> dict[str, list[OrganisationDomain]]:
    """By domain, who uses it now."""
    there: dict[str, list[OrganisationDomain]] = {}
    named = sorted({domain_of(address) for address in addresses} - {""})
    current = OrganisationDomain.objects.filter(organisation__in=Organisation.objects.current())
    for start in range(0, len(named), 500):
        for row in current.filter(domain__in=named[start : start + 500]).select_related("organisation"):
            there.setdefault(row.domain, []).append(row)
    return there


def _forecast(
    row: IntakeRow, member: Member | None, there: list[OrganisationDomain], network: Network | None
) -> tuple[Outcome, str]:
    """What would become of a row now, and why."""
    if member is not None and not member.is_active:
        return Outcome.UNCHANGED, "The account is not in use."
    if member is not None and hasattr(member, "admission"):
        if network is None:
            return Outcome.UNCHANGED, ""
        verdict = permissions.can_be_enrolled(member, network)
        return (Outcome.JOINED, "") if verdict else (Outcome.UNCHANGED, verdict.reason)
    try:
        domain = _meant(row, there)
    except Refused as refused:
        return Outcome.REFUSED, str(refused)[:300]
    if network is not None and domain.kind != Member.Kind.OFFICER:
        return (
            Outcome.ADMITTED,
            f"For {domain.organisation}, but not into the network. {permissions.BY_INVITATION.reason}",
        )
    return Outcome.ADMITTED, f"For {domain.organisation}."


def _meant(row: IntakeRow, there: list[OrganisationDomain]) -> OrganisationDomain:
    """Which of those who use the domain of its address a row means. Raises Refused."""
    domain = domain_of(row.email)
    names = ", ".join(sorted(one.organisation.name for one in there))
    if not there:
        raise Refused(f"No organisation has the email domain {domain}. Add the domain first.")
    if not row.organisation and len(there) > 1:
        raise Refused(f"Several organisations share {domain}. Say which: {names}.")
    called = row.organisation.casefold()
    for one in there:
        of = one.organisation
        if not called or called in (of.name.casefold(), of.short_name.casefold(), of.slug):
            return one
    raise Refused(f"{domain} is the email domain of {names}, not of {row.organisation}.")


def _do_row(intake: Intake, key: int) -> None:
    with transaction.atomic():
        row = IntakeRow.objects.select_for_update().get(pk=key)
        if row.outcome != Outcome.WAITING:  # another worker was quicker
            return
        member = Member.objects.filter(email=row.email).select_related("admission__domain").first()
        if member is not None and Member.objects.unproved().filter(pk=member.pk).exists():
            member = None  # only typed: the account is made now
        there = _domains_of([row.email]).get(domain_of(row.email), [])
        outcome, why = _forecast(row, member, there, intake.network)
        if outcome == Outcome.ADMITTED:
            member = _let_in(intake, row, member, _meant(row, there).organisation)
        if outcome in (Outcome.ADMITTED, Outcome.JOINED) and intake.network is not None and member is not None:
            verdict = permissions.can_be_enrolled(member, intake.network)
            if verdict:
                enrol(intake.network, member, by=intake.by)
            elif outcome == Outcome.ADMITTED and verdict != permissions.BY_INVITATION:
                why = f"{why} Not into the network: {verdict.reason}"
        _close(intake, key, outcome, why)


def _let_in(intake: Intake, row: IntakeRow, member: Member | None, organisation: Organisation) -> Member:
    """Makes the account, where there is none, with a mailbox that nobody has proved: the first code does."""
    if member is None:
        member, _ = Member.objects.get_or_create(email=row.email, defaults={"password": make_password(None)})
        EmailAddress.objects.get_or_create(user=member, email=row.email, defaults={"primary": True})
        member.job_title = row.job_title
        member.save(update_fields=["job_title"])
        notifications.let_in_from_list(member, now=timezone.now())
    name = "" if member.name else row.name
    admit_listed(
        member, name=name, organisation=organisation, by=intake.by, note=f"List {intake.pk}, line {row.number}"
    )
    return member


def _close(intake: Intake, key: int, outcome: Outcome, why: str) -> None:
    if IntakeRow.objects.filter(pk=key, outcome=Outcome.WAITING).update(outcome=outcome, why=why[:300]):
        Intake.objects.filter(pk=intake.pk).update(done=F("done") + 1)
