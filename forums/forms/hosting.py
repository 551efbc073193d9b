"""What hosts type when they deal with questions, and the rules of a session."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms

from forums.actions.room_settings import RoomRules
from forums.forms.post import LegibleField
from forums.live import access
from forums.models import Question, Room
from forums.models.mention import ways_to_write
from network.limits import in_words
from network.models import Member


class DecisionForm(forms.Form):
    """`seen` says which step of the question the host had before them."""

    seen = forms.IntegerField(
        widget=forms.HiddenInput,
        max_value=2**53,
        error_messages={"required": "This form is not complete. Go back to the questions and open it again"},
    )


class WrittenAnswerForm(DecisionForm):
    answer = LegibleField(
        label="The answer",
        help_text="Everybody in the room reads it. Web addresses become links.",
        max_length=Question.LONGEST_ANSWER,
        widget=forms.Textarea(attrs={"rows": 8}),
        error_messages={
            "required": "Enter the answer",
            "max_length": f"The answer can have at most {Question.LONGEST_ANSWER:,} characters",
        },
    )


class ParkForm(DecisionForm):
    """For whom a question is parked: somebody who may come into the room, by name or by address."""

    who = forms.CharField(
        label="Name or email address",
        help_text="Somebody who can come into this room: only they can read the question.",
        max_length=254,
        error_messages={
            "required": "Enter a name or an email address",
            "max_length": "Name or email address must be 254 characters or fewer",
        },
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def __init__(self, room: Room, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.room = room

    def clean_who(self) -> Member:
        typed = " ".join(str(self.cleaned_data["who"]).split())
        here = access.belonging(self.room.pk).select_related("organisation")
        if "@" in typed:
            found = list(here.filter(email__iexact=typed))
            nobody = "Nobody who can come into this room has this email address"
        else:
            # "Sam Sample", or where several have the name "Sam Sample (Exampleshire)": as it was offered.
            named = here.filter(name__iexact=typed.partition(" (")[0]) if " (" in typed else here.none()
            found = list(here.filter(name__iexact=typed)[:2]) or [
                member for member in named[:50] if typed.casefold() in _ways(member)
            ]
            nobody = "Nobody who can come into this room has this name"
        if not found:
            raise forms.ValidationError(nobody, code="unknown")
        if len(found) > 1:
            raise forms.ValidationError("Several people have this name. Enter an email address", code="ambiguous")
        member: Member = found[0]
        return member


def _ways(member: Member) -> set[str]:
    council = member.organisation.short_name if member.organisation else ""
    return {way.casefold() for way in ways_to_write(member.name, council, member.pk)}


class QuestionChoice(forms.ModelChoiceField[Question]):
    def label_from_instance(self, obj: Question) -> str:
        return f"{obj.number}: {obj.body}"


class MergeForm(DecisionForm):
    into = QuestionChoice(
        queryset=Question.objects.none(),
        label="Which question asks the same?",
        help_text="It stays. Whoever wants to know either is counted there, each person once.",
        empty_label="Select a question",
        error_messages={
            "required": "Select the question that asks the same",
            "invalid_choice": "This question can no longer be merged into. Select another one",
        },
    )

    def __init__(self, question: Question, viewer: Member, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        gone = [Question.State.MERGED, *Question.GONE]
        here = Question.objects.visible_to(viewer).published().filter(room=question.room_id)
        choice = self.fields["into"]
        assert isinstance(choice, QuestionChoice)
        choice.queryset = here.exclude(state__in=gone).exclude(pk=question.pk).by_votes()


class NotPublishForm(DecisionForm):
    words = LegibleField(
        label="Why is it not published?",
        help_text="Whoever asked it reads this, and nobody else in the room.",
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={
            "required": "Enter why it is not published",
            "max_length": "The reason can have at most 300 characters",
        },
    )


class RoomRulesForm(forms.Form):
    """The rules of a session. `seen` says which ones stood in the form when it was opened."""

    seen = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)
    takes_questions = forms.BooleanField(label="People can ask questions", required=False)
    allows_unnamed = forms.BooleanField(
        label="They can ask without their name",
        help_text="Others then read such as “An officer at a county council”. Facilitators can see who asked, and each "
        "look is written down. Hosts cannot.",
        required=False,
    )
    holds_questions = forms.BooleanField(
        label="Questions wait until a host publishes them",
        help_text="Until then only hosts, facilitators and whoever asked can read them.",
        required=False,
    )
    is_chatham_house = forms.BooleanField(
        label="The session is held under the Chatham House rule",
        help_text="Everybody in the room is told. When it is over, the room shows no names. Once somebody has said or "
        "asked anything, the rule stays.",
        required=False,
    )
    delay_seconds = forms.TypedChoiceField(
        label="How much later do others see what is said?",
        help_text="Time to hide what must not stand. Facilitators and hosts see it at once.",
        coerce=int,
        choices=[(0, "At once"), *((every, in_words(timedelta(seconds=every))) for every in Room.DELAYS[1:])],
        error_messages={
            "required": "Select how much later others see what is said",
            "invalid_choice": "Select how much later others see what is said",
        },
    )
    held_words = forms.CharField(
        label="Messages with these words wait for a host",
        help_text="One word, or several that follow each other, to a line. At most 200.",
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false"}),
        error_messages={"max_length": "There can be at most 200 words to wait for"},
    )

    @property
    def rules(self) -> RoomRules:
        """Of a form that is valid."""
        return RoomRules(**{name: self.cleaned_data[name] for name in RoomRules.names()})
