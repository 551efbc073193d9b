from __future__ import annotations

from typing import Any

from django import forms

from forums.forms.post import WrittenOnce
from forums.models import Message, Room, RoomRole
from network.models import Member, Membership, Viewer


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
