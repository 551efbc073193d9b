from django.apps import AppConfig


class CmsConfig(AppConfig):
    name = "cms"

    def ready(self) -> None:
        from cms import receivers, tasks  # noqa: F401  (they register themselves)
