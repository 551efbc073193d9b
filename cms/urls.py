"""Addresses of the hub. Wagtail's pages come last, for they catch everything else."""

from django.urls import URLPattern, URLResolver

urlpatterns: list[URLPattern | URLResolver] = []
