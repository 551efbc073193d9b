from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.utils.text import Truncator


def say_of_which(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Of those that lead to one thread: the one whose words are its title. Where they were erased, the one that is not
    merged, or is merged into one that the thread does not quote."""
    question = apps.get_model("forums", "Question")
    by_thread: dict[int, list] = {}
    for one in question.objects.exclude(thread=None).select_related("thread", "merged_into").order_by("pk"):
        by_thread.setdefault(one.thread_id, []).append(one)
    for quoted in by_thread.values():
        first = max(
            quoted,
            key=lambda one: (
                bool(one.body) and Truncator(" ".join(one.body.split())).chars(150) == one.thread.title,
                one.merged_into is None,
                one.merged_into is not None and one.merged_into.thread_id != one.thread_id,
            ),
        )
        question.objects.filter(pk=first.pk).update(begins_thread=True)
    # PostgreSQL alters no table whose rows it has yet to look at.
    schema_editor.connection.check_constraints()


class Migration(migrations.Migration):
    dependencies = [
        ("forums", "0017_appeals_stay"),
    ]

    operations = [
        migrations.AddField(
            model_name="question",
            name="begins_thread",
            field=models.BooleanField(default=False, editable=False),
        ),
        migrations.RunPython(say_of_which, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="question",
            constraint=models.UniqueConstraint(
                condition=models.Q(("begins_thread", True)), fields=("thread",), name="question_thread_made_of_one"
            ),
        ),
    ]
