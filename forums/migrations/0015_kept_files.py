import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("forums", "0014_held_posts"),
    ]

    operations = [
        migrations.AddField(
            model_name="attachment",
            name="kept_for",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="kept_files",
                to="forums.case",
            ),
        ),
    ]
