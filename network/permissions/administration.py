"""What administrators do with accounts, the audit log and mail."""

from __future__ import annotations

from network.models import MailLedger, Member, Viewer
from network.permissions.verdict import ALLOWED, Verdict, can_take_part, holds


def can_administer(viewer: Viewer) -> Verdict:
    """Whether there is anything for them on the administrators' pages; each page asks for its own right."""
    allowed = viewer.is_authenticated and viewer.is_active and viewer.has_module_perms("network")
    return ALLOWED if allowed else Verdict("Only administrators can see this page.")


def can_export_people(viewer: Viewer) -> Verdict:
    return holds(viewer, "network.view_member", "Only administrators can export the directory.")


def can_see_accounts(viewer: Viewer) -> Verdict:
    return holds(viewer, "network.view_member", "Only administrators can look up accounts.")


def can_change_accounts(viewer: Viewer) -> Verdict:
    return holds(viewer, "network.change_member", "Only administrators can change accounts.")


def can_stop_administering(member: Member) -> Verdict:
    """Whether the site still has an administrator without this one."""
    administrators = Member.objects.administrators()
    if administrators.filter(pk=member.pk).exists() and not administrators.exclude(pk=member.pk).exists():
        return Verdict("This is the only administrator. Make somebody else one first.")
    return ALLOWED


def can_suspend_account(viewer: Viewer, member: Member) -> Verdict:
    verdict = can_change_accounts(viewer)
    if verdict and member.pk == viewer.pk:
        return Verdict("You cannot suspend your own account. Another administrator can.")
    if verdict and not member.is_active:
        return Verdict("This account is not in use.")
    return verdict and can_stop_administering(member)


def can_reinstate_account(viewer: Viewer, member: Member) -> Verdict:
    verdict = can_change_accounts(viewer)
    if verdict and member.is_active:
        return Verdict("This account is in use.")
    if verdict and member.inactive_because == Member.Inactive.CLOSED:
        return Verdict("Its owner has closed this account.")
    if verdict and member.inactive_because == Member.Inactive.LAPSED:
        return Verdict("This account comes back when its owner proves the mailbox again.")
    return verdict


def can_end_sessions(viewer: Viewer, member: Member) -> Verdict:
    """Their own, or as an administrator anybody's."""
    if can_take_part(viewer) and viewer.pk == member.pk:
        return ALLOWED
    return can_change_accounts(viewer)


def can_read_audit(viewer: Viewer) -> Verdict:
    return holds(viewer, "network.view_auditevent", "Only administrators can read the audit log.")


def can_see_mail(viewer: Viewer) -> Verdict:
    return holds(viewer, "network.view_mailledger", "Only administrators can see which mail goes out.")


def can_send_again(viewer: Viewer, mail: MailLedger) -> Verdict:
    verdict = holds(viewer, "network.change_mailledger", "Only administrators can send mail again.")
    if verdict and not mail.is_failed and not mail.is_uncertain():
        return Verdict("Only mail that failed, or was perhaps not sent, can be sent again.")
    return verdict


def can_stop_all_mail(viewer: Viewer) -> Verdict:
    return holds(viewer, "network.change_mailledger", "Only administrators can stop all mail.")


def can_see_worker(viewer: Viewer) -> Verdict:
    return holds(viewer, "network.view_duejob", "Only administrators can see what the worker does.")


def can_run_again(viewer: Viewer) -> Verdict:
    return holds(viewer, "network.change_duejob", "Only administrators can have a task run again.")
