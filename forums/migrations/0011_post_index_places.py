from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

# Each row of the index says the network of its post: on PostgreSQL by a word beside the others, with the weight of
# titles where there is a title, and by another the stretch of 32,768 posts that it is of; on SQLite in a column.
TAKE_OFF = "ts_delete(words, array(SELECT lexeme FROM unnest(words) WHERE lexeme ~ '^(in|of)/'))"
MAKE = {
    "postgresql": [
        f"""
        UPDATE forums_post_index entry SET words = {TAKE_OFF} || (
            'in/' || thread.network_id || CASE WHEN ts_filter(entry.words, '{{a}}') <> '' THEN ':1A' ELSE '' END
            || ' of/' || post.id / 32768
        )::tsvector
        FROM forums_post post JOIN forums_thread thread ON thread.id = post.thread_id
        WHERE post.id = entry.post_id
        """,  # noqa: S608  # a constant of ours
    ],
    "sqlite": [
        "ALTER TABLE forums_post_index RENAME TO forums_post_index_before",
        "CREATE VIRTUAL TABLE forums_post_index USING fts5 (title, words, place, tokenize = 'porter unicode61')",
        """
        INSERT INTO forums_post_index (rowid, title, words, place)
        SELECT entry.rowid, entry.title, entry.words, 'in' || thread.network_id
        FROM forums_post_index_before entry
        JOIN forums_post post ON post.id = entry.rowid JOIN forums_thread thread ON thread.id = post.thread_id
        """,
        "DROP TABLE forums_post_index_before",
    ],
}
DROP = {
    "postgresql": [f"UPDATE forums_post_index SET words = {TAKE_OFF}"],  # noqa: S608  # a constant of ours
    "sqlite": [
        "ALTER TABLE forums_post_index RENAME TO forums_post_index_after",
        "CREATE VIRTUAL TABLE forums_post_index USING fts5 (title, words, tokenize = 'porter unicode61')",
        "INSERT INTO forums_post_index (rowid, title, words) SELECT rowid, title, words FROM forums_post_index_after",
        "DROP TABLE forums_post_index_after",
    ],
}


def make(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for statement in MAKE[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


def drop(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for statement in DROP[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("forums", "0010_weeks"), ("network", "0001_initial")]

    operations = [migrations.RunPython(make, drop)]
