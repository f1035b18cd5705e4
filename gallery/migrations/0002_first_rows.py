"""What a new studio begins with: a project, the two models, their published prices."""

from datetime import UTC, datetime

from django.db import migrations

from gallery.catalog import FIRST_ENTRIES
from gallery.pricing import FIRST_PRICES, KINDS

PUBLISHED = datetime(2026, 9, 1, tzinfo=UTC)  # prices as published in autumn 2026


def add_rows(apps, schema_editor):
    apps.get_model("gallery", "Project").objects.create(name="First project")
    for position, abilities in enumerate(FIRST_ENTRIES):
        apps.get_model("gallery", "ModelEntry").objects.create(
            name=abilities["id"], label=abilities["label"], position=position, abilities=abilities
        )
    for model, prices in FIRST_PRICES.items():
        kinds = {kind: getattr(prices, kind) for kind in KINDS}
        apps.get_model("gallery", "Price").objects.create(model=model, valid_from=PUBLISHED, **kinds)


class Migration(migrations.Migration):
    dependencies = [("gallery", "0001_initial")]
    operations = [migrations.RunPython(add_rows, migrations.RunPython.noop)]
