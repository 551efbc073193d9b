"""What only facilitators may do asks them for a second factor in this session. A view is followed through the functions
that it names, down to the verbs, and what those ask permission of; administrators' pages are kept by the middleware."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from types import CodeType, FunctionType, ModuleType
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from network.middleware import SecondFactorMiddleware
from network.permissions import can_facilitate
from network.views import ask_for_second_factor, networks

PACKAGES = ("network", "forums", "cms")


def _is_ours(thing: Any) -> bool:
    return (getattr(thing, "__module__", None) or "").partition(".")[0] in PACKAGES


def _names(code: CodeType) -> set[str]:
    inner = [_names(constant) for constant in code.co_consts if isinstance(constant, CodeType)]
    return set(code.co_names).union(*inner)


def _functions_of(thing: Any) -> Iterator[FunctionType]:
    """Those that a thing is or holds: a decorated view, a class, a row of a table of verbs."""
    if inspect.isfunction(thing):
        while True:
            yield thing
            if not hasattr(thing, "__wrapped__"):
                return
            thing = thing.__wrapped__
    elif inspect.isclass(thing) and _is_ours(thing):
        yield from (function for function in vars(thing).values() if inspect.isfunction(function))
    elif is_dataclass(thing) and _is_ours(type(thing)):
        for field in fields(thing):
            yield from _functions_of(getattr(thing, field.name))


def reached(*start: Any) -> set[FunctionType]:
    """All functions of ours that these come to by the names in them."""
    waiting = [function for thing in start for function in _functions_of(thing)]
    found: set[FunctionType] = set()
    while waiting:
        function = waiting.pop()
        if function in found or not _is_ours(function):
            continue
        found.add(function)
        names = _names(function.__code__)
        named = [function.__globals__[name] for name in names & function.__globals__.keys()]
        # Of a module, such as `verbs`, only what is named with it.
        named += [
            vars(module)[name]
            for module in named
            if isinstance(module, ModuleType)
            for name in names & vars(module).keys()
        ]
        waiting += [one for thing in named for one in _functions_of(thing)]
    return found


@cache
def is_verb_of_facilitators(function: FunctionType) -> bool:
    return ".actions." in function.__module__ and can_facilitate in reached(function)


def views(resolver: URLResolver | None = None, before: str = "") -> Iterator[tuple[str, Callable[..., Any]]]:
    for entry in (resolver or get_resolver()).url_patterns:
        route = before + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from views(entry, route)
        else:
            assert isinstance(entry, URLPattern)
            yield route, getattr(entry.callback, "view_class", entry.callback)


def lacks_second_factor(view: Any) -> bool:
    found = reached(view)
    return ask_for_second_factor not in found and any(map(is_verb_of_facilitators, found))


def test_every_view_that_ends_in_a_facilitators_verb_asks_for_it() -> None:
    kept_by_middleware = tuple(address.lstrip("/") for address in SecondFactorMiddleware.ADDRESSES)
    bare = [route for route, view in views() if not route.startswith(kept_by_middleware) and lacks_second_factor(view)]

    assert bare == []


def test_it_is_noticed_where_it_is_missing() -> None:
    """Each of these without what stands before it; the second reaches its verb by a table."""
    ends_there = [route for route, view in views() if any(map(is_verb_of_facilitators, reached(view)))]

    assert lacks_second_factor(inspect.unwrap(networks.settings))
    assert lacks_second_factor(inspect.unwrap(networks.approve))
    assert not lacks_second_factor(inspect.unwrap(networks.join))
    assert len(ends_there) >= 18
