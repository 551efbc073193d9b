import uuid

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def name_each(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    Case = apps.get_model("forums", "Case")
    cases = []
    for case in Case.objects.only("pk").iterator():
        case.told_as = uuid.uuid4()
        cases.append(case)
    Case.objects.bulk_update(cases, ["told_as"], batch_size=500)


class Migration(migrations.Migration):
    dependencies = [("forums", "0021_read_to_by_member")]

    operations = [
        migrations.AddField("case", "told_as", models.UUIDField(default=uuid.uuid4, editable=False, null=True)),
        migrations.RunPython(name_each, migrations.RunPython.noop),
        migrations.AlterField("case", "told_as", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
    ]
