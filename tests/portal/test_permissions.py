"""Who gets what: every address and every action of the admin, asked for by every kind of visitor (permissions.md)."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import Client, override_settings
from django.urls import Resolver404

from tests.support.everything import SECRET, TOKEN, Everything
from tests.support.offers import Offer, offered_by
from tests.support.permission_table import ACTION, METHODS, VISITORS, Row, actions, address_of, addresses, line_of, rows
from tests.support.publications import BASE_URL
from tests.support.staff import a_person, enrol
from tests.support.visiting import Visits, a_visitor

pytestmark = pytest.mark.django_db  # the database is made for tests that say so, and their fixtures find it then

ADMIN, LOGIN = "/admin/", "/admin/login/"
ENROLMENT, PROOF = "/account/second-factor/", "/account/second-factor/reauthenticate/"
REFUSED = {"401", "403", "404", "405"}
OPEN = {"/admin/logout/"}  # whoever is logged in may end that


@dataclass(frozen=True, slots=True)
class Tour:
    """What a visitor got, who went everywhere."""

    visitor: str
    answers: Mapping[Row, str]
    rows: Mapping[Offer, Row]  # by what a page would offer
    pages: Mapping[str, str]  # by path

    def row_of(self, offer: Offer) -> Row | None:
        """Give the line about something that a page offers; none if it is not ours to answer."""
        if offer in self.rows:
            return self.rows[offer]
        try:
            address = address_of(offer.path)
        except Resolver404:
            return None
        found = [row for row in self.answers if (row.address, row.method, row.case) == (address, offer.method, "")]
        return found[0]


@contextmanager
def a_portal(directory: Path) -> Iterator[None]:
    """Have a portal with a directory of its own, of which nothing stays."""
    given: dict[str, Any] = {
        "PORTAL_DATA_DIR": directory / "data",
        "PORTAL_BASE_URL": BASE_URL,
        "PORTAL_GITHUB_WEBHOOK_SECRETS": (SECRET,),
        "PORTAL_METRICS_TOKEN": TOKEN,
    }
    with override_settings(**given), transaction.atomic():
        cache.clear()
        yield
        transaction.set_rollback(True)


@pytest.fixture(scope="module", params=VISITORS)
def tour(request: pytest.FixtureRequest, django_db_setup: None, django_db_blocker: Any, tmp_path_factory: Any) -> Tour:
    directory = tmp_path_factory.mktemp("portal")
    with django_db_blocker.unblock(), a_portal(directory):
        return go_everywhere(request.param, directory)


def go_everywhere(visitor: str, directory: Path) -> Tour:
    client = a_visitor(visitor)
    everything, visits = Everything(visitor, directory), Visits(client)
    table = rows()
    answers = {row: visits.answer(row.method, everything.path(row), everything.sent(row)) for row in table}
    for row in table:
        if row.address.endswith("/change/") and answers[row] == "ok":
            for path in everything.paths(row.address) - set(visits.pages):
                visits.answer("GET", path, everything.sent(row))
    offers = {_offer(row, everything.path(row)): row for row in reversed(table)}
    return Tour(visitor, answers, offers, visits.pages)


def _offer(row: Row, path: str) -> Offer:
    return Offer(row.method, path.partition("?")[0], row.case if row.case.startswith(ACTION) else "")


def test_every_address_and_every_action_has_a_line() -> None:
    known = {(row.address, row.method, row.case) for row in rows()}
    wanted = {(address, method, "") for address in addresses() for method in METHODS}
    wanted |= {(address, "POST", ACTION + name) for address, name in actions()}
    missing = [line_of(*one) for one in sorted(wanted - known)]
    assert not missing, "permissions.md lacks these lines:\n" + "\n".join(missing)


def test_every_line_is_about_an_address_or_an_action_that_there_is() -> None:
    known, acts = set(addresses()), set(actions())
    for row in rows():
        assert row.address in known, f"{row}: there is no such address; take the line out"
        name = row.case.removeprefix(ACTION)
        assert not row.case.startswith(ACTION) or (row.address, name) in acts, f"{row}: there is no such action"


def test_no_line_is_there_twice() -> None:
    said = [str(row) for row in rows()]
    assert len(said) == len(set(said))


def test_a_visitor_gets_what_the_table_says_and_what_is_refused_changes_nothing(tour: Tour) -> None:
    wrong = [
        f"{row}: {tour.visitor} gets {said}, the table says {row.answers[tour.visitor]}"
        for row, said in tour.answers.items()
        if said != row.answers[tour.visitor]
    ]
    assert not wrong, "\n".join(wrong)


def test_no_page_offers_what_its_visitor_is_refused(tour: Tour) -> None:
    wrong = []
    for path, page in tour.pages.items():
        for offer in sorted(offered_by(page, path)):
            row = tour.row_of(offer)
            if row is not None and tour.answers[row] in REFUSED:
                wrong.append(f"{path} offers {offer} to {tour.visitor}, who gets {tour.answers[row]}")
    assert not wrong, "\n".join(wrong)


def test_what_a_visitor_can_do_in_the_admin_is_offered_on_a_page(tour: Tour) -> None:
    shown = {tour.row_of(offer) for path, page in tour.pages.items() for offer in offered_by(page, path)}
    done = {offer for offer, row in tour.rows.items() if tour.answers[row] == "done" and row.address.startswith(ADMIN)}
    hidden = [str(tour.rows[offer]) for offer in sorted(done) if tour.rows[offer] not in shown]
    assert not hidden, f"{tour.visitor} can do this, but no page says so: " + ", ".join(hidden)


@pytest.mark.parametrize(("way", "has_one"), [(ENROLMENT, False), (PROOF, True)])
def test_staff_without_a_proved_second_factor_get_nothing_but_the_way_to_it(
    tmp_path: Path, way: str, has_one: bool
) -> None:
    with a_portal(tmp_path):
        person, client = a_person("root", superuser=True), Client()
        if has_one:
            enrol(person)
        client.force_login(person)
        everything, visits = Everything("somebody else", tmp_path), Visits(client)
        assert visits.target("GET", LOGIN, everything.sent(rows()[0])) == way
        for row in rows():
            if row.address.startswith(ADMIN) and row.address not in OPEN:
                target = visits.target(row.method, everything.path(row), everything.sent(row))
                assert target == (way if row.address == LOGIN else LOGIN), row
