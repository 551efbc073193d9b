from django.apps import AppConfig


class ForumsConfig(AppConfig):
    name = "forums"

    def ready(self) -> None:
        from forums import export, notifications, receivers, tasks  # noqa: F401  (they register themselves)
