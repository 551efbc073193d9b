from django.apps import AppConfig
from wagtail.users.apps import WagtailUsersAppConfig


class CmsConfig(AppConfig):
    name = "cms"
    default = True

    def ready(self) -> None:
        from cms import export, notifications, receivers, tasks  # noqa: F401  (they register themselves)


class HubUsersConfig(WagtailUsersAppConfig):
    """Wagtail's pages about users, made to fit: people join by signing in, so all there is to do is to give roles."""

    user_viewset = "cms.views.members.MemberViewSet"
