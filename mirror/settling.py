"""Files and database agree again: after a restore, which brings them from two moments, or under a new address."""

from mirror.exclusion import alone
from mirror.models import Distribution, Publication
from mirror.publishing import Order, finish_interrupted, publish


class LostPublicationError(Exception):
    """The files have no trace of the publication that the database says is served; nothing was changed."""


def settle(distribution: Distribution, *, actor: str) -> Publication | None:
    """Serve what the database says is served; gives a new publication if its address has changed.

    A lease that came with a backup is waited for; it runs out within two minutes.

    Raises:
        LostPublicationError: see there.
    """
    with alone(distribution, "settling", wait=True):
        served = distribution.publication
        if served is None:
            return None
        if not distribution.files.publication(served.number).is_dir():
            raise LostPublicationError(
                f"{served} is served by the database's account, but the files have no such publication; "
                "restore files that were copied right after the database"
            )
        finish_interrupted(distribution)
        return publish(distribution, Order(served.version_set.members, Publication.Cause.CHOICE, actor))
