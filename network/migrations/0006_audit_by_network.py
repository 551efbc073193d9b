from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("network", "0005_sanctions"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(fields=["network", "-id"], name="audit_by_network"),
        ),
    ]
