from typing import Any

from django.db import migrations, models
from django.db.models import OuterRef, Subquery


def bring_the_words_to_the_askers(apps: Any, schema_editor: Any) -> None:
    looked_for = apps.get_model("cms", "FruitlessSearch").objects.filter(pk=OuterRef("search"))
    apps.get_model("cms", "FruitlessAsker").objects.update(
        mark=Subquery(looked_for.values("mark")), words=Subquery(looked_for.values("words"))
    )


class Migration(migrations.Migration):
    """One row for each who looked for something, in place of two tables: so noting it is one statement."""

    dependencies = [("cms", "0006_searches")]

    operations = [
        migrations.RemoveConstraint("FruitlessAsker", name="fruitless_asker_once"),
        migrations.RemoveIndex("FruitlessAsker", name="fruitless_asker_by_day"),
        migrations.RenameField("FruitlessAsker", old_name="mark", new_name="asker"),
        migrations.AddField(
            "FruitlessAsker", "mark", models.CharField(max_length=64, default=""), preserve_default=False
        ),
        migrations.AddField("FruitlessAsker", "words", models.CharField(blank=True, default="", max_length=60)),
        migrations.RunPython(bring_the_words_to_the_askers, migrations.RunPython.noop),
        migrations.RemoveField("FruitlessAsker", "search"),
        migrations.DeleteModel("FruitlessSearch"),
        migrations.RenameModel("FruitlessAsker", "FruitlessSearch"),
        migrations.AlterField("FruitlessSearch", "words", models.CharField(blank=True, max_length=60)),
        migrations.AddConstraint(
            "FruitlessSearch", models.UniqueConstraint(fields=("mark", "asker"), name="fruitless_search_once")
        ),
        migrations.AddIndex("FruitlessSearch", models.Index(fields=["day"], name="fruitless_search_by_day")),
    ]
