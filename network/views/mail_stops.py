"""Where the foot of a mail leads, and what the button of a mail program posts to (RFC 8058): stopping mail without
signing in."""

from __future__ import annotations

from allauth.core.internal.ratelimit import consume
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from network.actions.mail_stops import read_token, stop_mail, what_is_left_on
from network.limits import LimitReached

# From one place: a mail provider posts for all its people.
RATES = "300/m/ip"


@csrf_exempt  # the address itself is what allows it, and whoever has it may do nothing else with it
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def mail_stop(request: HttpRequest, token: str) -> HttpResponse:
    """Reading it changes nothing: scanners of mail follow every link. Nor does it say whose mail it is, for a mail is
    handed on; their networks are named only to themselves, signed in."""
    rates = {"mail_stop": RATES}
    if not consume(request, app="network", action="mail_stop", config=rates, limit_get=True):
        raise LimitReached("Too many tries from your network. Try again in a minute.", retry_after=60)
    found = read_token(token)
    if found is None:
        raise Http404
    member, kind, _ = found
    context = {"words": kind.words, "about": kind.about, "is_done": False}
    if request.method == "POST":
        stop_mail(token)
        context |= {"is_done": True, "left": what_is_left_on(member), "is_own": request.user == member}
    return render(request, "network/mail_stop.html", context)
