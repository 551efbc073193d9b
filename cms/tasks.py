"""Scheduled jobs of the hub."""

from __future__ import annotations

from datetime import timedelta

from django.core.management import call_command

from network.actions.jobs import scheduled


@scheduled("publish and unpublish pages whose time has come", every=timedelta(minutes=1))
def publish_scheduled_pages() -> None:
    call_command("publish_scheduled")
