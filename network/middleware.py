"""What stands around every view."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth import REDIRECT_FIELD_NAME
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from network.limits import LimitReached
from network.models import GroundRules
from network.views import errors


class LimitsMiddleware:
    """A limit that a view lets pass becomes the page that says so, with the time to wait for programs."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return errors.too_often(request, exception) if isinstance(exception, LimitReached) else None


class LegibleAddressMiddleware:
    """Answers 400 to a NUL in an address: nobody types one, and PostgreSQL cannot be asked about one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "\x00" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
            raise BadRequest("An address cannot hold a NUL.")
        return self.get_response(request)


class PrivatePagesMiddleware:
    """What somebody saw while signed in is kept by no cache, so that the back button shows it to nobody after them."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.user.is_authenticated and "Cache-Control" not in response:
            response["Cache-Control"] = "private, no-store"
        return response


class GroundRulesMiddleware:
    """Asks a member of a network to agree to the ground rules before they read on in one, where the rules have changed
    since they did. What they send goes through: nobody loses what they were writing. The hub stays free to read."""

    ASKED_ON = ("networks/<slug:slug>/", "threads/", "rooms/", "unread/")
    # Ways in, which ask themselves; the way out; and what programs read.
    NOT_ASKED_ON = ("network_join", "network_leave", "network_feed")

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_: Any) -> HttpResponse | None:
        match = request.resolver_match
        if (
            match is None
            or request.method != "GET"
            or not match.route.startswith(self.ASKED_ON)
            or match.url_name in self.NOT_ASKED_ON
            or not request.user.is_authenticated
        ):
            return None
        if GroundRules.objects.unanswered_by_member(request.user) is None:
            return None
        query = urlencode({REDIRECT_FIELD_NAME: request.get_full_path()})
        return HttpResponseRedirect(f"{reverse('ground_rules_agree')}?{query}")
