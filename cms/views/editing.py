"""Doors of Wagtail's admin that would lead past ours. Each stands before Wagtail's own address in cms/urls.py."""

from __future__ import annotations

from typing import Any

from csp.constants import NONE, SELF, UNSAFE_INLINE
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from wagtail.admin.auth import require_admin_access
from wagtail.admin.views.account import AccountView, AvatarSettingsPanel, NameEmailSettingsPanel

from cms.models import PageTag
from network.models import Tag
from network.permissions import Refused

TAGS_OFFERED = 10

# Wagtail's admin is written with inline scripts and styles. This policy holds under /admin/ and nowhere else.
POLICY = {
    "default-src": [NONE],
    "script-src": [SELF, UNSAFE_INLINE],
    "style-src": [SELF, UNSAFE_INLINE],
    "img-src": [SELF, "data:", "blob:"],
    "font-src": [SELF, "data:"],
    "connect-src": [SELF],
    "frame-src": [SELF],
    "frame-ancestors": [SELF],
    "form-action": [SELF],
    "base-uri": [SELF],
}


def sign_in(request: HttpRequest, **_: Any) -> HttpResponse:
    """Wagtail's own forms for signing in and for passwords are closed: there is one way in."""
    if request.user.is_authenticated:
        raise Refused("Only the hub's editors can open its editing pages.")
    return redirect_to_login(request.GET.get("next", "/admin/"), settings.LOGIN_URL)


@require_admin_access  # type: ignore[untyped-decorator]
def complete_tag(request: HttpRequest, **_: Any) -> JsonResponse:
    """Tags that stand on pages the editor may read. Wagtail would show those of private threads too."""
    begun = request.GET.get("term", "").strip()
    if not begun:
        return JsonResponse([], safe=False)
    tags = Tag.objects.filter(
        name__istartswith=begun, pk__in=PageTag.objects.visible_to(request.user).values("tag")
    ).order_by("name")
    return JsonResponse(list(tags.values_list("name", flat=True)[:TAGS_OFFERED]), safe=False)


def nowhere(request: HttpRequest, **_: Any) -> HttpResponse:
    """Closes an address of Wagtail that we have no use for."""
    raise Http404


class OwnSettingsView(AccountView):
    """How the admin looks and what it mails. Name, address and picture are the member's own page's business."""

    def get_panels(self) -> list[Any]:
        return [
            panel
            for panel in super().get_panels()
            if not isinstance(panel, NameEmailSettingsPanel | AvatarSettingsPanel)
        ]
