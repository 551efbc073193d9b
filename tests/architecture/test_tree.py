"""The tree as a newcomer clones it: nothing of anybody's machine is in it, and nothing that was built."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# Somebody's folders; addresses of a package registry; and where a lock file would keep them.
OF_A_MACHINE = re.compile(
    r"""(^|[\s"'`=:(])/(root|home|Users|work)/[\w.]"""
    r"""|(registry\.npmjs|pypi\.org/simple|files\.pythonhosted)"""
    r"""|--(extra-)?index-url|["']resolved["']: *["']http"""
)


def tracked_files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def test_nothing_in_the_tree_is_of_one_machine() -> None:
    found = []
    for path in tracked_files():
        if path == Path(__file__).resolve():
            continue
        try:
            lines = path.read_text().splitlines()
        except UnicodeDecodeError:
            continue  # a picture or a font
        found += [
            f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
            for number, line in enumerate(lines, 1)
            if OF_A_MACHINE.search(line)
        ]
    assert found == []


@pytest.mark.parametrize("folder", [".venv", "var", "node_modules", "guildhall.egg-info"])
def test_what_is_built_is_not_in_the_tree(folder: str) -> None:
    assert [path for path in tracked_files() if path.is_relative_to(ROOT / folder)] == []


def test_every_dependency_is_pinned_to_one_version() -> None:
    pins = (ROOT / "deploy" / "constraints.txt").read_text().splitlines()
    assert [line for line in pins if not re.fullmatch(r"[A-Za-z0-9._-]+==\d[\w.]*", line)] == []

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [
        *project["dependencies"],
        *(line for extra in project["optional-dependencies"].values() for line in extra),
    ]
    pinned = {canonical(line.partition("==")[0]) for line in pins}
    assert [line for line in wanted if canonical(re.split(r"[\[<>=~! ]", line)[0]) not in pinned] == []


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
