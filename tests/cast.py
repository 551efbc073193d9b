"""The people of the tests. Small and named, so that a test reads as a sentence about them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.contrib.auth.models import Permission
from django.utils import timezone

from network.models import Admission, Member, Membership, Network, NetworkTheme, Organisation, OrganisationDomain, Theme


@dataclass(frozen=True)
class Cast:
    ai: Network  # joined at once
    practitioners: Network  # joined by request
    theme: Theme  # public, picked by both networks
    council: Organisation  # everybody's, with a confirmed domain
    fay: Member  # facilitates both networks
    bob: Member  # belongs to both
    olga: Member  # an officer, outside both
    amir: Member  # has asked to join the practitioners; belongs to none
    lena: Member  # left both
    sven: Member  # suspended in both
    ada: Member  # administers the site, belongs to no network

    @property
    def outsiders(self) -> list[Member]:
        """Nobody here may see anything inside a network."""
        return [self.olga, self.amir, self.lena, self.sven, self.ada]


def make_cast() -> Cast:
    now = timezone.now()
    council = Organisation.objects.create(
        name="Exampleshire County Council", short_name="Exampleshire", slug="exampleshire", la_code="XEX"
    )
    domain = OrganisationDomain.objects.create(
        organisation=council, domain="exampleshire.example.org", source="person", confirmed_at=now
    )
    ai = Network.objects.create(
        name="AI Network", slug="ai", purpose="Every officer with an interest.", joining=Network.Joining.AT_ONCE
    )
    practitioners = Network.objects.create(
        name="AI Practitioners Network",
        slug="ai-practitioners",
        purpose="For those who build.",
        joining=Network.Joining.BY_REQUEST,
        question="What are you building?",
    )
    theme = Theme.objects.create(name="Adult social care", slug="adult-social-care")
    for network in (ai, practitioners):
        NetworkTheme.objects.create(network=network, theme=theme)

    def officer(name: str) -> Member:
        first = name.split()[0].lower()
        member = Member.objects.create_user(f"{first}@exampleshire.example.org", name=name, organisation=council)
        Admission.objects.create(member=member, rule=Admission.Rule.CONFIRMED_DOMAIN, domain=domain)
        return member

    def belongs(member: Member, state: str, role: str = Membership.Role.MEMBER, *networks: Network) -> None:
        for network in networks or (ai, practitioners):
            Membership.objects.create(
                member=member,
                network=network,
                state=state,
                role=role,
                reason="I would like to.",
                requested_at=now,
                joined_at=now - timedelta(days=30),
                read_before=now - timedelta(days=30),
            )

    fay, bob, olga, amir, lena, sven, ada = (
        officer(name)
        for name in (
            "Fay Facilitates",
            "Bob Belongs",
            "Olga Outside",
            "Amir Applied",
            "Lena Left",
            "Sven Suspended",
            "Ada Administers",
        )
    )
    belongs(fay, Membership.State.ACTIVE, Membership.Role.FACILITATOR)
    belongs(bob, Membership.State.ACTIVE)
    belongs(amir, Membership.State.REQUESTED, Membership.Role.MEMBER, practitioners)
    belongs(lena, Membership.State.LEFT)
    belongs(sven, Membership.State.SUSPENDED)
    ada.user_permissions.set(Permission.objects.filter(content_type__app_label="network"))
    return Cast(ai, practitioners, theme, council, fay, bob, olga, amir, lena, sven, ada)
