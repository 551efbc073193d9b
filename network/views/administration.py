"""The administrators' home: what waits for somebody, and the way to every screen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.db.models import Model, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from network import permissions
from network.actions.jobs import DEAD_AFTER, last_seen_worker
from network.models import AdmissionRequest, MailLedger, MailStop, Member, OrganisationDomain, Viewer
from network.numbers import number_in
from network.permissions import Verdict

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True, slots=True)
class Screen:
    """A link of the home. `name` is that of its address; it shows to whoever `may` open it."""

    title: str
    name: str
    about: str
    may: Callable[[Viewer], Verdict]


def _may(right: str) -> Callable[[Viewer], Verdict]:
    """For screens of the storeys above, whose verdicts are not known here."""
    return lambda viewer: Verdict() if viewer.has_perm(right) else Verdict("Not yours.")


# Every screen of the administration, in the order in which it is shown.
SCREENS = [
    Screen("People", "administration_members", "Find an account, suspend it, change it.", permissions.can_see_accounts),
    Screen(
        "Directory as a spreadsheet",
        "people_csv",
        "What officers show of themselves, as a CSV file. That you take it away is written down.",
        permissions.can_export_people,
    ),
    Screen(
        "People who ask to be let in",
        "admissions",
        "Those whose email domain we do not know. Let them in, or say why not.",
        permissions.can_let_people_in,
    ),
    Screen("Lists of people", "intakes", "Let in many people at once, from a CSV file.", permissions.can_run_intakes),
    Screen(
        "Email domains", "domains", "Confirm whose officers write from which domain.", permissions.can_confirm_domains
    ),
    Screen(
        "Organisations",
        "administration_organisations",
        "Councils and other bodies: names, regions, dates.",
        permissions.can_see_organisations,
    ),
    Screen(
        "Councils that merge",
        "organisations_merge",
        "Say which end, and which succeeds them.",
        permissions.can_change_organisation,
    ),
    Screen(
        "Networks",
        "administration_networks",
        "Create a network, and change what it says of itself.",
        permissions.can_create_networks,
    ),
    Screen(
        "Themes of the site",
        "administration_themes",
        "Add, rename and merge what pages and threads stand under.",
        permissions.can_keep_themes,
    ),
    Screen(
        "Ground rules", "ground_rules_publish", "Publish a new version of the rules.", permissions.can_publish_rules
    ),
    Screen(
        "Reports",
        "administration_reports",
        "What somebody reported that no network looks after.",
        permissions.can_change_accounts,
    ),
    Screen("Audit log", "audit", "Who did what, and when.", permissions.can_read_audit),
    Screen(
        "Mail",
        "administration_mail",
        "What is due, and what did not arrive. Stop all of it.",
        permissions.can_see_mail,
    ),
    Screen(
        "Worker",
        "administration_worker",
        "Whether it is alive, what it does when, and what failed.",
        permissions.can_see_worker,
    ),
    Screen(
        "Figures of live rooms",
        "room_figures",
        "How many are in them, and how quickly they hear each other, as text.",
        permissions.can_see_worker,
    ),
    Screen(
        "Publishing",
        "wagtailadmin_home",
        "Pages, pictures and documents of the hub.",
        _may("wagtailadmin.access_admin"),
    ),
]


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something that waits for an administrator: how many of it, and where."""

    title: str
    count: int
    address: str


@require_safe
def administration(request: HttpRequest) -> HttpResponse:
    if not permissions.can_administer(request.user):
        raise Http404
    seen = last_seen_worker()
    context = {
        "waiting": list(_waiting(request.user)),
        "worker": seen,
        "mail_is_stopped": MailStop.objects.visible_to(request.user).in_force().exists(),
        "sees_worker": permissions.can_see_worker(request.user),
        "worker_is_alive": seen is not None and timezone.now() - seen <= DEAD_AFTER,
        "screens": [(screen, reverse(screen.name)) for screen in SCREENS if screen.may(request.user)],
    }
    return render(request, "network/administration/home.html", context)


def _waiting(viewer: Viewer) -> list[Waiting]:
    """Only of what the viewer may see. One query each."""
    found = []
    if permissions.can_confirm_domains(viewer):
        came_by = OrganisationDomain.objects.visible_to(viewer).unconfirmed().filter(admissions__isnull=False)
        found.append(Waiting("Email domains to confirm", came_by.distinct().count(), reverse("domains")))
    if permissions.can_let_people_in(viewer):
        asked = AdmissionRequest.objects.visible_to(viewer).waiting().count()
        found.append(Waiting("Requests to be let in", asked, reverse("admissions")))
    if permissions.can_see_accounts(viewer):
        lost = Member.objects.administered_by(viewer).in_state("no_organisation").count()
        people = reverse("administration_members")
        found.append(Waiting("Accounts without an organisation", lost, f"{people}?state=no_organisation"))
    if permissions.can_see_mail(viewer):
        ledger, mail = MailLedger.objects.visible_to(viewer), reverse("administration_mail")
        failed = ledger.filter(state=MailLedger.State.FAILED).count()
        found.append(Waiting("Mail that failed", failed, f"{mail}?show=failed"))
        found.append(Waiting("Mail that may not have arrived", ledger.uncertain().count(), f"{mail}?show=uncertain"))
    return found


# Lists of these screens


@dataclass(frozen=True, slots=True)
class KeyPage(Generic[Row]):
    """A page of a long list, with the addresses of the pages before and after it; empty where there is none."""

    rows: list[Row]
    before: str
    after: str


def page_by_key(request: HttpRequest, rows: QuerySet[Row], *, size: int, order: str = "-pk") -> KeyPage[Row]:
    """`rows` in the order of one column and, within that, of the key. The page that begins behind the row that the
    address names as `after`, or ends in front of the one it names as `before`: no OFFSET, however long the list."""
    column, descends = order.removeprefix("-"), order.startswith("-")
    back = number_in(request.GET.get("before", ""))
    mark = back or number_in(request.GET.get("after", ""))
    upward = descends if back else not descends  # whether the values grow as we go
    if mark and column == "pk":
        rows = rows.filter(**{"pk__gt" if upward else "pk__lt": mark})
    elif mark:
        at = rows.model._default_manager.filter(pk=mark).values_list(column, flat=True).first()
        if at is None:  # gone since: from the beginning
            back = mark = 0
            upward = not descends
        else:
            than = "gt" if upward else "lt"
            rows = rows.filter(Q(**{f"{column}__{than}": at}) | Q(**{column: at, f"pk__{than}": mark}))
    sign = "" if upward else "-"
    found = list(rows.order_by(*dict.fromkeys([f"{sign}{column}", f"{sign}pk"]))[: size + 1])
    there_is_more, found = len(found) > size, found[:size]
    if back:
        found.reverse()
    has_before, has_after = (there_is_more, True) if back else (bool(mark), there_is_more)
    return KeyPage(
        found,
        before=_address(request, "before", found[0].pk) if found and has_before else "",
        after=_address(request, "after", found[-1].pk) if found and has_after else "",
    )


def _address(request: HttpRequest, side: str, pk: int) -> str:
    query = request.GET.copy()
    for name in ("before", "after"):
        query.pop(name, None)
    query[side] = str(pk)
    return f"?{query.urlencode()}"
