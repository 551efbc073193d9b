"""For a change of the encryption key: everything that any of the keys reads is encrypted with the first."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from network.actions.factors import SecretsOfAnotherKey, reencrypt_secrets


class Command(BaseCommand):
    help = "Encrypts the secrets of second factors with the first key of GUILDHALL_ENCRYPTION_KEY."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--forget-unreadable",
            action="store_true",
            help="take away the apps and recovery codes that no key reads: their members set up new ones",
        )

    def handle(self, *args: Any, forget_unreadable: bool, **options: Any) -> None:
        try:
            done, forgotten = reencrypt_secrets(forget_unreadable=forget_unreadable)
        except SecretsOfAnotherKey as problem:
            raise CommandError(str(problem)) from problem
        self.stdout.write(f"{done} encrypted with the first key, {forgotten} forgotten.")
