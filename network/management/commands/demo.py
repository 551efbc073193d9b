import time
from argparse import ArgumentParser
from datetime import datetime
from io import StringIO
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

import cms.demo
import forums.demo
import network.demo
from cms.actions.roles import ADMINISTRATORS, PUBLISHERS, give_roles


class Command(BaseCommand):
    help = "Loads the demonstration content, or what of it is missing, and moves its current event to now."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--prepare", action="store_true", help="first bring the database up to date")
        parser.add_argument(
            "--scale",
            type=int,
            default=0,
            metavar="N",
            help="a crowd too: at 10 the networks have the members that were published of them, and 100,000 posts; at "
            "100, the most, a million",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMONSTRATION:
            raise CommandError(
                "Invented people belong in a demonstration only. Set GUILDHALL_DEMONSTRATION=1 if this is one."
            )
        if options["prepare"]:
            for command in ("migrate", "set_up", "load_councils"):
                call_command(command, verbosity=0, stdout=StringIO())
        now = timezone.now()
        network.demo.load(now)
        give_roles(network.demo.member("edward"), [PUBLISHERS], by=None)
        give_roles(network.demo.member("adele"), [ADMINISTRATORS], by=None)
        cms.demo.load(now)
        cms.demo.refresh_demo(now)
        forums.demo.load(now)
        if options["scale"]:
            self.load_crowd(options["scale"], now)
        forums.demo.load_weeks(now)
        self.stdout.write(f"\nSign in at {settings.SITE_URL} with one of these addresses:\n\n")
        for nickname, what in network.demo.SIGN_INS.items():
            self.stdout.write(f"  {network.demo.address(nickname):<40} {what}")
        self.stdout.write(f"\nThe code that is mailed to them stands at {settings.SITE_URL}/development/mail/")
        self.stdout.write("The second code, which the last four are asked for, stands there too.\n")

    def load_crowd(self, scale: int, now: datetime) -> None:
        if scale < 0:
            raise CommandError("The scale is a number from 1 to 100.")
        self.stdout.write("Synthetic members ...")
        network.demo.load_crowd(scale, now)
        started = time.monotonic()
        for written, of in forums.demo.load_crowd(scale, now):
            rate = written / (time.monotonic() - started)
            self.stdout.write(f"\r  {written:>9,} of {of:,} posts, {rate:,.0f} a second", ending="")
            self.stdout.flush()
        self.stdout.write("")
