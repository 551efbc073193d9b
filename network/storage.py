"""How files are kept: static ones once they are collected, and those that only some may see."""

from django.conf import settings
from django.core.files.storage import FileSystemStorage
from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedStaticFiles(CompressedManifestStaticFilesStorage):
    """Every file under a name made of what is in it, and so kept by browsers for ever; the names that modules import
    from each other too, for a new module beside an old one would break the page."""

    support_js_module_import_aggregation = True


def portraits() -> FileSystemStorage:
    """Pictures of members. They have no address: a view that asks `visible_to` serves them."""
    return FileSystemStorage(location=settings.PRIVATE_ROOT / "portraits", base_url=None)


def exports() -> FileSystemStorage:
    """What members take along, until they have, each under a random name."""
    return FileSystemStorage(location=settings.PRIVATE_ROOT / "exports", base_url=None)
