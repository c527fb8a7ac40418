"""What the docs hub keeps about people: who had documents synced, and who signed an update."""

from docs_hub.models import CheckedLink, OfferedLink, Run
from mageos_portal.registry import PersonalRecords, personal_records


def register() -> None:
    stays = "It stays with what it describes; when the account is erased, a pseudonym takes the place of the name."
    personal_records.register(
        PersonalRecords(
            "docs_hub.run",
            "Syncs of documents that you started",
            stays,
            order=70,
            of=lambda user: Run.objects.filter(actor=user.get_username()),
            fields=("pk", "started_at"),
            names=("actor",),
        )
    )
    personal_records.register(
        PersonalRecords(
            "docs_hub.offeredlink",
            "Links from updates that you decided about",
            stays,
            order=72,
            of=lambda user: OfferedLink.objects.filter(decided_by=user.get_username()),
            fields=("url", "state", "decided_at"),
            names=("decided_by",),
        )
    )
    personal_records.register(
        PersonalRecords(
            "docs_hub.checkedlink",
            "Dead links that you noted as seen",
            stays,
            order=73,
            of=lambda user: CheckedLink.objects.filter(seen_by=user.get_username()),
            fields=("address", "failing_since"),
            names=("seen_by",),
        )
    )
    public = (
        "As long as the update is published: the names under it are as its authors signed it, in the website's own "
        "repository or by staff. They are not connected to accounts, so they are in no copy; ask us to change them."
    )
    personal_records.register(PersonalRecords("docs_hub.update", "Names under weekly updates", public, order=71))
