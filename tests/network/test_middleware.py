import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from tests.cast import Cast


def test_no_cache_keeps_what_a_member_saw(cast: Cast) -> None:
    client = Client()
    client.force_login(cast.bob)

    assert client.get("/networks/")["Cache-Control"] == "private, no-store"


def test_what_everybody_may_see_may_be_kept(cast: Cast) -> None:
    assert "Cache-Control" not in Client().get("/networks/")


@pytest.mark.parametrize("address", ["/search/?q=%00", "/%00/"])
def test_an_address_with_a_nul_is_refused_before_any_view(db: None, address: str) -> None:
    assert Client().get(address).status_code == 400


def test_the_folder_of_the_site_is_nobody_elses(tmp_path: Path) -> None:

    var = tmp_path / "var"
    subprocess.run(
        [sys.executable, "-c", "import network.settings"],
        cwd=settings.BASE_DIR,
        env=os.environ | {"GUILDHALL_VAR": str(var)},
        check=True,
    )

    assert var.stat().st_mode & 0o077 == 0
