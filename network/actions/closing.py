"""An account is closed by its owner. What they said to others stays unless they want it erased; what is only theirs
goes."""

from __future__ import annotations

from functools import partial
from typing import Any

from allauth.account.models import EmailAddress
from django.db import models, transaction

from network import limits, notifications, permissions, signals
from network.actions.access import end_access_of
from network.actions.audit import record
from network.actions.membership import end_membership, keep_sanctions
from network.models import IntakeRow, Invitation, MailLedger, Member, Membership

FORMER_MEMBER = "Former member"


def close_account(*, by: Member, erase: bool = False) -> Member:
    """Ends the account of `by` for good: memberships, profile, addresses, sessions and all else that belongs to it. The
    row stays, without a name, as the author of what stays. `erase`: their words go too, everywhere. The same mailbox
    may sign up anew, as somebody new, but for the networks that had suspended them or asked them not to write, until
    that is over. Raises Refused, LimitReached."""
    permissions.can_close_account(by).enforce()
    limits.CLOSING.spend(by)
    with transaction.atomic():
        # Of two facilitators who go at the same moment one is told to stay.
        list(Membership.objects.select_for_update(of=("self",)).filter(role=Membership.Role.FACILITATOR))
        # Waits for what they are just writing, and stops what they would write next (`hold_account`). No harder: others
        # who at this moment write to them, holding what erasing needs, could not finish, and neither could this.
        member: Member = Member.objects.select_for_update(no_key=True).get(pk=by.pk)
        permissions.can_close_account(member).enforce()
        for membership in Membership.objects.active().filter(member=member).order_by("network"):
            end_membership(membership, Membership.State.LEFT)
        keep_sanctions(member, member.email)
        end_access_of(member)
        signals.account_closed.send(Member, member=member, erase=erase)
        notifications.account_closed(member, erase=erase)
        _forget_addresses(member)
        _delete_what_is_theirs(member)
        member.name, member.email = FORMER_MEMBER, f"closed-{member.pk}@closed.invalid"
        member.organisation, member.job_title, member.kind = None, "", Member.Kind.OFFICER
        member.is_active, member.inactive_because = False, Member.Inactive.CLOSED
        member.is_superuser = False
        member.last_login = member.mailbox_proved_at = member.mailbox_asked_at = None
        member.welcome_steps_done = 0
        member.set_unusable_password()
        member.save()
        record("closed account", member, by=member, erased=erase)
    return member


def _forget_addresses(member: Member) -> None:
    """Where an address stands without the account: invitations, lists of people to be let in, mail."""
    own = EmailAddress.objects.filter(user=member).values_list("email", flat=True)
    for address in {member.email, *own}:
        Invitation.objects.filter(email__iexact=address).delete()
        MailLedger.objects.filter(recipient__iexact=address).delete()
        rows = IntakeRow.objects.filter(email__iexact=address)
        rows.update(email="", name="", organisation="", job_title="", why="")
    Invitation.objects.filter(accepted_by=member).delete()


def _delete_what_is_theirs(member: Member) -> None:
    """Whatever would go with the row of the account, of whichever storey, goes as if the row did."""
    for relation in Member._meta.get_fields(include_hidden=True):
        if getattr(relation, "on_delete", None) is models.CASCADE:
            model: Any = relation.related_model
            rows = model._base_manager.filter(**{relation.field.name: member})  # type: ignore[union-attr]
            _delete_files(model, rows)
            rows.delete()


def _delete_files(model: type[models.Model], rows: models.QuerySet[Any]) -> None:
    files = [field.name for field in model._meta.local_fields if isinstance(field, models.FileField)]
    for row in rows if files else ():
        for name in files:
            file = getattr(row, name)
            if file:
                transaction.on_commit(partial(file.storage.delete, file.name), robust=True)
