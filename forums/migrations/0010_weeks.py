import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("forums", "0009_sessions_mended"),
        ("network", "0004_mail"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="NetworkWeek",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("week", models.DateField()),
                ("readers", models.PositiveIntegerField(null=True)),
                ("posters", models.PositiveIntegerField()),
                ("councils", models.PositiveIntegerField()),
                ("threads", models.PositiveIntegerField()),
                ("posts", models.PositiveIntegerField()),
                ("questions", models.PositiveIntegerField()),
                ("replied", models.PositiveIntegerField()),
                ("reply_hours", models.FloatField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="ReadingWeek",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("week", models.DateField()),
            ],
        ),
        migrations.AddIndex(
            model_name="post",
            index=models.Index(fields=["written_at"], name="post_by_time"),
        ),
        migrations.AddIndex(
            model_name="thread",
            index=models.Index(
                condition=models.Q(("kind", "question"), ("locked_at", None)),
                fields=["network", "started_at"],
                name="question_by_age",
            ),
        ),
        migrations.AddIndex(
            model_name="thread",
            index=models.Index(fields=["network", "started_at"], name="thread_by_start"),
        ),
        migrations.AddField(
            model_name="networkweek",
            name="network",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="weeks", to="network.network"
            ),
        ),
        migrations.AddField(
            model_name="readingweek",
            name="member",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="readingweek",
            name="network",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="network.network"
            ),
        ),
        migrations.AddConstraint(
            model_name="networkweek",
            constraint=models.UniqueConstraint(fields=("network", "week"), name="network_week_once"),
        ),
        migrations.AddConstraint(
            model_name="readingweek",
            constraint=models.UniqueConstraint(fields=("network", "week", "member"), name="reading_week_once"),
        ),
    ]
