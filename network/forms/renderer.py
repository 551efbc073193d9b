"""How the controls of forms become HTML."""

from __future__ import annotations

from typing import Any

from django.forms.renderers import DjangoTemplates
from django.http import HttpRequest

from network.kept import kept_part


class KeepingRenderer(DjangoTemplates):
    """Renders a control in which nothing is typed once for whoever comes: six templates of Django make one list of
    choices. What it is made of, down to the last attribute, says whether it is the same control."""

    def render(self, template_name: str, context: dict[str, Any], request: HttpRequest | None = None) -> str:
        anew = super().render
        if request is not None or _is_typed_in(context.get("widget", {})):
            return anew(template_name, context, request)
        return kept_part(template_name, context, lambda: anew(template_name, context))


def _is_typed_in(widget: dict[str, Any]) -> bool:
    """Of choices the value is a list. What a member typed, and the secret of one form, are not kept in memory."""
    return bool(widget.get("value")) and not isinstance(widget["value"], list)
