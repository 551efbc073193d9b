"""How the controls of forms become HTML."""

from __future__ import annotations

from collections.abc import Hashable
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.forms.renderers import DjangoTemplates
from django.http import HttpRequest
from django.utils.functional import Promise


class KeepingRenderer(DjangoTemplates):
    """Renders a control in which nothing is typed once for whoever comes: six templates of Django make one list of
    choices. What it is made of, down to the last attribute, says whether it is the same control."""

    def render(self, template_name: str, context: dict[str, Any], request: HttpRequest | None = None) -> str:
        if request is None and not settings.DEBUG and not _is_typed_in(context.get("widget", {})):
            try:
                return _kept(_Control(self, template_name, context))
            except _NotOfValues:
                pass
        return super().render(template_name, context, request)

    def render_anew(self, template_name: str, context: dict[str, Any]) -> str:
        return super().render(template_name, context)


class _NotOfValues(Exception):
    """It is made of something that may change, such as a row of the database."""


class _Control:
    """The like of another that is made of the same."""

    def __init__(self, renderer: KeepingRenderer, template_name: str, context: dict[str, Any]) -> None:
        self.renderer, self.template_name, self.context = renderer, template_name, context
        self.made_of = template_name, _values_of(context)

    def __hash__(self) -> int:
        return hash(self.made_of)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Control) and other.made_of == self.made_of


@lru_cache(maxsize=500)
def _kept(control: _Control) -> str:
    return control.renderer.render_anew(control.template_name, control.context)


forget_controls = _kept.cache_clear


def _is_typed_in(widget: dict[str, Any]) -> bool:
    """Of choices the value is a list. What a member typed, and the secret of one form, are not kept in memory."""
    return bool(widget.get("value")) and not isinstance(widget["value"], list)


def _values_of(part: Any) -> Hashable:
    """Equal of parts that look the same, and only of those: 1 is another attribute than True. Raises _NotOfValues."""
    if type(part) in (str, int, bool, float, type(None)):
        return type(part), part
    if isinstance(part, Promise):  # words that wait for a language, of which the site has one
        return str, str(part)
    if isinstance(part, dict):
        return dict, tuple((name, _values_of(value)) for name, value in part.items())
    if isinstance(part, list | tuple):
        return list, tuple(_values_of(one) for one in part)
    raise _NotOfValues
