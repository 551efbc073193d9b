"""The people of the tests. Small and named, so that a test reads as a sentence about them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.db import connection
from django.test import Client
from django.utils import timezone

from network.models import Admission, Member, Membership, Network, NetworkTheme, Organisation, OrganisationDomain, Theme
from network.permissions import is_staff


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
    ai = Network(
        name="AI Network", slug="ai", purpose="Every officer with an interest.", joining=Network.Joining.AT_ONCE
    )
    practitioners = Network(
        name="AI Practitioners Network",
        slug="ai-practitioners",
        purpose="For those who build.",
        joining=Network.Joining.BY_REQUEST,
        question="What are you building?",
    )
    # Made anew for every test: so many at a time as there are tables, not so many as there are rows.
    Network.objects.bulk_create([ai, practitioners])
    theme = Theme.objects.create(name="Adult social care", slug="adult-social-care")
    NetworkTheme.objects.bulk_create([NetworkTheme(network=network, theme=theme) for network in (ai, practitioners)])

    def officer(name: str) -> Member:
        first = name.split()[0].lower()
        member = Member(
            email=f"{first}@exampleshire.example.org",
            name=name,
            organisation=council,
            date_joined=now - timedelta(days=30),  # nobody here is a newcomer
        )
        member.set_unusable_password()
        return member

    def belongs(member: Member, state: str, role: str = Membership.Role.MEMBER, *networks: Network) -> list[Membership]:
        return [
            Membership(
                member=member,
                network=network,
                state=state,
                role=role,
                reason="I would like to.",
                requested_at=now,
                joined_at=now - timedelta(days=30),
                read_before=now - timedelta(days=30),
            )
            for network in networks or (ai, practitioners)
        ]

    everybody = fay, bob, olga, amir, lena, sven, ada = [
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
    ]
    Member.objects.bulk_create(everybody)
    Admission.objects.bulk_create(
        [Admission(member=member, rule=Admission.Rule.CONFIRMED_DOMAIN, domain=domain) for member in everybody]
    )
    Membership.objects.bulk_create(
        [
            *belongs(fay, Membership.State.ACTIVE, Membership.Role.FACILITATOR),
            *belongs(bob, Membership.State.ACTIVE),
            *belongs(amir, Membership.State.REQUESTED, Membership.Role.MEMBER, practitioners),
            *belongs(lena, Membership.State.LEFT),
            *belongs(sven, Membership.State.SUSPENDED),
        ]
    )
    give_all_rights(ada)
    return Cast(ai, practitioners, theme, council, fay, bob, olga, amir, lena, sven, ada)


def give_all_rights(member: Member) -> None:
    """Those of this storey, in one statement: there are more than a hundred."""
    given = Member.user_permissions.through._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {given} (member_id, permission_id) SELECT %s, p.id FROM auth_permission p "
            "JOIN django_content_type t ON t.id = p.content_type_id WHERE t.app_label = 'network'",
            [member.pk],
        )


def add_councils(network: Network, kind: str, count: int = 2) -> list[Member]:
    """So many more councils of a kind, with a member of the network each."""
    members = []
    for number in range(1, count + 1):
        name = f"Neighbourshire {kind} {number}"
        council = Organisation.objects.create(name=name, short_name=name, slug=f"neighbour-{kind}-{number}", kind=kind)
        address = f"nia@neighbour-{kind}-{number}.example.org"
        member = Member.objects.create_user(address, name=f"Nia Neighbour {kind} {number}", organisation=council)
        Membership.objects.create(
            member=member, network=network, state=Membership.State.ACTIVE, joined_at=timezone.now()
        )
        members.append(member)
    return members


# What the authenticator app of everybody in the cast shares with the site.
APP_SECRET = "CASTCASTCASTCASTCASTCASTCASTCAST"


def give_second_factor(member: Member) -> Authenticator:
    """An authenticator app, or the one they have. Without the verb: what a test finds in the audit log is its own."""
    app = Authenticator.objects.filter(user=member, type=Authenticator.Type.TOTP).first()
    return app or TOTP.activate(member, APP_SECRET).instance


def app_code(*, periods_from_now: int = 0) -> str:
    """What the app shows now, or so many half minutes later."""
    return format_hotp_value(hotp_value(APP_SECRET, int(time.time()) // 30 + periods_from_now))


def proof_of_second_factor(member: Member) -> dict[str, Any]:
    """What a session holds after they have shown it."""
    app = give_second_factor(member)
    return {
        "account_authentication_methods": [{"method": "mfa", "at": time.time(), "id": app.pk, "type": app.type}],
        "account_authentication_methods_user": str(member.pk),
    }


def proof_of_signing_in(member: Member) -> dict[str, Any]:
    """What a session holds just after signing in: a code from the mailbox, and of staff the second factor."""
    if is_staff(member):
        return proof_of_second_factor(member)
    return {
        "account_authentication_methods": [{"method": "code", "at": time.time()}],
        "account_authentication_methods_user": str(member.pk),
    }


def sign_in(client: Client, member: Member) -> None:
    """As somebody who has just signed in, staff with a second factor. `client.force_login` leaves all proof out."""
    client.force_login(member)
    session = client.session
    session.update(proof_of_signing_in(member))
    session.save()


def show_second_factor(client: Client, member: Member) -> None:
    """In the session of somebody signed in."""
    session = client.session
    session.update(proof_of_second_factor(member))
    session.save()
