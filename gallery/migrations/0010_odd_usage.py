from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("gallery", "0009_usage_days")]
    operations = [
        migrations.AddField(
            model_name="call",
            name="usage_flags",
            field=models.JSONField(default=list, verbose_name="what is odd in its usage"),
        ),
    ]
