"""Documents and pictures of the hub: served by the site itself, and only those that the reader may have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.images import ImageFile
from django.test import Client
from wagtail.documents.models import Document
from wagtail.images.models import Image
from wagtail.images.tests.utils import get_test_image_file
from wagtail.models import Collection, CollectionViewRestriction

from tests.cast import Cast, sign_in
from tests.cms.hub import Hub


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


def document(name: str, collection: Collection | None = None) -> Document:
    more = {"collection": collection} if collection else {}
    return Document.objects.create(title=name, file=ContentFile(b"words", name=name), **more)


def test_a_document_is_served(hub: Hub, client: Client) -> None:
    answer = client.get(document("checklist.pdf").url)

    assert answer.status_code == 200
    assert not client.cookies


def test_a_document_of_a_closed_collection_is_served_to_those_who_may_have_it(
    hub: Hub, cast: Cast, client: Client, media: Path
) -> None:
    closed = Collection.get_first_root_node().add_child(name="Closed")
    CollectionViewRestriction.objects.create(collection=closed, restriction_type="login")
    secret = document("secret.pdf", closed)

    assert client.get(secret.url)["Location"].startswith("/account/")
    assert client.get(f"/media/{secret.file.name}").status_code == 404
    sign_in(client, cast.olga)
    assert client.get(secret.url).status_code == 200


def test_a_document_that_a_browser_would_run_is_not_taken(hub: Hub) -> None:
    with pytest.raises(ValidationError):
        Document(title="Page", file=ContentFile(b"<script>", name="page.html")).full_clean()


def test_the_original_of_a_picture_is_not_for_everybody(hub: Hub, client: Client) -> None:
    picture = Image.objects.create(title="Picture", file=ImageFile(get_test_image_file(), name="picture.png"))

    assert client.get(f"/media/{picture.file.name}").status_code == 404
    assert client.get("/media/images/../original_images/picture.png").status_code in (400, 404)


def test_a_sized_copy_of_a_picture_is_for_everybody(hub: Hub, client: Client) -> None:
    picture = Image.objects.create(title="Picture", file=ImageFile(get_test_image_file(), name="picture.png"))

    assert client.get(picture.get_rendition("width-100").url).status_code == 200


@pytest.mark.parametrize(
    "climbing",
    [
        "../documents/secret.pdf",
        "%2e%2e/documents/secret.pdf",
        "..%2fdocuments/secret.pdf",
        "x/../../documents/secret.pdf",
        "/../documents/secret.pdf",
        "%2e%2e%2foriginal_images/picture.png",
        "../original_images/picture.png",
    ],
)
def test_no_path_of_a_picture_leads_to_other_files(climbing: str, hub: Hub, client: Client, media: Path) -> None:
    for folder, name in (("images", "x.png"), ("documents", "secret.pdf"), ("original_images", "picture.png")):
        (media / folder).mkdir(exist_ok=True)
        (media / folder / name).write_text("secret")

    assert client.get("/media/images/x.png").status_code == 200  # the folder is the one that is served from
    assert client.get(f"/media/images/{climbing}").status_code in (400, 404)
