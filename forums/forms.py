"""The shape of what members type. Whether they may is asked by the verbs."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms

from forums import markup
from forums.models import Message, Room, RoomRole, Thread, ThreadTag
from forums.permissions import can_start_kind
from network.models import Member, Membership, Network, Theme, Viewer
from network.models.tag import clean_tags

MAX_TAGS = 5
USUAL_TAGS = 8  # named beside the field
FORMATTING_HINT = "You can use **bold**, lists that begin with a dash, > quotations and links."


class TagsField(forms.CharField):
    """Words divided by commas; cleans to a list of tags without doubles, in the order typed."""

    def __init__(self) -> None:
        super().__init__(
            required=False,
            max_length=300,
            label="Tags",
            help_text=f"Up to {MAX_TAGS}, divided by commas. Optional.",
            # What is in use is offered by a list of that name, which the page brings.
            widget=forms.TextInput(attrs={"list": "tags-in-use", "autocomplete": "off"}),
        )

    def clean(self, value: Any) -> list[str]:
        typed = super().clean(value)
        tags = clean_tags(typed.split(","))
        if len(tags) > MAX_TAGS:
            raise forms.ValidationError(f"Enter at most {MAX_TAGS} tags")
        return tags


class TagForm(forms.Form):
    """The tag that another becomes."""

    into = forms.CharField(
        label="New tag, or one that is there",
        max_length=100,
        widget=forms.TextInput(attrs={"list": "tags-in-use", "autocomplete": "off"}),
        error_messages={"required": "Enter a tag", "max_length": "Each tag can have at most 40 characters"},
    )


class SourceField(forms.CharField):
    def __init__(self, label: str, missing: str, rows: int) -> None:
        super().__init__(
            label=label,
            max_length=markup.MAX_LENGTH,
            help_text=FORMATTING_HINT,
            widget=forms.Textarea(attrs={"rows": rows}),
            error_messages={
                "required": missing,
                "max_length": f"Your text is too long: it can have at most {markup.MAX_LENGTH:,} characters",
            },
        )


class WrittenOnce(forms.Form):
    """A form that, sent twice, is one thing: `form_id` says that it is the same form."""

    form_id = forms.UUIDField(required=False, widget=forms.HiddenInput, initial=uuid.uuid4)


class ThreadForm(WrittenOnce):
    title = forms.CharField(
        max_length=150,
        error_messages={
            "required": "Enter a title",
            "max_length": "The title can have at most 150 characters",
        },
    )
    kind = forms.ChoiceField(widget=forms.RadioSelect, label="What kind of thread is it?")
    theme = forms.ModelChoiceField(
        Theme.objects.none(),
        empty_label="Choose a theme",
        error_messages={"required": "Choose a theme", "invalid_choice": "Choose a theme from the list"},
    )
    source = SourceField("What do you want to say?", "Enter what you want to say", rows=10)
    tags = TagsField()

    def __init__(self, network: Network, viewer: Viewer, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        themes = Theme.objects.visible_to(viewer).of_network(network)
        self.fields["theme"].queryset = themes  # type: ignore[attr-defined]
        usual = [row["name"] for row in ThreadTag.objects.visible_to(viewer).counted(network)[:USUAL_TAGS]]
        if usual:
            self.fields["tags"].help_text += f" Often used here: {', '.join(usual)}."
        self.fields["kind"].choices = [  # type: ignore[attr-defined]
            (kind.value, kind.label)
            for kind in (Thread.Kind.DISCUSSION, Thread.Kind.QUESTION, Thread.Kind.ANNOUNCEMENT)
            if can_start_kind(viewer, network, kind)
        ]
        self.fields["kind"].initial = Thread.Kind.DISCUSSION


class ReplyForm(WrittenOnce):
    source = SourceField("Your reply", "Enter your reply", rows=6)


class MessageForm(WrittenOnce):
    """The plain way to say something in a live room."""

    return_to = forms.CharField(required=False, max_length=500, widget=forms.HiddenInput)
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
