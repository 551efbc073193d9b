from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from functools import update_wrapper
from itertools import islice
from typing import Any, Concatenate, ParamSpec, TypeVar
from urllib.parse import urlencode, urlsplit

from allauth.account.adapter import get_adapter
from asgiref.sync import sync_to_async
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.core.files import File
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, StreamingHttpResponse
from django.urls import reverse
from django.utils.http import content_disposition_header, url_has_allowed_host_and_scheme

from network import sessions
from network.models import Member, Viewer
from network.permissions import Refused, is_staff

Rest = ParamSpec("Rest")
Asked = TypeVar("Asked", bound=HttpRequest)


class MemberRequest(HttpRequest):
    """A request of somebody signed in: the view stands behind `login_required`, or answers 404 to whoever may not know
    of the page, an anonymous visitor among them, before it asks who the member is."""

    user: Member


def second_factor_required(
    view: Callable[Concatenate[Asked, Rest], HttpResponseBase],
) -> Callable[Concatenate[Asked, Rest], HttpResponseBase]:
    """For a page on which facilitators or others act for all: staff are asked for a second factor before they see it,
    once in a session. Who is no staff goes on to the view, which knows what to tell them."""

    def guarded(request: Asked, /, *args: Rest.args, **kwargs: Rest.kwargs) -> HttpResponseBase:
        return ask_for_second_factor(request) or view(request, *args, **kwargs)

    return update_wrapper(guarded, view)


def ask_for_second_factor(
    request: HttpRequest, is_asked: Callable[[Viewer], bool] = is_staff, *, then: str = ""
) -> HttpResponse | None:
    """Where a member of staff shows, or first sets up, a second factor, and then comes back, or goes on to the address
    `then`; None where there is nothing to ask. Raises Refused for a script's request, which cannot be led anywhere."""
    viewer = request.user
    if not viewer.is_authenticated:
        return None
    has_one = sessions.has_second_factor(viewer)
    if (has_one and sessions.has_shown_second_factor(request)) or not is_asked(viewer):
        return None
    if request.headers.get("X-Requested-With") == "XMLHttpRequest":
        raise Refused("Show your second factor first: load the page again.")
    query = urlencode({REDIRECT_FIELD_NAME: then or _page_of(request)})
    return HttpResponseRedirect(reverse("account_confirm" if has_one else "second_factor_needed") + f"?{query}")


def _page_of(request: HttpRequest) -> str:
    """The page asked for; of a form that was sent, the page it stood on."""
    if request.method in ("GET", "HEAD"):
        return request.get_full_path()
    referer = urlsplit(request.headers.get("Referer", ""))
    if referer.netloc == request.get_host() and url_has_allowed_host_and_scheme(referer.path, allowed_hosts=None):
        return referer.path
    return reverse("account")


def address_of(request: HttpRequest) -> str:
    """The network address that a request comes from, as far as the proxies before this site say; "" where they say
    none."""
    try:
        return str(get_adapter().get_client_ip(request))
    except (PermissionDenied, ImproperlyConfigured):
        return ""


def ask_how_to_write(*, then: str) -> HttpResponse:
    """Where somebody who has just joined a network says how it may write to them, before it does; and from there on to
    the address `then`."""
    return HttpResponseRedirect(f"{reverse('profile_mail')}?{urlencode({REDIRECT_FIELD_NAME: then})}")


GRACE = 15 * 60  # seconds that a form may stay open beyond: what was typed is not lost


def confirmation_required(
    view: Callable[Concatenate[MemberRequest, Rest], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, Rest], HttpResponseBase]:
    """For pages that change how somebody signs in, give away all that is theirs, or end it: an open browser that its
    owner left is not enough."""

    def guarded(request: Any, /, *args: Rest.args, **kwargs: Rest.kwargs) -> HttpResponseBase:
        is_form = request.method not in ("GET", "HEAD")
        if sessions.has_confirmed_lately(request, request.user, grace=GRACE if is_form else 0):
            return view(request, *args, **kwargs)
        # A page that only takes a form is no place to come back to.
        return HttpResponseRedirect(
            reverse("account_confirm") + "?" + urlencode({REDIRECT_FIELD_NAME: _page_of(request)})
        )

    return login_required(update_wrapper(guarded, view))


AT_A_TIME = 500  # lines of a list


def file_to_take(lines: Iterator[str], *, name: str) -> StreamingHttpResponse:
    """A list as a CSV file called `name`, sent as it is made: the server would otherwise collect the whole file first.
    It is for whoever asked, and kept by nothing on the way."""
    some = sync_to_async(lambda: "".join(islice(lines, AT_A_TIME)))

    async def streamed() -> AsyncIterator[str]:
        while text := await some():
            yield text

    file = StreamingHttpResponse(streamed(), content_type="text/csv; charset=utf-8")
    file["Content-Disposition"] = f'attachment; filename="{name}"'
    file["Cache-Control"] = "private, no-store"
    return file


BYTES_AT_A_TIME = 256 * 1024


class StreamedFile(StreamingHttpResponse):
    """Read piece by piece, and without holding up the server: of `FileResponse` it would collect the whole first."""

    def __init__(self, file: File[bytes], content_type: str) -> None:
        self.file = file
        super().__init__(self._pieces(), content_type=content_type)

    async def _pieces(self) -> AsyncIterator[bytes]:
        read = sync_to_async(self.file.read, thread_sensitive=False)
        while piece := await read(BYTES_AT_A_TIME):
            yield piece

    def close(self) -> None:
        super().close()
        self.file.close()


def streamed_file(
    request: HttpRequest, file: File[bytes], content_type: str, *, to_keep_as: str = ""
) -> HttpResponseBase:
    """An open file, to be shown, or with a name to be kept. Nothing keeps it on the way. Asked for its head alone, it
    is closed at once."""
    length = file.size
    response: HttpResponseBase
    if request.method == "HEAD":
        file.close()
        response = HttpResponse(content_type=content_type)
    else:
        response = StreamedFile(file, content_type)
    response["Content-Length"] = str(length)
    response["Content-Disposition"] = content_disposition_header(bool(to_keep_as), to_keep_as) or "inline"
    response["Cache-Control"] = "private, no-store"
    return response
