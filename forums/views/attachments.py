"""Files with posts: served to whoever may read the post, and taken in beside a form of words."""

from __future__ import annotations

import uuid

from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from forums.actions import attachments as verbs
from forums.files import NotTaken
from forums.forms import FilesForm, WrittenOnce
from forums.models import Attachment
from forums.views import member_or_404
from network.limits import LimitReached
from network.models import Network
from network.permissions import Refused
from network.views import streamed_file

# Nothing in a file can run, and no other site shows it as its own.
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@require_safe
def attachment(request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
    """The file itself, to be kept and not shown."""
    found = _found(request, pk)
    return served(request, found, str(found.file.name), found.content_type, found.name)


@require_safe
def picture(request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
    """A picture, to be looked at. Of other files there is none: only what we painted ourselves is shown."""
    found = _found(request, pk, is_picture=True)
    return served(request, found, str(found.file.name), found.content_type)


@require_safe
def small_picture(request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
    """A picture as it stands with the post."""
    found = _found(request, pk, is_picture=True)
    return served(request, found, found.small_file, "image/webp")


def _found(request: HttpRequest, pk: uuid.UUID, *, is_picture: bool = False) -> Attachment:
    found = get_object_or_404(Attachment.objects.visible_to(request.user).clean(), pk=pk)
    if is_picture and not found.is_picture:
        raise Http404
    return found


def served(
    request: HttpRequest, found: Attachment, stored: str, content_type: str, to_keep_as: str = ""
) -> HttpResponseBase:
    try:
        file = found.file.storage.open(stored, "rb")
    except FileNotFoundError:
        raise Http404 from None
    response = streamed_file(request, file, content_type, to_keep_as=to_keep_as)
    for name, value in HEADERS.items():
        response[name] = value
    return response


class Attaching:
    """What stands beside a form of words: the files held for it, and what was done with them when it was sent."""

    ADD, REMOVE = "add_files", "remove_file"  # buttons that change the files and do not send the words

    def __init__(self, request: HttpRequest, network: Network, words: WrittenOnce) -> None:
        self.request = request
        self.network = network
        self.member = member_or_404(request)
        self.form_id = _form_id(words)
        self.is_step = request.method == "POST" and bool({self.ADD, self.REMOVE} & request.POST.keys())
        if request.method != "POST":
            # A form that is new holds nothing; one found again in a draft may.
            self.form = FilesForm(self._held() if words.initial.get("form_id") else [])
        else:
            self._change()

    def is_valid(self) -> bool:
        """Whether what came was taken, and all that is held can go with the words."""
        return self.form.is_valid()

    def _held(self) -> list[Attachment]:
        if self.form_id is None:
            return []
        return list(Attachment.objects.visible_to(self.member).held_in(self.form_id, self.member))

    def _change(self) -> None:
        said = [*self._describe(), *self._remove(), *self._attach()]
        self.form = FilesForm(self._held(), self.request.POST, self.request.FILES)
        for problem in said:
            self.form.add_error("uploads", problem)
        if self.is_step:
            return
        for attached in self.form.held:
            if attached.is_refused:
                self.form.add_error("uploads", f"“{attached.name}” may hold malware, so it was deleted: remove it here")
            elif attached.is_picture and not attached.alt and self.form.alt_of(attached) not in self.form.errors:
                self.form.add_error(self.form.alt_of(attached), f"Say what “{attached.name}” shows")

    def _describe(self) -> list[str]:
        """Whatever button was pressed: what was typed is kept."""
        form = FilesForm(self._held(), self.request.POST)
        form.is_valid()
        for attached in form.held:
            if form.alt_of(attached) in form.cleaned_data and form.alt_of(attached) in self.request.POST:
                try:
                    verbs.describe_file(attached, by=self.member, alt=form.cleaned_data[form.alt_of(attached)])
                except LimitReached as no:
                    return [str(no)]
        return []

    def _remove(self) -> list[str]:
        for attached in self._held() if self.REMOVE in self.request.POST else []:
            if str(attached.pk) == self.request.POST[self.REMOVE]:
                try:
                    verbs.remove_file(attached, by=self.member)
                except LimitReached as no:
                    return [str(no)]
        return []

    def _attach(self) -> list[str]:
        said = []
        for upload in self.request.FILES.getlist("uploads"):
            if self.form_id is None:
                return ["The files came without their form: load the page again and choose them once more"]
            try:
                verbs.attach_file(
                    self.network, by=self.member, form_id=self.form_id, file=upload, name=upload.name or ""
                )
            except NotTaken as problem:
                said.append(str(problem))
            except (LimitReached, Refused) as no:
                return [*said, str(no)]
        return said


def _form_id(words: WrittenOnce) -> uuid.UUID | None:
    try:
        return uuid.UUID(str(words["form_id"].value()))
    except ValueError:
        return None
