"""What a member's next digest would say, if it went now: the mail itself."""

from __future__ import annotations

from csp.constants import SELF
from csp.decorators import csp_update
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from forums.digest import preview
from network.views import MemberRequest


@csp_update({"frame-src": [SELF]})  # type: ignore[arg-type]
@login_required
@never_cache
@require_safe
def digest_preview(request: MemberRequest) -> HttpResponse:
    return render(request, "forums/digest_preview.html", {"preview": preview(request.user)})


@login_required
@never_cache
@require_safe
def digest_preview_html(request: MemberRequest) -> HttpResponse:
    """For the frame of the page above. It runs nothing and fetches nothing, as in a mail program."""
    shown = preview(request.user)
    if shown is None or shown.message is None:
        raise Http404
    policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox"
    return HttpResponse(shown.html, headers={"Content-Security-Policy": policy})
