from typing import Any

from django.core.management.base import BaseCommand

from cms.actions.footer import set_up_footer
from cms.actions.pages import set_up_site
from cms.actions.roles import set_up_roles


class Command(BaseCommand):
    help = "Makes what every hub needs: the roles, a home page, a site at this address, the footer's pages."

    def handle(self, *args: Any, **options: Any) -> None:
        set_up_roles()
        set_up_footer(set_up_site())
