from __future__ import annotations

from collections.abc import Callable
from itertools import count

import pytest

from network.models import Admission, Member
from tests.cast import Cast


@pytest.fixture
def make_officers(cast: Cast) -> Callable[[int], list[Member]]:
    """More officers of the cast's council, where a test is about how many there are."""
    numbers = count()

    def make(how_many: int) -> list[Member]:
        domain = cast.council.domains.get(domain="exampleshire.example.org")
        officers = []
        for number in (next(numbers) for _ in range(how_many)):
            officer = Member.objects.create_user(
                f"officer{number}@exampleshire.example.org", name=f"Officer {number}", organisation=cast.council
            )
            Admission.objects.create(member=officer, rule=Admission.Rule.CONFIRMED_DOMAIN, domain=domain)
            officers.append(officer)
        return officers

    return make
