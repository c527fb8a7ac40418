"""How each of the two databases finds words and says which rows have them best.

SQLite keeps an FTS5 table beside the entries, PostgreSQL a column of its own; migration 0002 makes them, and keeps
them in step by triggers and by the column's definition. Folded words are letters and digits only (words.py), so
nothing within the quotes here can end them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connections, transaction
from django.db.models import BooleanField, FloatField, Lookup, TextField
from django.db.models.expressions import RawSQL

from mageos_portal.words import Question, Term

# The configuration "simple" takes words as they are: texts here are in several languages.
POSTGRESQL_MATCH = '"mageos_portal_searchentry"."words" @@ to_tsquery(\'simple\', %s)'
POSTGRESQL_RANK = 'ts_rank("mageos_portal_searchentry"."words", to_tsquery(\'simple\', %s))'


class IndexedWords(TextField):  # type: ignore[type-arg] # cannot be subscripted when it runs
    """The hidden column of an FTS5 table that stands for all its columns."""


@IndexedWords.register_lookup
class Match(Lookup):
    """FTS5's own operator."""

    lookup_name = "match"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        column, column_parameters = self.process_lhs(compiler, connection)
        value, value_parameters = self.process_rhs(compiler, connection)
        return f"{column} MATCH {value}", (*column_parameters, *value_parameters)


@contextmanager
def through_the_index(using: str) -> Iterator[None]:
    """Have PostgreSQL find rows by their index, however many have the words.

    It takes reading all rows for cheaper, as it does not count what it costs to fetch long columns stored apart: of
    10,000 texts of 20 kB, 110 ms instead of 9.
    """
    if connections[using].vendor == "sqlite":
        yield
        return
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        yield


def postgresql_match(question: Question) -> RawSQL:
    return RawSQL(POSTGRESQL_MATCH, [as_tsquery(question)], BooleanField())  # noqa: S611 - a parameter


def postgresql_rank(question: Question) -> RawSQL:
    return RawSQL(POSTGRESQL_RANK, [as_tsquery(question)], FloatField())  # noqa: S611 - a parameter


def as_fts5(question: Question) -> str:
    """Write a question as SQLite's FTS5 reads it."""
    return " OR ".join(f"({_fts5_all(terms)})" for terms in question.alternatives)


def _fts5_all(terms: tuple[Term, ...]) -> str:
    sought = " AND ".join(_fts5(term) for term in terms if not term.is_excluded)
    return "".join([f"({sought})", *(f" NOT {_fts5(term)}" for term in terms if term.is_excluded)])


def _fts5(term: Term) -> str:
    return '"' + " ".join(term.words) + '"' + ("*" if term.is_begun else "")


def as_tsquery(question: Question) -> str:
    """Write a question as PostgreSQL's to_tsquery reads it."""
    return " | ".join("(" + " & ".join(map(_tsquery, terms)) + ")" for terms in question.alternatives)


def _tsquery(term: Term) -> str:
    words = " <-> ".join(f"'{word}'" for word in term.words)
    return f"{'!' * term.is_excluded}({words}{':*' * term.is_begun})"
