"""What stands around every view."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.middleware import get_user
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from network import sessions
from network.actions.sessions import note_session
from network.limits import LimitReached
from network.models import GroundRules
from network.models.standing import Standing
from network.permissions import holds_an_office
from network.views import ask_for_second_factor, errors


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


class StandingMiddleware:
    """A request that only reads asks once what its member is in which network, and what they have a right to. One that
    writes asks as often as it needs to, for between two questions somebody may have decided otherwise."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # The member and not Django's stand-in for one, which was asked by now: a page looks at them a thousand times.
        request.user = get_user(request)
        if request.method in ("GET", "HEAD") and request.user.is_authenticated:
            request.user.standing = Standing(request.user, request.user.memberships_then)
            if request.user.rights_then is not None and not request.user.is_superuser:
                request.user._perm_cache = set(request.user.rights_then)  # where Django looks first
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


class SessionTimesMiddleware:
    """Keeps a session that is used alive, writing that down only now and then; and brings whoever's session is over
    back to the page they asked for, by way of signing in."""

    # An editor's open page asks these by itself, whether anybody sits before it or not.
    BY_THEMSELVES = ("/admin/editing-sessions/",)

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated and sessions.is_use_due(request) and not self._is_by_itself(request):
            self._note_use(request)
        response = self.get_response(request)
        return self._after_its_end(request, response)

    def _is_by_itself(self, request: HttpRequest) -> bool:
        return request.path.startswith(self.BY_THEMSELVES)

    def _note_use(self, request: HttpRequest) -> None:
        assert request.user.is_authenticated
        sessions.note_use(request, is_staffs=holds_an_office(request.user))
        if request.session.session_key:
            note_session(
                request.user,
                session_key=request.session.session_key,
                address=get_adapter().get_client_ip(request),
                user_agent=request.headers.get("User-Agent", ""),
                now=timezone.now(),
            )

    def _after_its_end(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """A page that is not there for strangers may have been there a while ago: who brings a session that is over is
        asked to sign in, at every address alike. Where that is asked for anyway, the page says why."""
        is_over = settings.SESSION_COOKIE_NAME in request.COOKIES and request.session.is_empty()
        if not is_over or request.method not in ("GET", "HEAD") or request.user.is_authenticated:
            return response
        sign_in = reverse(settings.LOGIN_URL)
        if response.status_code == 404:
            query = urlencode({"next": request.get_full_path(), "session": "over"})
            return HttpResponseRedirect(f"{sign_in}?{query}")
        if response.status_code == 302 and response["Location"].startswith(f"{sign_in}?"):
            response["Location"] += "&session=over"
        return response


class SecondFactorMiddleware:
    """Nobody does anything in the editors' or the administrators' pages, whatever the address is and however it is
    asked, before they have shown a second factor in this session."""

    ADDRESSES = ("/admin/", "/administration/")

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponseBase | None:
        if not request.path_info.startswith(self.ADDRESSES):
            return None
        return ask_for_second_factor(request, holds_an_office)


class GroundRulesMiddleware:
    """Asks a member of a network to agree to the ground rules before they read on in one, where the rules have changed
    since they did. What they send goes through: nobody loses what they were writing. The hub stays free to read."""

    ASKED_ON = ("networks/<slug:slug>/", "threads/", "rooms/", "unread/", "following/", "attachments/")
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
            or not getattr(request.user, "owes_agreement", True)  # read with the member
        ):
            return None
        if GroundRules.objects.unanswered_by_member(request.user) is None:
            return None
        query = urlencode({REDIRECT_FIELD_NAME: request.get_full_path()})
        return HttpResponseRedirect(f"{reverse('ground_rules_agree')}?{query}")
