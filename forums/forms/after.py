from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms

from forums.models import Message, Question
from network.models import Network, Theme, Viewer


class AfterForm(forms.Form):
    """What becomes a thread of a session, and under which theme."""

    chosen = forms.MultipleChoiceField(
        label="Questions and messages",
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": "Select the questions and messages to make threads of",
            "invalid_choice": "Something that you selected can no longer be made a thread. Look at the list again",
        },
    )
    theme = forms.ModelChoiceField(
        queryset=Theme.objects.none(),
        label="Theme of the threads",
        empty_label=None,
        error_messages={"required": "Choose a theme", "invalid_choice": "Choose a theme from the list"},
    )

    def __init__(
        self,
        network: Network,
        viewer: Viewer,
        questions: Iterable[Question],
        messages: Iterable[Message],
        *args: Any,
        **kwargs: Any,
    ) -> None:
        """`questions` and `messages`: what a thread can be made of."""
        super().__init__(*args, **kwargs)
        self.by_key: dict[str, Question | Message] = {
            **{key_of(question): question for question in questions},
            **{key_of(message): message for message in messages},
        }
        chosen, theme = self.fields["chosen"], self.fields["theme"]
        assert isinstance(chosen, forms.MultipleChoiceField)
        assert isinstance(theme, forms.ModelChoiceField)
        chosen.choices = [(key, key) for key in self.by_key]
        theme.queryset = Theme.objects.visible_to(viewer).of_network(network)

    @property
    def keys(self) -> list[str]:
        """What is ticked, as it was sent or as the page was asked for."""
        return [str(key) for key in self["chosen"].value() or []]

    def _chosen(self) -> list[Question | Message]:
        return [self.by_key[key] for key in self.cleaned_data["chosen"]]

    @property
    def questions(self) -> list[Question]:
        return [one for one in self._chosen() if isinstance(one, Question)]

    @property
    def messages(self) -> list[Message]:
        return [one for one in self._chosen() if isinstance(one, Message)]


def key_of(one: Question | Message) -> str:
    return f"message-{one.seq}" if isinstance(one, Message) else str(one.uid)


class RecordingForm(forms.Form):
    """Where the recording of a session is."""

    link = forms.URLField(
        label="Link to the recording",
        required=False,
        max_length=500,
        assume_scheme="https",
        error_messages={
            "invalid": "Enter the link as a web address, such as https://video.example.org/session",
            "max_length": "The link must be 500 characters or fewer",
        },
    )
    began_at = forms.DateTimeField(
        label="When did the recording begin?",
        help_text="London time. From it we work out where in the recording a question was answered.",
        required=False,
        widget=forms.DateTimeInput,
        error_messages={"invalid": "Enter when the recording began as a date and a time"},
    )

    def __init__(self, *args: Any, has_room: bool = True, **kwargs: Any) -> None:
        """`has_room`: of a session in a live room, in which it is known when each question was answered."""
        super().__init__(*args, **kwargs)
        if not has_room:
            del self.fields["began_at"]

    def clean_link(self) -> str:
        link: str = self.cleaned_data["link"]
        if link and not link.startswith(("https://", "http://")):
            raise forms.ValidationError("Enter the link as a web address, such as https://video.example.org/session")
        return link
