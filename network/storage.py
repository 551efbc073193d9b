"""How static files are kept once they are collected."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedStaticFiles(CompressedManifestStaticFilesStorage):
    """Every file under a name made of what is in it, and so kept by browsers for ever; the names that modules import
    from each other too, for a new module beside an old one would break the page."""

    support_js_module_import_aggregation = True
