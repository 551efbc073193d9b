"""Hub roles, in Wagtail's admin. Members are made by signing in and end by verbs of the network; here an administrator
says what somebody may do on the hub's pages, and nothing else."""

from __future__ import annotations

from typing import Any

from django import forms
from django.urls import URLPattern, path
from django.utils.functional import cached_property
from wagtail.admin.ui.tables import BooleanColumn, Column, TitleColumn
from wagtail.admin.views import generic
from wagtail.admin.viewsets.model import ModelViewSet
from wagtail.permission_policies import ModelPermissionPolicy
from wagtail.permissions import register_permission_policy

from cms.actions.roles import ROLES, give_roles
from network.models import Member


class MemberPolicy(ModelPermissionPolicy):
    """Nobody adds or deletes a member here."""

    def user_has_permission(self, user: Any, action: str) -> bool:
        return action == "change" and bool(super().user_has_permission(user, action))

    def user_has_any_permission(self, user: Any, actions: Any) -> bool:
        return "change" in actions and self.user_has_permission(user, "change")


register_permission_policy(Member, MemberPolicy(Member))


class RolesForm(forms.ModelForm):  # type: ignore[type-arg]  # the class takes no argument when Django runs
    roles = forms.MultipleChoiceField(
        label="Roles in the hub",
        choices=[(role, role) for role in ROLES],
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text="Editors write drafts. Publishers publish. Administrators also look after members and networks.",
    )

    class Meta:
        model = Member
        fields: tuple[str, ...] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["roles"] = [group.name for group in self.instance.groups.filter(name__in=ROLES)]


class MemberIndexView(generic.IndexView):
    page_title = "Members"

    def get_base_queryset(self) -> Any:
        # Administrators look after every member, so this list starts at all of them; the policy above keeps others out.
        return Member.objects.select_related("organisation").prefetch_related("groups")

    @cached_property
    def columns(self) -> list[Column]:  # type: ignore[override]  # as Wagtail's own pages do
        return [
            self._get_title_column_class(TitleColumn)(
                "name", label="Name", accessor="get_full_name", sort_key="name", get_url=self.get_edit_url
            ),
            Column("email", label="Email address", sort_key="email"),
            Column("organisation", label="Organisation"),
            Column("roles", label="Roles", accessor=lambda member: ", ".join(g.name for g in member.groups.all())),
            BooleanColumn("is_active", label="Active", sort_key="is_active"),
        ]


class MemberEditView(generic.EditView):
    success_message: Any = "The roles of %(object)s are changed."
    error_message: Any = "The roles could not be changed."

    def save_instance(self) -> Member:
        member: Member = self.object
        by = self.request.user
        assert by.is_authenticated
        give_roles(member, self.form.cleaned_data["roles"], by=by)
        return member


class MemberViewSet(ModelViewSet):
    """Stands where Wagtail's own pages about users would, under their names; there are two of them."""

    model = Member
    icon = "user"
    menu_name = "users"
    menu_label = "Members and roles"
    menu_order: Any = 600
    add_to_settings_menu = True
    add_to_reference_index = False
    index_view_class = MemberIndexView
    edit_view_class = MemberEditView
    ordering = "name"
    search_fields: Any = ("name", "email")
    search_backend_name = None

    def get_form_class(self, for_update: bool = False) -> type[RolesForm]:
        return RolesForm

    def get_edit_view_kwargs(self, **kwargs: Any) -> dict[str, Any]:
        # The history of roles is in the audit; usage and deletion of members are not an editor's business.
        view_kwargs: dict[str, Any] = super().get_edit_view_kwargs(**kwargs)
        return view_kwargs | {"delete_url_name": None, "usage_url_name": None, "history_url_name": None}

    def get_urlpatterns(self) -> list[URLPattern]:
        return [
            path("", self.index_view, name="index"),
            path("results/", self.index_results_view, name="index_results"),
            path("edit/<int:pk>/", self.edit_view, name="edit"),
        ]
