"""The whole site's addresses. Composes all storeys; the hub's pages come last, for they catch everything else."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("forums.urls")),
    path("", include("cms.urls")),
]
