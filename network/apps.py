from django.apps import AppConfig


class NetworkConfig(AppConfig):
    name = "network"

    def ready(self) -> None:
        from network import checks, export, notifications, receivers, tasks  # noqa: F401  (they register themselves)
