import django.db.models.deletion
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def move_links(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """To the event's room, unless whoever runs that has noted a recording; where there is no room, to a row."""
    EventPage = apps.get_model("cms", "EventPage")
    EventRecording = apps.get_model("cms", "EventRecording")
    Room = apps.get_model("forums", "Room")
    EventRoom = apps.get_model("cms", "EventRoom")
    for pk, link in EventPage.objects.exclude(recording_link="").values_list("pk", "recording_link"):
        room = EventRoom.objects.filter(page=pk).values_list("room", flat=True).first()
        if room is None:
            EventRecording.objects.create(page_id=pk, link=link)
        else:
            Room.objects.filter(pk=room, recording_link="").update(recording_link=link)
    # PostgreSQL alters no table whose rows it has yet to look at.
    schema_editor.connection.check_constraints()


def move_back(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    EventPage = apps.get_model("cms", "EventPage")
    for page, link in apps.get_model("cms", "EventRecording").objects.values_list("page", "link"):
        EventPage.objects.filter(pk=page).update(recording_link=link)
    schema_editor.connection.check_constraints()


class Migration(migrations.Migration):
    dependencies = [
        ("cms", "0004_session_record"),
        ("forums", "0009_sessions_mended"),
    ]

    operations = [
        migrations.AddField("recorditem", "left_out_at", models.DateTimeField(null=True)),
        migrations.CreateModel(
            name="EventRecording",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("link", models.URLField(max_length=500)),
                (
                    "page",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="recording", to="cms.eventpage"
                    ),
                ),
            ],
        ),
        migrations.RunPython(move_links, move_back),
        migrations.RemoveField("eventpage", "recording_link"),
    ]
