from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.core import signing
from django.utils.crypto import salted_hmac

from forums import markup
from forums.actions.drafts import mark_of
from forums.care import Concern, concerns, names_amounts
from forums.models import Draft, Post, Thread
from network.models import Member, Network
from network.models.organisation import names_of_suppliers

FORMATTING_HINT = "You can use **bold**, lists that begin with a dash, > quotations and links."
QUOTED = 500  # characters of a post that a reply begins with


class LegibleField(forms.CharField):
    """Text as it will be kept: without what nobody sees, and nothing where nothing can be seen."""

    def to_python(self, value: Any) -> str:
        typed = markup.legible(super().to_python(value) or "").strip()
        return typed if markup.is_seen(typed) else ""


class SourceField(LegibleField):
    def __init__(
        self, label: str, missing: str, rows: int, *, longest: int = markup.MAX_LENGTH, hint: str = ""
    ) -> None:
        super().__init__(
            label=label,
            max_length=longest,
            required=bool(missing),
            help_text=hint or FORMATTING_HINT,
            widget=forms.Textarea(attrs={"rows": rows}),
            error_messages={
                "required": missing,
                "max_length": f"Your text is too long: it can have at most {longest:,} characters",
            },
        )


class QuotingField(forms.ChoiceField):
    def __init__(self) -> None:
        super().__init__(
            label="May others quote this elsewhere?",
            choices=Post.Quoting.choices,
            initial=Post.Quoting.ASK,
            required=False,
            error_messages={"invalid_choice": "Choose from the list who may quote this"},
        )

    def clean(self, value: Any) -> str:
        return super().clean(value) or Post.Quoting.ASK


class WrittenOnce(forms.Form):
    """A form that, sent twice, is one thing: `form_id` says that it is the same form."""

    form_id = forms.UUIDField(required=False, widget=forms.HiddenInput, initial=uuid.uuid4)


class Composed(WrittenOnce):
    """A form in which somebody writes at length. What they type can be kept as a draft, by the names in KEPT, and fills
    the form again."""

    KEPT: ClassVar[tuple[str, ...]]
    # Fields that others will read, which are looked through before they are sent.
    CARED: ClassVar[tuple[str, ...]] = ("source",)

    def __init__(
        self,
        place: Network | Thread | Post,
        writer: Member,
        data: Mapping[str, Any] | None = None,
        *,
        draft: Draft | None = None,
        initial: Mapping[str, Any] | None = None,
    ) -> None:
        typed = {name: value for name, value in (draft.fields if draft else {}).items() if name in self.KEPT}
        super().__init__(data, initial={**(initial or {}), **typed})
        self.draft = draft
        self.newer: Draft | None = None  # one from elsewhere, which they have not seen
        # Which draft they know of, so that a newer one from elsewhere is not overwritten unseen.
        self.draft_at = (data or {}).get("draft_at", "") or (draft.key if draft and data is None else "")
        self.writer_mark = mark_of(writer, place)
        self.writer = writer
        # What they were warned of and what of it they send all the same, signed.
        self.warned = (data or {}).get("warned", "")

    @classmethod
    def typed_in(cls, data: Mapping[str, Any]) -> dict[str, str]:
        """What of a form that was sent is kept, as it was typed."""
        return {name: str(data.get(name, "")) for name in cls.KEPT}

    @property
    def told(self) -> list[tuple[str, str]]:
        """What will stand beside the words, in pairs of a heading and its words: with most nothing."""
        return []

    def asks_first(self, *, goes_on: bool) -> list[Concern]:
        """What in a form that is right may be better left out: it is not sent before its writer has seen that.
        `goes_on`: they have, and say so by the button; then only what is new is asked. Nothing of it is kept but in
        the form itself, which remembers it when it comes back."""
        text = "\n\n".join(self._cared())
        already = {concern.key for concern in self._concerns("\n\n".join(self._cared_before()))}
        shown, agreed = _read_warned(self.warned, self.writer)
        if goes_on:
            agreed |= shown
        found = [concern for concern in self._concerns(text) if concern.key not in already]
        left = [concern for concern in found if _mark(concern) not in agreed]
        self.warned = _sign_warned({_mark(concern) for concern in left}, agreed, self.writer)
        return left

    def _concerns(self, text: str) -> list[Concern]:
        suppliers = names_of_suppliers() if names_amounts(text) else ()
        return concerns(text, suppliers=suppliers, own=[self.writer.email])

    def _cared(self) -> list[str]:
        return [str(self.cleaned_data.get(name, "")) for name in self.CARED]

    def _cared_before(self) -> list[str]:
        """What of it others can read by now."""
        return []

    def judge_only(self, *names: str) -> bool:
        """Looks at these fields alone, for the form is not sent yet. Says whether they are right."""
        problems = {name: self.errors[name] for name in names if name in self.errors}
        self.errors.clear()
        self.errors.update(problems)
        return not problems


def _mark(concern: Concern) -> str:
    """Says that it is the same, and nothing of what it is."""
    return salted_hmac("forums.care", "\n".join(concern.key)).hexdigest()[:16]


def _sign_warned(shown: set[str], agreed: set[str], writer: Member) -> str:
    if not shown and not agreed:
        return ""
    return _warned.sign(f"{writer.pk} {','.join(sorted(shown))} {','.join(sorted(agreed))}")


def _read_warned(warned: str, writer: Member) -> tuple[set[str], set[str]]:
    """What was shown to this member, and what they agreed to; nothing where it was not signed for them."""
    try:
        pk, shown, agreed = _warned.unsign(warned).split(" ")
    except (signing.BadSignature, ValueError):
        return set(), set()
    return (set(shown.split(",")), set(agreed.split(","))) if pk == str(writer.pk) else (set(), set())


_warned = signing.Signer(salt="forums.forms.post.warned")


class ReplyForm(Composed):
    KEPT = ("source", "quoting", "reply_to", "form_id")

    # The number of the post that is answered.
    reply_to = forms.IntegerField(required=False, widget=forms.HiddenInput)
    source = SourceField("Your reply", "Enter your reply", rows=6)
    quoting = QuotingField()

    def __init__(
        self,
        thread: Thread,
        writer: Member,
        data: Mapping[str, Any] | None = None,
        *,
        draft: Draft | None = None,
        answers: str = "",
    ) -> None:
        """`answers`: the number of the post to answer, as the address has it; what is none is passed over."""
        super().__init__(thread, writer, data, draft=draft)
        self._thread, self._writer = thread, writer
        # The post that is answered, while it can be read.
        self.answered = self._post(str((self.initial if data is None else data).get("reply_to", "")))
        if data is None and (wanted := self._post(answers)) and wanted != self.answered:
            self.answered = wanted
            there = str(self.initial.get("source", "")).rstrip()
            self.initial["source"] = "\n\n".join(part for part in (there, quotation(wanted.source)) if part)

    def clean_reply_to(self) -> Post | None:
        if self.cleaned_data["reply_to"] is None or self.answered is not None:
            return self.answered
        raise forms.ValidationError(
            "The post that you answer can no longer be read. Send your reply again, and it stands without a link to it."
        )

    def _post(self, number: str) -> Post | None:
        if not (number.isdecimal() and number.isascii() and len(number) < 10):
            return None
        posts = Post.objects.visible_to(self._writer).filter(thread=self._thread).select_related("author")
        return posts.filter(number=int(number)).first()


def quotation(source: str) -> str:
    """The beginning of what somebody wrote, as a quotation in Markdown, with room to answer after it."""
    shown = source.strip()
    if not shown:
        return ""
    if len(shown) > QUOTED:
        shown = shown[:QUOTED].rsplit(maxsplit=1)[0] + " …"
    return "\n".join(f"> {line}".rstrip() for line in shown.split("\n")) + "\n\n"
