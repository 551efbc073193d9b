"""What stands around every view."""

from __future__ import annotations

from collections.abc import Callable

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse

from network.limits import LimitReached
from network.models.standing import Standing
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


class StandingMiddleware:
    """A request that only reads asks once what its member is in which network. One that writes asks as often as it
    needs to, for between two questions somebody may have decided otherwise."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method in ("GET", "HEAD") and request.user.is_authenticated:
            request.user.standing = Standing(request.user)
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
