from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("forums", "0008_keeping_order"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="question",
            name="question_published_has_number",
        ),
        migrations.AddField(
            model_name="poll",
            name="former_voters",
            field=models.PositiveIntegerField(default=0, editable=False),
        ),
        migrations.AddField(
            model_name="polloption",
            name="former_votes",
            field=models.PositiveIntegerField(default=0, editable=False),
        ),
        migrations.AddField(
            model_name="room",
            name="held_version",
            field=models.PositiveBigIntegerField(default=0, editable=False),
        ),
        migrations.AlterField(
            model_name="question",
            name="state",
            field=models.CharField(
                choices=[
                    ("held", "Waiting to be published"),
                    ("waiting", "Waiting"),
                    ("answering", "Being answered"),
                    ("answered", "Answered live"),
                    ("written", "Answered in writing"),
                    ("parked", "Parked"),
                    ("merged", "Merged"),
                    ("refused", "Not published"),
                    ("withdrawn", "Taken back"),
                ],
                default="waiting",
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="questionstep",
            name="state",
            field=models.CharField(
                choices=[
                    ("held", "Waiting to be published"),
                    ("waiting", "Waiting"),
                    ("answering", "Being answered"),
                    ("answered", "Answered live"),
                    ("written", "Answered in writing"),
                    ("parked", "Parked"),
                    ("merged", "Merged"),
                    ("refused", "Not published"),
                    ("withdrawn", "Taken back"),
                ],
                max_length=10,
            ),
        ),
        migrations.AddConstraint(
            model_name="question",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("number__isnull", False), ("state__in", ["held", "refused", "withdrawn"]), _connector="OR"
                ),
                name="question_published_has_number",
            ),
        ),
    ]
