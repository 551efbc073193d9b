import django.db.models.deletion
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def keep(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """No question was reported before."""


def forget(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """On the way back: nothing would say any more what they are about."""
    apps.get_model("forums", "Case").objects.exclude(question=None).delete()
    # PostgreSQL alters no table whose rows it has yet to look at.
    schema_editor.connection.check_constraints()


class Migration(migrations.Migration):
    dependencies = [
        ("forums", "0015_kept_files"),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="case", name="case_about_one_thing"),
        migrations.AddField(
            model_name="case",
            name="question",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="cases",
                to="forums.question",
            ),
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "open")), fields=("question",), name="case_open_once_by_question"
            ),
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("attachment", None), ("message", None), ("post", None), ("question", None)),
                    models.Q(("member", None), ("message", None), ("post", None), ("question", None)),
                    models.Q(("attachment", None), ("member", None), ("message", None), ("post", None)),
                    models.Q(("attachment", None), ("member", None), ("post", None), ("question", None)),
                    models.Q(("attachment", None), ("member", None), ("message", None), ("question", None)),
                    _connector="OR",
                ),
                name="case_about_one_thing",
            ),
        ),
        migrations.RunPython(keep, forget),
    ]
