"""Loads the council register that stands beside this command, or another with the same columns."""

from __future__ import annotations

import csv
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from network.actions.organisations import load_register

REGISTER = Path(__file__).resolve().parent.parent / "data" / "councils.csv"


class Command(BaseCommand):
    help = "Loads the register of councils. Safe to run again: confirmed domains are never touched."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", nargs="?", type=Path, default=REGISTER, help="a CSV file with the same columns")

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        try:
            with file.open(newline="", encoding="utf-8") as lines:
                loaded = load_register(csv.DictReader(lines))
        except OSError as error:
            raise CommandError(f"The register cannot be read: {error}") from error
        except KeyError as error:
            raise CommandError(f"The register has no column {error}.") from error
        except ValueError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{loaded.councils} councils: {loaded.new_councils} new, and {loaded.new_domains} new domains to confirm."
        )
