"""What the vocabulary of some networks has near to a word, whether or not a search finds anything."""

from __future__ import annotations

from django.db import connection

from forums.search.index import Vocabulary, places


def near_words(typed: list[str], networks: list[int]) -> dict[str, list[str]]:
    vocabulary = Vocabulary.beside(typed)
    listed = networks if connection.vendor == "postgresql" else str(networks)
    values = {"networks": listed, "places": places(networks), **vocabulary.values(networks)}
    with connection.cursor() as cursor:
        cursor.execute(f"WITH unfound AS (SELECT 1) {vocabulary.sql}", values)  # SQL of ours
        return vocabulary.near(cursor.fetchall())
