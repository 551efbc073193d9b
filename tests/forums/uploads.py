"""Files as members and others attach them, made by the tests themselves."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Mapping
from io import BytesIO
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

PDF = b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
EXE = b"MZ\x90\x00\x03" + b"\x00" * 60 + b"This program cannot be run in DOS mode."
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!DOCTYPE html><script>alert(1)</script>"
CSV = b"Council,Hours saved\nExampleshire,12\n"

TYPES = "application/vnd.openxmlformats-officedocument."
MAIN = {
    "docx": ("word/document.xml", "wordprocessingml.document"),
    "xlsx": ("xl/workbook.xml", "spreadsheetml.sheet"),
    "pptx": ("ppt/presentation.xml", "presentationml.presentation"),
}
OPEN = {"odt": "text", "ods": "spreadsheet"}
Parts = Mapping[str, bytes | str]


def zipped(parts: Parts, *, stored: tuple[str, ...] = ()) -> bytes:
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            entry = zipfile.ZipInfo(name)  # with a time of its own: made twice, the file is the same
            archive.writestr(entry, content, zipfile.ZIP_STORED if name in stored else zipfile.ZIP_DEFLATED)
    return file.getvalue()


def office(ending: str, more: Parts | None = None, *, main: str = "", without: str = "") -> bytes:
    """A file of an office program with the parts that make it one, and `more`."""
    if ending in MAIN:
        path, kind = MAIN[ending]
        parts: dict[str, bytes | str] = {
            "[Content_Types].xml": f'<Types><Override PartName="/{path}" ContentType="{TYPES}{main or kind}.main+xml"/>'
            "</Types>",
            "_rels/.rels": "<Relationships/>",
            path: "<document>Minutes</document>",
        }
    else:
        parts = {
            "mimetype": f"application/vnd.oasis.opendocument.{main or OPEN[ending]}",
            "content.xml": "<office:document-content/>",
            "META-INF/manifest.xml": "<manifest:manifest/>",
        }
    parts |= more or {}
    parts.pop(without, None)
    return zipped(parts, stored=("mimetype",))


def picture(kind: str = "PNG", size: tuple[int, int] = (60, 40), **kept: Any) -> bytes:
    file = BytesIO()
    Image.new("RGB", size, "teal").save(file, kind, **kept)
    return file.getvalue()


def pixel_bomb(width: int = 40_000, height: int = 40_000) -> bytes:
    """A PNG of a few hundred bytes that says that it is enormous."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\x00" * 10_000)) + chunk(b"IEND", b"")


def says_less(archive: bytes, size: int, says: int) -> bytes:
    """A zip of which a part says that it unpacks to less than it does."""
    return archive.replace(struct.pack("<I", size), struct.pack("<I", says))


def overlapping(archive: bytes) -> bytes:
    """A zip whose list names its largest part once more for each of ten names: all of them the same bytes."""
    end = archive.rindex(b"PK\x05\x06")
    start = struct.unpack("<I", archive[end + 16 : end + 20])[0]
    listed = archive[start:end]
    last = listed[listed.rindex(b"PK\x01\x02") :]
    name = struct.unpack("<H", last[28:30])[0]
    more = b"".join(last[:46] + b"%0*d" % (name, number) + last[46 + name :] for number in range(10))
    count = struct.unpack("<H", archive[end + 8 : end + 10])[0] + 10
    tail = struct.pack("<HHII", count, count, len(listed + more), start)
    return archive[:end] + more + archive[end : end + 8] + tail + archive[end + 20 :]


def encrypted(archive: bytes) -> bytes:
    """With the bit set that says that the parts are."""
    end = archive.rindex(b"PK\x05\x06")
    start = struct.unpack("<I", archive[end + 16 : end + 20])[0]
    changed = bytearray(archive)
    at = start
    while changed[at : at + 4] == b"PK\x01\x02":
        changed[at + 8] |= 1
        at += 46 + sum(struct.unpack("<HHH", changed[at + 28 : at + 34]))
    return bytes(changed)


def upload(name: str = "minutes.pdf", content: bytes = PDF) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)
