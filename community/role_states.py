"""The life of an open role: which step leads where. Pure."""

from enum import StrEnum


class Step(StrEnum):
    """What can be done with a role."""

    SUBMIT = "submit"
    SEND_BACK = "send back"
    PUBLISH = "publish"
    FILL = "fill"
    CLOSE = "close"
    EXPIRE = "expire"
    REOPEN = "reopen"


DRAFT, REVIEW, PUBLISHED, FILLED, CLOSED, EXPIRED = "draft", "review", "published", "filled", "closed", "expired"
STATES = (DRAFT, REVIEW, PUBLISHED, FILLED, CLOSED, EXPIRED)

# From which states a step leads to which one; there is nothing else.
STEPS: dict[Step, tuple[frozenset[str], str]] = {
    Step.SUBMIT: (frozenset({DRAFT}), REVIEW),
    Step.SEND_BACK: (frozenset({REVIEW}), DRAFT),
    Step.PUBLISH: (frozenset({REVIEW}), PUBLISHED),
    Step.FILL: (frozenset({PUBLISHED, EXPIRED}), FILLED),
    Step.CLOSE: (frozenset({PUBLISHED, EXPIRED}), CLOSED),
    Step.EXPIRE: (frozenset({PUBLISHED}), EXPIRED),
    Step.REOPEN: (frozenset({FILLED, CLOSED, EXPIRED}), DRAFT),
}
NEEDS_PUBLISHER = frozenset({Step.PUBLISH, Step.FILL, Step.CLOSE, Step.REOPEN})


def after(state: str, step: Step) -> str | None:
    """Say which state a step leads to; None where it cannot be taken."""
    sources, target = STEPS[step]
    return target if state in sources else None


def steps_from(state: str) -> list[Step]:
    """Give the steps that a person can take, in the order in which they are offered."""
    return [step for step in Step if step != Step.EXPIRE and after(state, step)]
