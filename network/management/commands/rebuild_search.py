"""All that can be searched is indexed anew."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand

from forums.search.index import rebuild


class Command(BaseCommand):
    help = (
        "Indexes anew what members wrote and, by Wagtail's update_index, the pages. Safe while people write, and to "
        "repeat: what is there already is found meanwhile."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--only", choices=["posts", "pages"], help="leave the others as they are")

    def handle(self, *args: Any, only: str | None, **options: Any) -> None:
        if only != "pages":
            began, done = time.monotonic(), 0
            for done, total in rebuild():
                self.stdout.write(f"{done:,} of {total:,} posts, {time.monotonic() - began:,.0f} seconds")
            self.stdout.write(f"{done:,} posts are indexed. It took {time.monotonic() - began:,.0f} seconds.")
        if only != "posts":
            began = time.monotonic()
            call_command("update_index", verbosity=options["verbosity"], stdout=self.stdout)
            self.stdout.write(f"The pages are indexed. It took {time.monotonic() - began:,.0f} seconds.")
