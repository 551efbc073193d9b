"""What the vocabulary of some networks has near to a word, whether or not a search finds anything."""

from __future__ import annotations

from django.db import connection

from forums.search.index import Vocabulary, places


def near_words(typed: list[str], networks: list[int]) -> dict[str, list[str]]:
    vocabulary = Vocabulary.beside(typed)
    is_postgresql = connection.vendor == "postgresql"
    listed = networks if is_postgresql else str(networks)
    values = {"networks": listed, "places": places(networks), **vocabulary.values(networks)}
    beside = "typed AS (SELECT %(places)s::tsquery AS place, 'of/0'::tsquery AS recent), " if is_postgresql else ""
    with connection.cursor() as cursor:
        cursor.execute(f"WITH {beside}unfound AS (SELECT 1) {vocabulary.sql}", values)  # SQL of ours
        return vocabulary.near(cursor.fetchall())
