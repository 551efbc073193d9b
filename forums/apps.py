from django.apps import AppConfig


class ForumsConfig(AppConfig):
    name = "forums"

    def ready(self) -> None:
        from forums import digest, export, notifications, post_mail, receivers, tasks  # noqa: F401  (they register themselves)
