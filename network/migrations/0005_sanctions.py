from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("network", "0004_mail"),
    ]

    operations = [
        migrations.AddField(
            model_name="membership",
            name="silent_reason",
            field=models.TextField(blank=True, verbose_name="why they were asked not to write"),
        ),
        migrations.AddField(
            model_name="membership",
            name="silent_until",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="membership",
            name="suspended_until",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="membershipevent",
            name="until",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="standingsuspension",
            name="until",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AlterField(
            model_name="membershipevent",
            name="kind",
            field=models.CharField(
                choices=[
                    ("asked", "Asked to join"),
                    ("question", "A facilitator asked"),
                    ("answer", "The applicant answered"),
                    ("withdrawn", "Withdrew the request"),
                    ("approved", "Approved"),
                    ("declined", "Declined"),
                    ("invited", "Came by an invitation"),
                    ("joined", "Joined"),
                    ("left", "Left"),
                    ("removed", "Removed"),
                    ("suspended", "Suspended"),
                    ("reinstated", "Let in again"),
                    ("warned", "Warned"),
                    ("silenced", "Asked not to write"),
                    ("unsilenced", "May write again"),
                    ("appointed", "Became a facilitator"),
                    ("stood_down", "Is no longer a facilitator"),
                ],
                max_length=12,
            ),
        ),
        migrations.AddConstraint(
            model_name="membership",
            constraint=models.CheckConstraint(
                condition=models.Q(("suspended_until__isnull", True), ("state", "suspended"), _connector="OR"),
                name="membership_suspended_until_its_end",
            ),
        ),
        migrations.AddConstraint(
            model_name="membership",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("silent_until__isnull", True), models.Q(("silent_reason", ""), _negated=True), _connector="OR"
                ),
                name="membership_silence_has_a_reason",
            ),
        ),
    ]
