from django.db import migrations, models

import gallery.logs


class Migration(migrations.Migration):
    dependencies = [("gallery", "0007_budgets")]

    operations = [
        migrations.AlterField(
            model_name="generation",
            name="request_id",
            field=models.CharField(
                blank=True, default=gallery.logs.current_request_id, max_length=64, verbose_name="request id"
            ),
        ),
    ]
