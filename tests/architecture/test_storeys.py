"""What import-linter cannot see: keys between tables, rooms of a package, and where reads begin."""

from __future__ import annotations

import ast
import gc
from functools import cache
from pathlib import Path

import pytest
from django.apps import apps
from django.db import models

ROOT = Path(__file__).resolve().parents[2]
STOREYS = ["network", "forums", "cms"]  # from the ground up

ROOMS = {
    *("models", "actions", "views", "templatetags", "management", "migrations", "static"),
    *("permissions", "limits", "realtime", "notifications", "search", "signals", "receivers", "forms"),
    "export",
    *("consumers", "feeds", "urls", "routing", "tasks", "demo", "apps", "__init__"),
}
OWN_ROOMS = {
    # The roof composes the site; the adapter is allauth's word for what it asks the site; sessions are Django's word;
    # what every open socket needs; how a mail leaves; whether the site is well; addresses and HTML worked
    # out once; numbers as they are typed.
    "network": {
        *("settings", "asgi", "middleware", "checks", "storage", "adapters", "sessions", "spreadsheet", "logs"),
        *("live", "delivery", "health", "places", "kept", "numbers"),
    },
    # The live engine; how members' words become HTML; which files are taken, and who looks for malware in them; what is
    # mailed of posts at once, and in the digest; what comes back as an answer, and to which address; which words in a
    # live room wait for its host; what waits for facilitators; what in a text its writer is warned of.
    "forums": {
        *("live", "markup", "files", "scanner", "post_mail", "digest", "letters", "reply_address", "held_words"),
        *("worklist", "care"),
    },
    "cms": {"wagtail_hooks"},
}


def models_of(storey: str) -> list[type[models.Model]]:
    return list(apps.get_app_config(storey).get_models())


@pytest.mark.parametrize("storey", STOREYS)
def test_no_foreign_key_points_up(storey: str) -> None:
    above = set(STOREYS[STOREYS.index(storey) + 1 :])
    if storey != "cms":
        above |= {config.label for config in apps.get_app_configs() if config.name.startswith("wagtail")}
    upward = [
        f"{model.__name__}.{field.name} -> {field.related_model}"
        for model in models_of(storey)
        for field in [*model._meta.fields, *model._meta.many_to_many]
        if isinstance(field.related_model, type) and field.related_model._meta.app_label in above
    ]
    assert upward == []


@pytest.mark.parametrize("storey", STOREYS)
def test_a_package_holds_its_rooms_and_nothing_else(storey: str) -> None:
    allowed = ROOMS | OWN_ROOMS[storey]
    found = {path.stem for path in (ROOT / storey).iterdir() if path.name != "__pycache__"}
    assert found - allowed == set()


@pytest.mark.parametrize("storey", STOREYS)
def test_a_file_of_models_or_verbs_is_a_noun_and_no_drawer(storey: str) -> None:
    drawers = {"utils", "helpers", "common", "misc", "core", "base", "tools", "lib"}
    assert [path for path in (ROOT / storey).rglob("*.py") if path.stem in drawers] == []


# Tables that no reader reaches: their rows are the site's own, or say nothing without what carries them.
NOBODY_READS = {
    *("network.DueJob", "network.Worker", "network.Tag", "network.MailLedger", "network.StandingSanction"),
    "forums.StandingRoomSanction",
    # Reached through the one thing that each belongs to.
    *("network.IntakeRow", "network.ThemeAlias", "forums.FormerPlace", "forums.ActChange"),
}


@pytest.mark.parametrize("storey", STOREYS)
def test_every_table_says_who_may_see_its_rows(storey: str) -> None:
    mute = [
        model._meta.label
        for model in models_of(storey)
        if model._meta.label not in NOBODY_READS
        and not model._meta.auto_created
        and not hasattr(model._default_manager, "visible_to")
    ]
    assert mute == []


@cache
def tree_of(path: Path) -> ast.Module:
    """Looking for rings in between may end a thread or an object that runs Python of its own; the parser of Python 3.11
    then loses count of how deep it is, and gives up."""
    looked = gc.isenabled()
    gc.disable()
    try:
        return ast.parse(path.read_text())
    finally:
        if looked:
            gc.enable()


@cache
def verbs() -> list[tuple[str, ast.FunctionDef]]:
    found = []
    for storey in STOREYS:
        for path in sorted((ROOT / storey / "actions").glob("*.py")):
            for node in tree_of(path).body:
                if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                    found.append((f"{storey}.actions.{path.stem}.{node.name}", node))
    return found


def lines_calling(verb: ast.FunctionDef, *names: str) -> list[int]:
    return [
        node.lineno
        for node in ast.walk(verb)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in names
    ]


@pytest.mark.parametrize(("name", "verb"), [pytest.param(name, verb, id=name) for name, verb in verbs()])
def test_a_verb_of_a_member_asks_then_counts_then_writes(name: str, verb: ast.FunctionDef) -> None:
    if "by" not in {argument.arg for argument in verb.args.args + verb.args.kwonlyargs}:
        return
    if "Part of a verb" in " ".join((ast.get_docstring(verb) or "").split()):
        return
    asks = lines_calling(verb, "enforce")
    counts = lines_calling(verb, "spend")
    writes = lines_calling(verb, "atomic", "create", "update", "save", "delete", "bulk_create")
    if not asks and not counts and not writes:
        return  # hands on to one function that does all three, as the two ways to lock do
    assert asks and counts, f"{name} writes for a member without asking or counting"
    assert asks[0] < counts[0]
    assert not writes or counts[0] < writes[0]


@pytest.mark.parametrize("storey", STOREYS)
def test_who_writes_is_always_written(storey: str) -> None:
    """Nobody becomes the site itself by forgetting a word: where `by` may be None, the caller writes so."""
    forgetful = []
    for name, verb in verbs():
        positional = [*verb.args.posonlyargs, *verb.args.args]
        with_default = positional[len(positional) - len(verb.args.defaults) :]
        by_name = zip(verb.args.kwonlyargs, verb.args.kw_defaults, strict=True)
        with_default += [argument for argument, default in by_name if default is not None]
        if name.startswith(f"{storey}.") and "by" in {argument.arg for argument in with_default}:
            forgetful.append(name)
    assert forgetful == []


def test_the_live_engine_knows_no_http() -> None:
    """import-linter cannot forbid a part of Django."""
    imported = {
        f"{path.name}: {node.module}"
        for path in [*(ROOT / "forums" / "live").glob("*.py"), *(ROOT / "network" / "live").glob("*.py")]
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.ImportFrom)
        and (node.module or "").startswith(("django.http", "django.views", "django.shortcuts"))
    }
    assert imported == set()
