import django.db.models.deletion
from django.db import migrations, models


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
    ]
