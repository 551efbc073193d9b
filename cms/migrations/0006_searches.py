import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("cms", "0005_one_recording"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="FruitlessSearch",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("mark", models.CharField(max_length=64, unique=True)),
                ("words", models.CharField(blank=True, max_length=60)),
            ],
        ),
        migrations.CreateModel(
            name="FruitlessAsker",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("mark", models.CharField(max_length=64)),
                ("day", models.DateField()),
                (
                    "search",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="askers", to="cms.fruitlesssearch"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["day"], name="fruitless_asker_by_day")],
                "constraints": [models.UniqueConstraint(fields=("search", "mark"), name="fruitless_asker_once")],
            },
        ),
        migrations.CreateModel(
            name="SavedSearch",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=200)),
                ("query", models.CharField(max_length=2000)),
                ("saved_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("is_followed", models.BooleanField(default=False)),
                ("looked_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("last_post", models.PositiveBigIntegerField(default=0)),
                (
                    "member",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="saved_searches",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("is_followed", True)), fields=["looked_at"], name="search_to_look_for"
                    )
                ],
                "constraints": [models.UniqueConstraint(fields=("member", "query"), name="saved_search_once")],
            },
        ),
    ]
