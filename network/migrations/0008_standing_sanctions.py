from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("network", "0007_reports_to_hide"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="standingsuspension",
            name="standing_suspension_once",
        ),
        migrations.RenameModel(
            old_name="StandingSuspension",
            new_name="StandingSanction",
        ),
        migrations.AddField(
            model_name="standingsanction",
            name="kind",
            field=models.CharField(
                choices=[("suspended", "Suspended"), ("silenced", "Asked not to write")],
                default="suspended",
                max_length=9,
            ),
            preserve_default=False,
        ),
        migrations.AddConstraint(
            model_name="standingsanction",
            constraint=models.UniqueConstraint(
                fields=("network", "mailbox_digest", "kind"), name="standing_sanction_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="standingsanction",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "silenced"), _negated=True), ("until__isnull", False), _connector="OR"
                ),
                name="standing_silence_has_an_end",
            ),
        ),
    ]
