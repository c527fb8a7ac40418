"""What the site's search finds: one row for each thing that an app hands over (finding.py)."""

from datetime import date, datetime
from typing import ClassVar, Self

from django.db import connections, models
from django.db.models import Count, F, Q

from mageos_portal import full_text
from mageos_portal.audience import Audience, Visibility
from mageos_portal.words import Question

LONGEST_TITLE = 300
LONGEST_KEY = 200
LONGEST_KIND = 50
LONGEST_ADDRESS = 1000
LONGEST_TEAM = 50


class SearchEntryQuerySet(models.QuerySet["SearchEntry"]):
    def visible_to(self, audience: Audience, at: datetime) -> Self:
        """Give what somebody may see at that time."""
        return self.filter(audience.visible(), Q(appears_at=None) | Q(appears_at__lte=at))

    def matching(self, question: Question) -> Self:
        """Give what answers a question, the best first; on both databases the same, in an order of their own."""
        if not question.alternatives:
            return self.none()
        if connections[self.db].vendor == "sqlite":
            found, rank = self.filter(index__everything__match=full_text.as_fts5(question)), F("index__rank").asc()
        else:
            found = self.filter(full_text.postgresql_match(question))
            rank = full_text.postgresql_rank(question).desc()
        return found.order_by(rank, F("day").desc(nulls_last=True), "pk")

    def of_kind(self, kind: str) -> Self:
        """Give those of a kind; without one, all."""
        return self.filter(kind=kind) if kind else self

    def light(self) -> Self:
        """Leave in the database what nobody reads."""
        return self.defer("title_words", "text_words")

    def counts_by_kind(self) -> dict[str, int]:
        """Say how many there are of each kind, the most frequent first."""
        counted = self.order_by().values_list("kind").annotate(number=Count("pk"))
        return dict(counted.order_by("-number", "kind"))


class SearchEntry(models.Model):
    """One thing that can be found.

    On SQLite, a later migration that alters the table makes it anew and so loses the triggers that keep its index in
    step: it has to make them again (migration 0002).
    """

    source = models.CharField(max_length=80)
    key = models.CharField(max_length=LONGEST_KEY)
    kind = models.CharField(max_length=LONGEST_KIND)
    title = models.CharField(max_length=LONGEST_TITLE)
    url = models.CharField(max_length=LONGEST_ADDRESS)  # path on this site
    day: "models.DateField[date | None, date | None]" = models.DateField(null=True)
    visibility = models.CharField(max_length=10, choices=Visibility)
    team = models.CharField(max_length=LONGEST_TEAM)
    appears_at: "models.DateTimeField[datetime | None, datetime | None]" = models.DateTimeField(null=True)
    changed_at = models.DateTimeField()
    digest = models.CharField(max_length=32)  # of all that was handed over
    title_words = models.TextField()  # folded, with spaces between them: what is searched
    text = models.TextField()  # what snippets are cut from
    text_words = models.TextField()

    objects = SearchEntryQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["source", "key"], name="mageos_portal_found_once"),
        ]
        default_permissions: ClassVar = []
        verbose_name_plural = "search entries"

    def __str__(self) -> str:
        return self.title


class SearchIndex(models.Model):
    """SQLite's FTS5 table, which holds the words of the entries; PostgreSQL has none."""

    entry = models.OneToOneField(
        SearchEntry, models.DO_NOTHING, primary_key=True, db_column="rowid", related_name="index"
    )
    everything = full_text.IndexedWords(db_column="mageos_portal_searchindex")  # named as the table, as FTS5 wants it
    rank = models.FloatField()  # the lower the better

    class Meta:
        managed = False
        default_permissions: ClassVar = []
        db_table = "mageos_portal_searchindex"

    def __str__(self) -> str:
        return f"words of {self.entry_id}"
