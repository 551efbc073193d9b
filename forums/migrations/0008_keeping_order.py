import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


def nothing_was_moved(apps, schema_editor):
    thread = apps.get_model("forums", "Thread")
    thread.objects.update(highest_loud_number=models.F("highest_visible_number"))


class Migration(migrations.Migration):
    dependencies = [
        ("forums", "0007_sessions"),
        ("network", "0004_mail"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ActChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("table", models.CharField(max_length=60)),
                ("row", models.BigIntegerField()),
                ("before", models.JSONField(null=True)),
                ("after", models.JSONField(null=True)),
                ("is_by_the_way", models.BooleanField(default=False)),
            ],
        ),
        migrations.CreateModel(
            name="FormerPlace",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="ModerationAct",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("hide", "Hid posts"),
                            ("restore", "Brought posts back"),
                            ("lock", "Locked the thread"),
                            ("unlock", "Unlocked the thread"),
                            ("pin", "Pinned the thread"),
                            ("unpin", "Unpinned the thread"),
                            ("move", "Moved the thread to another theme"),
                            ("merge", "Merged the thread into another"),
                            ("split", "Moved posts to a new thread"),
                            ("gather", "Moved posts to another thread"),
                        ],
                        max_length=8,
                    ),
                ),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                ("undone_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="ThreadNote",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("after_number", models.PositiveIntegerField()),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("locked", "A facilitator locked this thread"),
                            ("unlocked", "A facilitator unlocked this thread"),
                            ("themed", "A facilitator moved this thread to another theme"),
                            ("came", "A facilitator moved posts here from another thread"),
                            ("went", "A facilitator moved posts from here to another thread"),
                        ],
                        max_length=8,
                    ),
                ),
                ("at", models.DateTimeField()),
            ],
            options={
                "ordering": ["at", "pk"],
            },
        ),
        migrations.RemoveConstraint(
            model_name="thread",
            name="thread_counts_agree",
        ),
        migrations.AddField(
            model_name="post",
            name="quiet",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="thread",
            name="highest_loud_number",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="thread",
            name="merged_into",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="forums.thread"
            ),
        ),
        migrations.AddField(
            model_name="thread",
            name="pinned_until",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddIndex(
            model_name="thread",
            index=models.Index(
                condition=models.Q(("pinned_until__isnull", False)),
                fields=["network", "pinned_until"],
                name="thread_pinned",
            ),
        ),
        migrations.RunPython(nothing_was_moved, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="thread",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("visible_count__lte", models.F("highest_visible_number")),
                    ("highest_loud_number__lte", models.F("highest_visible_number")),
                    ("highest_visible_number__lte", models.F("highest_number")),
                ),
                name="thread_counts_agree",
            ),
        ),
        migrations.AddField(
            model_name="formerplace",
            name="post",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="former_places", to="forums.post"
            ),
        ),
        migrations.AddField(
            model_name="formerplace",
            name="thread",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="forums.thread"),
        ),
        migrations.AddField(
            model_name="moderationact",
            name="by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="moderationact",
            name="network",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="network.network"
            ),
        ),
        migrations.AddField(
            model_name="moderationact",
            name="thread",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="moderation_acts", to="forums.thread"
            ),
        ),
        migrations.AddField(
            model_name="moderationact",
            name="undone_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="actchange",
            name="act",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="changes", to="forums.moderationact"
            ),
        ),
        migrations.AddField(
            model_name="threadnote",
            name="act",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="notes", to="forums.moderationact"
            ),
        ),
        migrations.AddField(
            model_name="threadnote",
            name="other",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="forums.thread"
            ),
        ),
        migrations.AddField(
            model_name="threadnote",
            name="thread",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="notes", to="forums.thread"
            ),
        ),
        migrations.AddConstraint(
            model_name="formerplace",
            constraint=models.UniqueConstraint(fields=("thread", "number"), name="former_place_once"),
        ),
        migrations.AddIndex(
            model_name="moderationact",
            index=models.Index(fields=["thread", "-at"], name="act_by_thread"),
        ),
        migrations.AddConstraint(
            model_name="actchange",
            constraint=models.UniqueConstraint(fields=("act", "table", "row"), name="act_change_once"),
        ),
        migrations.AddIndex(
            model_name="threadnote",
            index=models.Index(fields=["thread", "after_number"], name="note_by_place"),
        ),
    ]
