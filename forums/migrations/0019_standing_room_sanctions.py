import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("forums", "0018_whose_thread"),
    ]

    operations = [
        migrations.CreateModel(
            name="StandingRoomSanction",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("mailbox_digest", models.CharField(max_length=64)),
                ("until", models.DateTimeField(blank=True, null=True)),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                ("sanction", models.UUIDField(editable=False, null=True)),
                ("kind", models.CharField(choices=[("time_out", "Time-out"), ("removed", "Removed")], max_length=8)),
                (
                    "given",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="forums.roomsanction",
                    ),
                ),
                (
                    "room",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="forums.room"),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["mailbox_digest"], name="standing_room_by_mailbox")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("room", "mailbox_digest", "kind"), name="standing_room_sanction_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", "removed"), ("until__isnull", True)),
                            models.Q(("kind", "time_out"), ("until__isnull", False)),
                            _connector="OR",
                        ),
                        name="standing_room_sanction_time_out_ends",
                    ),
                ],
            },
        ),
    ]
