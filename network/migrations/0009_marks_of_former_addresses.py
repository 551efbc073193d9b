import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("network", "0008_standing_sanctions"),
    ]

    operations = [
        migrations.AddField(
            model_name="standingsanction",
            name="membership",
            field=models.ForeignKey(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="network.membership",
            ),
        ),
        migrations.AddField(
            model_name="standingsanction",
            name="sanction",
            field=models.UUIDField(editable=False, null=True),
        ),
    ]
