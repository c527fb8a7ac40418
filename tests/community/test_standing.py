"""Where somebody stands, from the facts known of them."""

from hypothesis import given
from hypothesis import strategies as st

from community.standing import MEMBERS, Facts, State, state_of

FACTS = st.builds(Facts, *[st.booleans()] * 9)
MEMBER = Facts(has_account=True, is_verified=True, has_agreed=True)


@given(FACTS)
def test_nobody_is_a_member_without_a_verified_address_and_an_agreement_in_force(facts: Facts) -> None:
    if state_of(facts) in MEMBERS:
        assert facts.has_account
        assert facts.is_verified
        assert facts.has_agreed
        shut_out = (facts.has_withdrawn, facts.has_lapsed, facts.is_suspended, facts.is_erased)
        assert not any(shut_out)


def test_every_state_is_reached() -> None:
    reached = {
        state_of(facts)
        for facts in (
            Facts(),
            Facts(has_account=True),
            Facts(has_account=True, is_verified=True),
            MEMBER,
            Facts(has_account=True, is_verified=True, has_agreed=True, has_invitation=True),
            Facts(has_account=True, is_verified=True, has_agreed=True, has_joined=True),
            Facts(has_account=True, is_verified=True, has_agreed=True, has_lapsed=True),
            Facts(has_account=True, is_verified=True, has_withdrawn=True),
            Facts(has_account=True, is_verified=True, has_agreed=True, is_suspended=True),
            Facts(is_erased=True),
        )
    }
    assert reached == set(State)
