from typing import Any

from django.core.management.base import BaseCommand

from cms.actions.footer import retire_rules_page, set_up_footer
from cms.actions.pages import set_up_site
from cms.actions.roles import set_up_roles
from network.actions.rules import FIRST_RULES, set_up_rules


class Command(BaseCommand):
    help = "Makes what every hub needs: roles, a home page, a site at this address, footer pages, ground rules."

    def handle(self, *args: Any, **options: Any) -> None:
        set_up_roles()
        home = set_up_site()
        set_up_footer(home)
        set_up_rules(retire_rules_page(home) or FIRST_RULES)
