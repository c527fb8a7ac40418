"""The two distributions that every portal has."""

from typing import Any

from django.db import migrations

DISTRIBUTIONS = (
    ("mirror", "Magento Open Source mirror", "mirror.toml", True),
    ("packages", "Packages beyond Magento Open Source", "packages.toml", False),
)
NOTICE = "Experimental: please tell us what does not work before you rely on it."


def add(apps: Any, _: Any) -> None:
    distribution = apps.get_model("mirror", "Distribution")
    for slug, title, recipe, is_default in DISTRIBUTIONS:
        distribution.objects.get_or_create(
            slug=slug,
            defaults={
                "title": title,
                "notice": NOTICE,
                "recipe": recipe,
                "is_default": is_default,
            },
        )


class Migration(migrations.Migration):
    dependencies = (("mirror", "0001_initial"),)
    operations = (migrations.RunPython(add, migrations.RunPython.noop),)
