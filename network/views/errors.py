"""What somebody is told when something cannot be done. Never more than they may know."""

from __future__ import annotations

import logging

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseServerError
from django.shortcuts import render
from django.template.loader import render_to_string

from network.limits import LimitReached
from network.permissions import Refused

logger = logging.getLogger(__name__)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "400.html", status=400)


def refused(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Says the verdict's own reason. What other code forbids has none that is written for members."""
    reason = str(exception) if isinstance(exception, Refused) else ""
    return render(request, "403.html", {"reason": reason}, status=403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """The same whether there is nothing, or nothing that this visitor may know of."""
    return render(request, "404.html", status=404)


def too_often(request: HttpRequest, reached: LimitReached) -> HttpResponse:
    response = render(request, "429.html", {"reason": str(reached)}, status=429)
    response["Retry-After"] = str(reached.retry_after)
    return response


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without its token: mostly a page that was left open over a sign-in or sign-out. A view that takes long
    texts says with `without_token` how they are kept; what it does not know either ends here."""
    match = request.resolver_match
    keep = getattr(match.func, "without_token", None) if match else None
    if keep and match:
        try:
            return keep(request, *match.args, **match.kwargs)  # type: ignore[no-any-return]
        except Http404:
            pass
    return render(request, "csrf.html", status=403)


def failed(request: HttpRequest) -> HttpResponse:
    """Drawn without request, session or database, for any of them may be what failed."""
    try:
        return HttpResponseServerError(render_to_string("500.html"))
    except Exception:
        logger.exception("The error page failed too.")
        return HttpResponseServerError(
            '<!doctype html><html lang="en-GB"><title>Sorry, something went wrong - Guildhall</title>'
            "<h1>Sorry, something went wrong</h1><p>Try again in a few minutes.</p></html>"
        )
