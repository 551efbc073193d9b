from __future__ import annotations

import re
from datetime import date

from django.conf import settings
from django.core.cache import cache
from django.db import models
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone

from network.models.member import Member, Viewer

DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")


def domain_of(address: str) -> str:
    """The whole domain after the last @, lower case, in the letters that mail travels by (IDNA); "" where it cannot be
    a mail domain, or another @ stands before. Full-width letters become plain ones, look-alikes of other alphabets do
    not."""
    local, _, domain = address.rpartition("@")
    if not local or "@" in local:
        return ""
    try:
        domain = domain.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return ""
    return domain if len(domain) <= 253 and DOMAIN.fullmatch(domain) else ""


def is_public_body(domain: str) -> bool:
    """Whether a domain is given to public bodies of the United Kingdom alone; many of them are no councils. None of
    these domains has letters beyond plain ones, so what has them only looks like one."""
    return domain.endswith(".gov.uk") and "xn--" not in domain


class OrganisationQuerySet(models.QuerySet["Organisation"]):
    def visible_to(self, viewer: Viewer) -> OrganisationQuerySet:
        """The register of councils is public."""
        return self

    def current(self, on: date | None = None) -> OrganisationQuerySet:
        on = on or timezone.localdate()
        return self.filter(models.Q(ends_on=None) | models.Q(ends_on__gt=on))

    def regions(self) -> list[str]:
        """All that are named, in order."""
        return list(self.exclude(region="").order_by("region").values_list("region", flat=True).distinct())

    def suppliers(self) -> OrganisationQuerySet:
        """Those whose people are suppliers, by what administrators said of them, of their domains or of themselves."""
        sells = models.Q(kind="supplier") | models.Q(domains__kind=Member.Kind.SUPPLIER)
        people = Member.objects.filter(kind=Member.Kind.SUPPLIER, organisation__isnull=False)
        works_for_one = models.Q(pk__in=people.values("organisation"))
        return self.filter(sells | works_for_one, la_code=None).order_by().distinct()

    def with_address(self, email: str) -> OrganisationQuerySet:
        """The current ones whose officers may have this address. Several where councils share a domain."""
        return self.filter(domains__in=OrganisationDomain.objects.for_address(email))


def names_of_suppliers() -> list[str]:
    """All of the register; kept for some minutes, for it may be asked whenever somebody posts."""
    names: list[str] | None = cache.get("names-of-suppliers")
    if names is None:
        names = list(Organisation.objects.suppliers().values_list("name", flat=True))
        cache.set("names-of-suppliers", names, timeout=300)
    return names


# What the register calls them, and what people do.
KINDS = {
    "county": "County council",
    "non_metropolitan_district": "District council",
    "metropolitan_district": "Metropolitan district council",
    "unitary": "Unitary council",
    "london_borough": "London borough",
    "city_of_london": "City of London",
    "isles_of_scilly": "Isles of Scilly",
    "scottish_council": "Scottish council",
    "welsh_council": "Welsh council",
    "ni_district": "Northern Ireland district council",
}


class Organisation(models.Model):
    """A council of the register, or another body members work for. Not identity: people move and councils merge."""

    name = models.CharField(max_length=200)
    short_name = models.CharField(max_length=100)
    slug = models.SlugField(max_length=120, unique=True)
    # The three-letter code of the old register stays the same when boundaries, and so GSS codes, change.
    la_code = models.CharField("local authority code", max_length=10, unique=True, null=True, blank=True)
    gss_code = models.CharField("GSS code", max_length=9, blank=True)
    kind = models.CharField(max_length=40, blank=True)
    tier = models.CharField(max_length=10, blank=True)
    nation = models.CharField(max_length=20, blank=True)
    region = models.CharField(max_length=40, blank=True)
    combined_authority = models.CharField(max_length=100, blank=True)
    homepage = models.CharField(max_length=200, blank=True)
    starts_on = models.DateField(null=True, blank=True)
    ends_on = models.DateField(null=True, blank=True)
    # Kept for ever once anybody wrote for it: beside an old post stands what its author's council was then.
    succeeded_by = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="predecessors"
    )

    objects = OrganisationQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("organisation", args=[self.slug])

    @property
    def is_current(self) -> bool:
        return self.ends_on is None or self.ends_on > timezone.localdate()

    @property
    def kind_in_words(self) -> str:
        return KINDS.get(self.kind, self.kind.replace("_", " ").capitalize())


class OrganisationDomainQuerySet(models.QuerySet["OrganisationDomain"]):
    def visible_to(self, viewer: Viewer) -> OrganisationDomainQuerySet:
        """Administrators only: which domains are let in is nobody else's business."""
        return self if viewer.has_perm("network.change_organisationdomain") else self.none()

    def unconfirmed(self) -> OrganisationDomainQuerySet:
        return self.filter(confirmed_at=None)

    def for_address(self, email: str) -> OrganisationDomainQuerySet:
        """The rows of current organisations whose domain is exactly what follows the last @: no parent, no subdomain,
        no mere ending."""
        domain = domain_of(email)
        return self.filter(domain=domain, organisation__in=Organisation.objects.current()) if domain else self.none()


class OrganisationDomain(models.Model):
    """A mail domain of an organisation. One organisation may have several; several may share one."""

    class Source(models.TextChoices):
        REGISTER = "register", "Council register"
        PERSON = "person", "Added by an administrator"

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="domains")
    domain = models.CharField(max_length=253)
    source = models.CharField(max_length=10, choices=Source.choices)
    # What whoever comes by it is. A partner or supplier is let into no network without being invited.
    kind = models.CharField(max_length=10, choices=Member.Kind.choices, default=Member.Kind.OFFICER)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    objects = OrganisationDomainQuerySet.as_manager()

    class Meta:
        ordering = ["domain", "organisation"]
        constraints = [
            models.UniqueConstraint(fields=["organisation", "domain"], name="organisation_domain_once"),
            models.CheckConstraint(condition=models.Q(domain=Lower("domain")), name="domain_is_lower"),
        ]

    def __str__(self) -> str:
        return self.domain

    @property
    def is_confirmed(self) -> bool:
        return self.confirmed_at is not None
