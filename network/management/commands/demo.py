from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

import cms.demo
import forums.demo
import network.demo
from cms.actions.roles import ADMINISTRATORS, PUBLISHERS, give_roles


class Command(BaseCommand):
    help = "Loads the demonstration content, or what of it is missing, and moves its current event to now."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMONSTRATION:
            raise CommandError(
                "Invented people belong in a demonstration only. Set GUILDHALL_DEMONSTRATION=1 if this is one."
            )
        now = timezone.now()
        network.demo.load(now)
        give_roles(network.demo.member("edward"), [PUBLISHERS], by=None)
        give_roles(network.demo.member("adele"), [ADMINISTRATORS], by=None)
        cms.demo.load(now)
        cms.demo.refresh_demo(now)
        forums.demo.load(now)
        self.stdout.write(f"\nSign in at {settings.SITE_URL} with one of these addresses:\n\n")
        for nickname, what in network.demo.SIGN_INS.items():
            self.stdout.write(f"  {network.demo.address(nickname):<40} {what}")
        self.stdout.write(f"\nThe code that is mailed to them stands at {settings.SITE_URL}/development/mail/")
        self.stdout.write("The second code, which the last three are asked for, stands there too.\n")
