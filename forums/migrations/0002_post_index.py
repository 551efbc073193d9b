from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

# No foreign key to the posts: emptying tables in tests would need to know of it. A row without its post is never shown,
# for every search joins the posts.
MAKE = {
    "postgresql": [
        "CREATE TABLE forums_post_index (post_id bigint PRIMARY KEY, words tsvector NOT NULL)",
        "CREATE INDEX forums_post_index_words ON forums_post_index USING gin (words)",
        # The words of titles alone: an index of words does not know their weights.
        "CREATE INDEX forums_post_index_titles ON forums_post_index USING gin (ts_filter(words, '{a}')) "
        "WHERE ts_filter(words, '{a}') <> ''::tsvector",
        'CREATE TABLE forums_word (network_id bigint NOT NULL, word text COLLATE "C" NOT NULL, '
        'backwards text COLLATE "C" NOT NULL, PRIMARY KEY (network_id, word))',
        "CREATE INDEX forums_word_backwards ON forums_word (network_id, backwards)",
    ],
    "sqlite": [
        "CREATE VIRTUAL TABLE forums_post_index USING fts5 (title, words, tokenize = 'porter unicode61')",
        "CREATE TABLE forums_word (network_id integer NOT NULL, word text NOT NULL, backwards text NOT NULL, "
        "PRIMARY KEY (network_id, word)) WITHOUT ROWID",
        "CREATE INDEX forums_word_backwards ON forums_word (network_id, backwards)",
    ],
}


def make(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for statement in MAKE[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


def drop(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    schema_editor.execute("DROP TABLE forums_post_index")
    schema_editor.execute("DROP TABLE forums_word")


class Migration(migrations.Migration):
    dependencies = [("forums", "0001_initial")]

    operations = [migrations.RunPython(make, drop)]
