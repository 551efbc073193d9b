from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("network", "0006_audit_by_network"),
    ]

    operations = [
        migrations.AddField(
            model_name="network",
            name="reports_to_hide",
            field=models.PositiveSmallIntegerField(default=3, verbose_name="reports that hide something"),
        ),
        migrations.AddConstraint(
            model_name="network",
            constraint=models.CheckConstraint(
                condition=models.Q(("reports_to_hide", 1), _negated=True), name="network_hidden_by_several"
            ),
        ),
    ]
