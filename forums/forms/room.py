from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.utils import timezone

from forums.forms.post import LegibleField, WrittenOnce
from forums.models import Message, Question, Room, RoomRole
from network.limits import in_words
from network.models import Member, Membership, Viewer


class MessageForm(WrittenOnce):
    """The plain way to say something in a live room."""

    return_to = forms.CharField(required=False, max_length=500, widget=forms.HiddenInput)
    reply_to = forms.IntegerField(required=False, min_value=1, max_value=2**53, widget=forms.HiddenInput)
    body = forms.CharField(
        label="Your message",
        # No Markdown, unlike in posts: a room takes hundreds of messages a second, and the worst of this length would
        # keep a parser busy for 25 ms.
        help_text="Shown just as you type it. Web addresses become links.",
        max_length=Message.MAX_LENGTH,
        widget=forms.Textarea(attrs={"rows": 2, "autocomplete": "off"}),
        error_messages={
            "required": "Enter a message",
            "max_length": f"Your message is too long: it can have at most {Message.MAX_LENGTH:,} characters",
        },
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The browser would cut off what is pasted, and say nothing.
        self.fields["body"].widget.attrs.pop("maxlength", None)


class QuestionForm(WrittenOnce):
    """A question in a session: by name, or where the room allows it as somebody at some kind of council."""

    return_to = forms.CharField(required=False, max_length=500, widget=forms.HiddenInput)
    body = LegibleField(
        label="Your question",
        max_length=Question.MAX_LENGTH,
        widget=forms.Textarea(attrs={"rows": 2, "autocomplete": "off"}),
        error_messages={
            "required": "Enter your question",
            "max_length": f"Your question is too long: it can have at most {Question.MAX_LENGTH} characters",
        },
    )
    is_unnamed = forms.BooleanField(label="Ask without my name", required=False)

    def __init__(self, *args: Any, shown_as: str, **kwargs: Any) -> None:
        """`shown_as`: how the asker stands there who asks without their name."""
        super().__init__(*args, **kwargs)
        self.auto_id = "question_%s"  # beside the composer's fields
        self.fields["body"].widget.attrs.pop("maxlength", None)
        self.fields["is_unnamed"].help_text = (
            f"You will be shown as “{shown_as}”. "
            "Facilitators of the network can see who asked, and each look is recorded."
        )


class EditMessageForm(forms.Form):
    """Other words for a message."""

    body = forms.CharField(
        label="What the message says",
        max_length=Message.MAX_LENGTH,
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off"}),
        error_messages={
            "required": "Enter a message, or delete it instead",
            "max_length": f"Your message is too long: it can have at most {Message.MAX_LENGTH:,} characters",
        },
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["body"].widget.attrs.pop("maxlength", None)


REMOVE = "remove"


class SanctionForm(forms.Form):
    """A time-out, by its length in seconds, or removal from the room."""

    kind = forms.ChoiceField(
        label="What should happen?",
        choices=[
            ("60", "Silent in this room for 1 minute"),
            ("300", "Silent in this room for 5 minutes"),
            ("1800", "Silent in this room for 30 minutes"),
            ("86400", "Silent in this room for 24 hours"),
            (REMOVE, "Removed from this room, until a facilitator lets them back in"),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": "Select what should happen"},
    )
    words = LegibleField(
        label="Why?",
        help_text="They read this.",
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "Enter why", "max_length": "The reason can have at most 300 characters"},
    )


class SlowModeForm(forms.Form):
    seconds = forms.TypedChoiceField(
        label="How long do people wait between two messages?",
        help_text="Facilitators and hosts do not wait.",
        coerce=int,
        choices=[(0, "They do not wait"), *((every, in_words(timedelta(seconds=every))) for every in Room.SLOW[1:])],
        error_messages={"required": "Select how long people wait", "invalid_choice": "Select how long people wait"},
    )


class LockForm(forms.Form):
    lock = forms.ChoiceField(
        label="Who reads and writes in this room?",
        required=False,
        choices=Room.Lock.choices,
        widget=forms.RadioSelect,
        error_messages={"invalid_choice": "Select who reads and writes in this room"},
    )


class RoomForm(forms.Form):
    """A live room for a session of a network."""

    LONGEST = timedelta(hours=24)

    title = LegibleField(
        label="What is the session called?",
        max_length=200,
        error_messages={
            "required": "Enter what the session is called",
            "max_length": "What the session is called must be 200 characters or fewer",
        },
    )
    opens_at = forms.DateTimeField(
        label="When does it start?",
        help_text="London time. Members can come in 15 minutes before.",
        widget=forms.DateTimeInput,
        error_messages={
            "required": "Enter when it starts",
            "invalid": "Enter when it starts as a date and a time",
        },
    )
    closes_at = forms.DateTimeField(
        label="When does it end?",
        help_text="From then on the room is read-only.",
        widget=forms.DateTimeInput,
        error_messages={"required": "Enter when it ends", "invalid": "Enter when it ends as a date and a time"},
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        opens_at, closes_at = cleaned.get("opens_at"), cleaned.get("closes_at")
        if opens_at and closes_at:
            if closes_at <= opens_at:
                self.add_error("closes_at", "The end must be after the start")
            elif closes_at - opens_at > self.LONGEST:
                self.add_error("closes_at", "A room can be open for at most 24 hours")
            elif closes_at <= timezone.now():
                self.add_error("closes_at", "The end must be in the future")
        return cleaned


class RoomRoleForm(forms.Form):
    """Who hosts a room or speaks in it: a member of its network by name, or anybody with an account by address. A
    viewer who is no member finds nobody by name."""

    who = forms.CharField(
        label="Name or email address",
        help_text="A name finds members of the network. An address finds everybody who has an account here.",
        max_length=254,
        error_messages={
            "required": "Enter a name or an email address",
            "max_length": "Name or email address must be 254 characters or fewer",
        },
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    role = forms.ChoiceField(
        label="What are they in this room?",
        choices=RoomRole.Role.choices,
        initial=RoomRole.Role.SPEAKER,
        widget=forms.RadioSelect,
        error_messages={"required": "Select host or speaker"},
    )

    def __init__(self, room: Room, viewer: Viewer, *args: Any, nobody: str = "", **kwargs: Any) -> None:
        """`nobody`: what is said where nobody is found, instead of why."""
        super().__init__(*args, **kwargs)
        self.auto_id = "room_role_%s"  # beside the composer's fields
        self.nobody = nobody
        self.room = room
        self.viewer = viewer

    def clean_who(self) -> Member:
        typed = " ".join(str(self.cleaned_data["who"]).split())
        if "@" in typed:
            accounts = Member.objects.filter(email__iexact=typed, is_active=True)
            found = list(accounts.exclude(pk__in=Member.objects.unproved().values("pk")))
            nobody = "Nobody has an account with this email address"
        else:
            here = Membership.objects.visible_to(self.viewer).active().filter(network=self.room.network)
            found = list(Member.objects.filter(pk__in=here.values("member"), name__iexact=typed)[:2])
            nobody = "No member of this network has this name. Enter their email address"
        if not found:
            raise forms.ValidationError(self.nobody or nobody, code="unknown")
        if len(found) > 1:
            raise forms.ValidationError("Several members have this name. Enter an email address", code="ambiguous")
        member: Member = found[0]
        return member
