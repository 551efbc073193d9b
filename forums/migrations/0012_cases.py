import django.db.models.deletion
import django.utils.timezone
from django.apps.registry import Apps
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def carry_over(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """What waits of each message becomes one open case. What was settled goes: nothing says how."""
    Case = apps.get_model("forums", "Case")
    Report = apps.get_model("forums", "Report")
    Report.objects.exclude(settled_at=None).delete()
    cases = {}  # by message
    for report in Report.objects.select_related("message__room").order_by("at", "pk"):
        message = report.message
        if message.pk not in cases:
            about = {"message": message, "author_id": message.author_id, "network_id": message.room.network_id}
            cases[message.pk] = Case.objects.create(**about, opened_at=report.at)
        report.case = cases[message.pk]
        report.save(update_fields=["case"])
    # PostgreSQL alters no table whose rows it has yet to look at.
    schema_editor.connection.check_constraints()


def forget(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """On the way back: most are about what could not be reported before."""
    apps.get_model("forums", "Report").objects.all().delete()
    schema_editor.connection.check_constraints()


class Migration(migrations.Migration):
    dependencies = [
        ("forums", "0011_post_index_places"),
        ("network", "0007_reports_to_hide"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="report", name="report_once"),
        migrations.AddField(
            model_name="attachment",
            name="hidden_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.CreateModel(
            name="Case",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("address", models.CharField(blank=True, max_length=500)),
                (
                    "state",
                    models.CharField(choices=[("open", "Open"), ("decided", "Decided")], default="open", max_length=7),
                ),
                ("is_urgent", models.BooleanField(default=False)),
                ("opened_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("first_action_at", models.DateTimeField(null=True)),
                ("hidden_for_now_at", models.DateTimeField(null=True)),
                ("claimed_at", models.DateTimeField(null=True)),
                ("decided_at", models.DateTimeField(null=True)),
                (
                    "outcome",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("left", "Left as it is"),
                            ("hidden", "Hidden"),
                            ("dealt", "Dealt with in another way"),
                        ],
                        max_length=6,
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=300)),
                ("hidden_parts", models.CharField(blank=True, max_length=80)),
                (
                    "attachment",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="cases",
                        to="forums.attachment",
                    ),
                ),
                (
                    "author",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "claimed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
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
                    "member",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="cases",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "message",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="cases",
                        to="forums.message",
                    ),
                ),
                (
                    "network",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="cases",
                        to="network.network",
                    ),
                ),
                (
                    "post",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.CASCADE, related_name="cases", to="forums.post"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Appeal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("words", models.CharField(max_length=1000)),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                ("decided_at", models.DateTimeField(null=True)),
                (
                    "outcome",
                    models.CharField(
                        blank=True, choices=[("kept", "It stays hidden"), ("shown", "It is shown again")], max_length=5
                    ),
                ),
                ("answer", models.CharField(blank=True, max_length=300)),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="appeals", to=settings.AUTH_USER_MODEL
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
                    "case",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="appeal", to="forums.case"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="CaseNote",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("words", models.TextField(max_length=2000)),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="notes", to="forums.case"
                    ),
                ),
            ],
            options={
                "ordering": ["at", "pk"],
            },
        ),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(fields=["network", "state", "opened_at"], name="case_by_network"),
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "open")), fields=("post",), name="case_open_once_by_post"
            ),
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "open")), fields=("message",), name="case_open_once_by_message"
            ),
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "open")), fields=("attachment",), name="case_open_once_by_attachment"
            ),
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "open")), fields=("member",), name="case_open_once_by_member"
            ),
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("attachment", None), ("message", None), ("post", None)),
                    models.Q(("member", None), ("message", None), ("post", None)),
                    models.Q(("attachment", None), ("member", None), ("post", None)),
                    models.Q(("attachment", None), ("member", None), ("message", None)),
                    _connector="OR",
                ),
                name="case_about_one_thing",
            ),
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("decided_at", None), ("outcome", ""), ("state", "open")),
                    models.Q(
                        ("decided_at__isnull", False), ("state", "decided"), models.Q(("outcome", ""), _negated=True)
                    ),
                    _connector="OR",
                ),
                name="case_decided_with_outcome",
            ),
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("outcome", "hidden"), _negated=True),
                    models.Q(("reason", ""), _negated=True),
                    _connector="OR",
                ),
                name="case_hidden_with_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="appeal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("decided_at", None), ("outcome", "")),
                    models.Q(("decided_at__isnull", False), models.Q(("outcome", ""), _negated=True)),
                    _connector="OR",
                ),
                name="appeal_decided_with_outcome",
            ),
        ),
        migrations.AddField(
            model_name="report",
            name="case",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.CASCADE, related_name="reports", to="forums.case"
            ),
        ),
        migrations.RunPython(carry_over, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="report",
            name="case",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="reports", to="forums.case"
            ),
        ),
        migrations.RemoveField(model_name="report", name="message"),
        migrations.RemoveField(model_name="report", name="settled_at"),
        migrations.AlterField(
            model_name="report",
            name="kind",
            field=models.CharField(
                choices=[
                    ("unkind", "It is unkind or abusive"),
                    ("personal", "It tells something about a person that it should not"),
                    ("secret", "It names a supplier's prices or something else that is confidential"),
                    ("spam", "It is advertising or spam"),
                    ("unlawful", "It may be against the law"),
                    ("other", "Something else"),
                ],
                max_length=8,
            ),
        ),
        migrations.AlterField(
            model_name="report",
            name="words",
            field=models.CharField(blank=True, max_length=1000),
        ),
        migrations.AlterField(
            model_name="report",
            name="said",
            field=models.TextField(blank=True),
        ),
        migrations.AddField(
            model_name="report",
            name="reply_to_address",
            field=models.EmailField(blank=True, default="", max_length=254),
            preserve_default=False,
        ),
        migrations.AlterField(
            model_name="report",
            name="by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="reports",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AlterModelOptions(name="report", options={"ordering": ["at", "pk"]}),
        migrations.AddIndex(
            model_name="report",
            index=models.Index(fields=["by", "at"], name="report_by_member"),
        ),
        migrations.AddConstraint(
            model_name="report",
            constraint=models.UniqueConstraint(fields=("case", "by"), name="report_once"),
        ),
        migrations.RunPython(migrations.RunPython.noop, forget),
    ]
