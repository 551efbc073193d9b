from django.db import migrations


class Migration(migrations.Migration):
    """A member has one address: whoever held the mailbox of a second one would hold the account. The table is
    allauth's, so no model of ours can say it. SQLite drops such an index when a later migration of allauth makes the
    table anew; a test looks for it."""

    dependencies = [
        ("network", "0002_people"),
        ("account", "0009_emailaddress_unique_primary_email"),
    ]

    operations = [
        migrations.RunSQL(
            "CREATE UNIQUE INDEX one_address_of_member ON account_emailaddress (user_id)",
            "DROP INDEX one_address_of_member",
        ),
    ]
