from typing import Any

from django.core.management.base import BaseCommand

from cms.actions.pages import set_up_site
from cms.actions.roles import set_up_roles


class Command(BaseCommand):
    help = "Makes what every hub needs: the roles, a home page, and a site at this installation's address."

    def handle(self, *args: Any, **options: Any) -> None:
        set_up_roles()
        set_up_site()
