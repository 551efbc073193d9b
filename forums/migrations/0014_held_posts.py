import django.db.models.deletion
import django.utils.timezone
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("forums", "0013_moving_posts"),
        ("network", "0004_mail"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="HeldPost",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("discussion", "Discussion"),
                            ("question", "Question"),
                            ("announcement", "Announcement"),
                            ("practice", "We did this"),
                        ],
                        max_length=12,
                    ),
                ),
                ("title", models.CharField(blank=True, max_length=150)),
                ("tags", models.JSONField(default=list)),
                ("practice", models.JSONField(default=dict)),
                ("source", models.TextField(blank=True)),
                (
                    "quoting",
                    models.CharField(
                        choices=[("public", "Publicly"), ("members", "To members"), ("ask", "Ask me first")],
                        default="ask",
                        max_length=7,
                    ),
                ),
                ("form_id", models.UUIDField(default=uuid.uuid4, editable=False)),
                ("submission", models.UUIDField(editable=False, null=True)),
                ("written_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "decision",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "Waiting"),
                            ("released", "Posted"),
                            ("refused", "Not posted"),
                            ("withdrawn", "Taken back"),
                        ],
                        default="",
                        max_length=9,
                    ),
                ),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                ("reason", models.CharField(blank=True, max_length=300)),
                (
                    "author",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="held_posts",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "network",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="held_posts", to="network.network"
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="network.organisation",
                    ),
                ),
                (
                    "post",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="was_held",
                        to="forums.post",
                    ),
                ),
                (
                    "reply_to",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="forums.post"
                    ),
                ),
                (
                    "theme",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="network.theme"
                    ),
                ),
                (
                    "thread",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="held_posts",
                        to="forums.thread",
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="receivedmail",
            name="held",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="forums.heldpost"
            ),
        ),
        migrations.AddIndex(
            model_name="heldpost",
            index=models.Index(fields=["network", "decision"], name="held_post_by_decision"),
        ),
        migrations.AddConstraint(
            model_name="heldpost",
            constraint=models.UniqueConstraint(
                condition=models.Q(("decision", "")), fields=("author", "submission"), name="held_post_submission_once"
            ),
        ),
    ]
