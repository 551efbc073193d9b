"""The roles of the hub are groups of Django; what each may do in Wagtail's admin stands here."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.db.models import Q
from wagtail.models import (
    Collection,
    GroupApprovalTask,
    GroupCollectionPermission,
    GroupPagePermission,
    Page,
    Workflow,
    WorkflowPage,
    WorkflowTask,
)

from cms import limits, notifications, permissions
from cms.actions.pages import root_page
from network.actions.audit import record
from network.models import Member

EDITORS = "Editors"  # write drafts and send them to be published
PUBLISHERS = "Publishers"  # and publish
ADMINISTRATORS = "Administrators"  # and look after members, domains and networks
ROLES = (EDITORS, PUBLISHERS, ADMINISTRATORS)

_ON_PAGES = {
    EDITORS: ("add_page", "change_page"),
    PUBLISHERS: ("add_page", "change_page", "publish_page", "lock_page", "unlock_page"),
    ADMINISTRATORS: (
        "add_page",
        "change_page",
        "publish_page",
        "lock_page",
        "unlock_page",
        "bulk_delete_page",
    ),
}
_IN_COLLECTIONS = {
    EDITORS: ("add_image", "choose_image", "add_document", "choose_document"),
    PUBLISHERS: ("add_image", "change_image", "choose_image", "add_document", "change_document", "choose_document"),
    ADMINISTRATORS: (
        "add_image",
        "change_image",
        "choose_image",
        "delete_image",
        "add_document",
        "change_document",
        "choose_document",
        "delete_document",
    ),
}


def set_up_roles() -> None:
    """Makes the groups and gives each what it may do. What an administrator added by hand stays. Safe to repeat."""
    with transaction.atomic():
        # Wagtail begins with a group of moderators that approves drafts; ours are called publishers.
        if not Group.objects.filter(name=PUBLISHERS).exists():
            Group.objects.filter(name="Moderators").update(name=PUBLISHERS)
        root = root_page()
        collection = Collection.get_first_root_node() or Collection.add_root(name="Root")
        for role in ROLES:
            group, _ = Group.objects.get_or_create(name=role)
            everywhere = Q(content_type__app_label="wagtailadmin", codename="access_admin")
            if role == ADMINISTRATORS:
                everywhere |= Q(content_type__app_label="network") | Q(content_type__app_label="wagtailredirects")
            group.permissions.add(*Permission.objects.filter(everywhere))
            for permission in Permission.objects.filter(
                content_type__app_label="wagtailcore", codename__in=_ON_PAGES[role]
            ):
                GroupPagePermission.objects.get_or_create(group=group, page=root, permission=permission)
            for permission in Permission.objects.filter(
                content_type__app_label__in=("wagtailimages", "wagtaildocs"), codename__in=_IN_COLLECTIONS[role]
            ):
                GroupCollectionPermission.objects.get_or_create(
                    group=group, collection=collection, permission=permission
                )
        _set_up_approval(root, Group.objects.get(name=PUBLISHERS))


def give_roles(member: Member, roles: Iterable[str], *, by: Member | None) -> None:
    """Makes `roles` the member's roles in the hub, all others are taken away. Administrators hear of each that is
    given. `by` None is the site's own set-up. Raises Refused, LimitReached, ValueError for a role that does not
    exist."""
    wanted = set(roles)
    if unknown := wanted - set(ROLES):
        raise ValueError(f"No such role: {', '.join(sorted(unknown))}.")
    if by is not None:
        permissions.can_give_roles(by).enforce()
        limits.GIVING_ROLES.spend(by)
    with transaction.atomic():
        if by is not None:
            # Of two who take each other's roles at once, the second has lost the right to by then.
            list(Member.objects.administrators().select_for_update(no_key=True).order_by("pk"))
            by = Member.objects.get(pk=by.pk)
        had = set(member.groups.filter(name__in=ROLES).values_list("name", flat=True))
        if had == wanted:
            return
        if by is not None:
            permissions.can_give_these_roles(by, member, had=had, wanted=wanted).enforce()
        member.groups.remove(*Group.objects.filter(name__in=had - wanted))
        member.groups.add(*Group.objects.filter(name__in=wanted - had))
        event = record("gave roles", member, by=by, had=sorted(had), has=sorted(wanted))
        if by is not None and wanted - had:
            notifications.role_given(event)


def _set_up_approval(root: Page, publishers: Group) -> None:
    """One way for a draft to be approved: a publisher does."""
    task = GroupApprovalTask.objects.filter(groups=publishers).first()
    if task is None:
        task = GroupApprovalTask.objects.create(name="A publisher approves")
        task.groups.add(publishers)
    elif task.name == "Moderators approval":
        task.name = "A publisher approves"
        task.save()
    link = WorkflowTask.objects.filter(task=task).select_related("workflow").first()
    workflow = link.workflow if link else Workflow.objects.create(name="Approval")
    if link is None:
        WorkflowTask.objects.create(workflow=workflow, task=task, sort_order=0)
    elif workflow.name == "Moderators approval":
        workflow.name = "Approval"
        workflow.save()
    WorkflowPage.objects.get_or_create(page=root, defaults={"workflow": workflow})
