"""HTML that is made once, for whoever comes, of values that look the same. What it is made of, down to the last
attribute, says whether it is the same; there is nothing to drop when something changes."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.utils.functional import Promise
from django.utils.safestring import SafeString


def kept_part(template_name: str, context: dict[str, Any], render: Callable[[], str]) -> str:
    """What `render` gives for this template and context, of an earlier time where there was one. Not for what somebody
    typed, nor for the secret of one form: it stays in memory. A context with a row of the database in it, of which
    nobody sees that it has changed, is rendered each time."""
    if not settings.DEBUG:
        with suppress(_NotOfValues):
            return _kept(_Part(render, (template_name, _values_of(context))))
    return render()


class _NotOfValues(Exception):
    """It is made of something that may change."""


@dataclass(frozen=True)
class _Part:
    """The like of another that is made of the same."""

    render: Callable[[], str] = field(compare=False)
    made_of: Hashable


@lru_cache(maxsize=1_000)
def _kept(part: _Part) -> str:
    return part.render()


forget_parts = _kept.cache_clear


def _values_of(part: Any) -> Hashable:
    """Equal of parts that look the same, and only of those: 1 is another attribute than True. Raises _NotOfValues."""
    if type(part) in (str, SafeString, int, bool, float, type(None)):
        return type(part), part
    if isinstance(part, Promise):  # words that wait for a language, of which the site has one
        return _values_of(str(part))
    if isinstance(part, dict):
        return dict, tuple((name, _values_of(value)) for name, value in part.items())
    if isinstance(part, list | tuple):
        return list, tuple(_values_of(one) for one in part)
    raise _NotOfValues
