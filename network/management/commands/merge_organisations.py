"""Several organisations end in one, which succeeds them."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Q

from network.actions.organisations import merge_organisations, what_would_merge
from network.models import Organisation
from network.permissions import Refused


class Command(BaseCommand):
    help = (
        "Merges organisations into another: members and domains move, what was written stays as it is. Safe to repeat."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("old", nargs="+", help="those that end: the name in their address here, or their code")
        parser.add_argument("--into", required=True, help="the one that succeeds them, in the same way")
        parser.add_argument("--ends-on", type=date.fromisoformat, help="the first day on which they are no more")
        parser.add_argument("--dry-run", action="store_true", help="say what would happen, and do nothing")

    def handle(
        self, *args: Any, old: list[str], into: str, ends_on: date | None, dry_run: bool, **options: Any
    ) -> None:
        ending, successor = [self._named(name) for name in old], self._named(into)
        try:
            if dry_run:
                for one in what_would_merge(ending, into=successor):
                    self.stdout.write(f"{one.organisation}: {one.members} accounts, {one.domains} domains would move.")
                return
            merged = merge_organisations(ending, into=successor, by=None, ends_on=ends_on)
        except Refused as refused:
            raise CommandError(str(refused)) from refused
        self.stdout.write(
            f"{merged.organisations} organisations ended in {successor}: "
            f"{merged.members} accounts and {merged.domains} domains moved."
        )

    def _named(self, name: str) -> Organisation:
        found = Organisation.objects.filter(Q(slug=name) | Q(la_code=name.upper())).first()
        if found is None:
            raise CommandError(f"No organisation is called {name!r} in its address, nor has that code.")
        return found
