"""A kind of mail for the test that kills its worker: what a digest is to the engine. Registers itself."""

from __future__ import annotations

from collections.abc import Sequence

from network.actions import mail
from network.actions.mail import Composer, Mail, MailKind, Stop
from network.models import MailLedger, Member, Membership

STREAM = "to_everybody"


def compose(row: MailLedger, member: Member | None) -> Mail | None:
    """To whoever belongs to the network when it goes."""
    membership = Membership.objects.active().filter(member=member, network=row.object_id).first()
    if member is None or membership is None:
        return None
    return Mail(
        "network/mail/data_ready.txt",
        {"member": member},
        html="network/mail/base.html",
        why="You belong to this network.",
        stop=Stop("network", membership.network_id),
    )


def prepare(rows: Sequence[MailLedger]) -> Composer:
    return compose


mail.register(MailKind(STREAM, compose, prepare=prepare))
