"""Who hears of what happens in the hub, and in what words."""

from __future__ import annotations

from cms import permissions
from network.actions import mail
from network.actions.audit import register_words
from network.actions.mail import Mail, MailKind, owe_mail
from network.models import AuditEvent, MailLedger, Member

# A role as one person has it; groups of them stand in the plural.
ONE = {"Editors": "Editor", "Publishers": "Publisher", "Administrators": "Administrator"}

register_words(
    {
        "dropped speaker": "took a speaker off an event",
        "gave roles": "changed the hub roles of",
        "named speaker": "named a speaker of an event",
        "reviewed": "reviewed a page",
    }
)


def role_given(event: AuditEvent) -> None:
    """Part of a verb: every administrator gets mail, whoever raised somebody and themselves among them."""
    for administrator in Member.objects.administrators():
        owe_mail("role_given", administrator, period=str(event.pk), object_id=event.pk, now=event.at)


def _about_role(row: MailLedger, administrator: Member | None) -> Mail | None:
    event = AuditEvent.objects.filter(pk=row.object_id or 0).first()
    if event is None or administrator is None or not permissions.can_give_roles(administrator):
        return None
    concerned = (int(event.object_id), event.actor_id or 0)
    people = {one.pk: one for one in Member.objects.select_related("organisation").filter(pk__in=concerned)}
    member, by = (people.get(pk) for pk in concerned)
    if member is None:
        return None
    given = [ONE.get(role, role) for role in event.details["has"] if role not in event.details["had"]]
    words = {"member": member, "by": by or "Somebody", "roles": " and ".join(given), "at": event.at}
    return Mail("cms/mail/role_given.txt", words)


mail.register(MailKind("role_given", _about_role, is_account_mail=True))
