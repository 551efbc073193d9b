import json
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_collected_files_have_hashed_names_even_where_modules_import_each_other(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "collectstatic", "--noinput", "-i", "wagtail*"],
        cwd=ROOT,
        env=os.environ | {"GUILDHALL_VAR": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr

    names = json.loads((tmp_path / "static" / "staticfiles.json").read_text())["paths"]
    room = (tmp_path / "static" / names["forums/room.js"]).read_text()
    imported = re.findall(r'from "\./(live/\w+\.[^"]*js)"', room)
    assert imported
    assert {f"forums/{name}" for name in imported} <= set(names.values())
