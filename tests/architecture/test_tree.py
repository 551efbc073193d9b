"""The tree as a newcomer clones it: nothing of anybody's machine is in it, and nothing that was built."""

from __future__ import annotations

import re
import subprocess
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
