import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("forums", "0016_reported_questions"),
    ]

    operations = [
        migrations.AlterField(
            model_name="appeal",
            name="by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="appeals",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
    ]
