from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms

from forums import markup
from forums.actions.drafts import mark_of
from forums.models import Draft, Post, Thread
from network.models import Member, Network

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

    @classmethod
    def typed_in(cls, data: Mapping[str, Any]) -> dict[str, str]:
        """What of a form that was sent is kept, as it was typed."""
        return {name: str(data.get(name, "")) for name in cls.KEPT}

    @property
    def told(self) -> list[tuple[str, str]]:
        """What will stand beside the words, in pairs of a heading and its words: with most nothing."""
        return []

    def judge_only(self, *names: str) -> bool:
        """Looks at these fields alone, for the form is not sent yet. Says whether they are right."""
        problems = {name: self.errors[name] for name in names if name in self.errors}
        self.errors.clear()
        self.errors.update(problems)
        return not problems


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
