from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from network.numbers import number_in
from tests.cast import Cast, sign_in


@pytest.mark.parametrize(("typed", "number"), [("0", 0), ("17", 17), ("9" * 15, 999_999_999_999_999)])
def test_a_number_is_read(typed: str, number: int) -> None:
    assert number_in(typed) == number


@pytest.mark.parametrize("typed", ["", "x", "-1", "1.5", " 1", "\u0661", "\u00b2", "9" * 16, "9" * 5_000])
def test_what_is_no_number_of_ours_is_none(typed: str) -> None:
    assert number_in(typed) is None


@pytest.mark.parametrize("typed", ["9" * 5_000, "\u0661", "x"])
@pytest.mark.parametrize("side", ["after", "before"])
def test_a_page_behind_no_member_is_the_first_page(client: Client, cast: Cast, side: str, typed: str) -> None:
    sign_in(client, cast.fay)
    answer = client.get(reverse("network_members", args=[cast.ai.slug]), {side: typed})
    assert answer.status_code == 200
    assert cast.bob.name in answer.content.decode()
