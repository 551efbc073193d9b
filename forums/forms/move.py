from __future__ import annotations

from typing import Any

from django import forms

from network.models import Network, Theme, Viewer


class MoveForm(forms.Form):
    """Another theme of the thread's network."""

    theme = forms.ModelChoiceField(
        queryset=Theme.objects.none(),
        label="Theme",
        empty_label=None,
        error_messages={"required": "Choose a theme", "invalid_choice": "Choose a theme from the list"},
    )

    def __init__(self, network: Network, viewer: Viewer, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        theme = self.fields["theme"]
        assert isinstance(theme, forms.ModelChoiceField)
        theme.queryset = Theme.objects.visible_to(viewer).of_network(network)
