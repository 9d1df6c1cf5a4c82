"""When a standby judges an owner to be gone: never too early, whatever it sees, and never never."""

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from cardroom.ids import BootNonce, Epoch, NodeId
from cardroom.wire.presence import Lease
from node.shards.lease_watch import LeaseWatch

LEASE = Lease(NodeId("node-1"), BootNonce("boot"), Epoch(3), 17)


def watch(*looks: tuple[float, Lease | None]) -> list[bool]:
    """Look at these times; the lease lives for 30 seconds."""
    watching = LeaseWatch(30.0)
    return [watching.look(lease, now) for now, lease in looks]


def test_who_is_silent_for_four_thirds_of_the_time_is_gone() -> None:
    assert watch(*((float(now), LEASE) for now in range(0, 41, 5))) == [False] * 8 + [True]


def test_a_key_that_is_not_there_is_silence_too_and_goes_on_from_the_lease_before() -> None:
    looks = [(float(now), LEASE if now < 30 else None) for now in range(0, 41, 5)]
    assert watch(*looks) == [False] * 8 + [True]
    assert watch(*((float(now), None) for now in range(0, 41, 5)))[-1]


def test_each_renewal_and_each_other_start_begins_the_waiting_anew() -> None:
    for sign in (
        evolve(LEASE, counter=18), evolve(LEASE, boot=BootNonce("other")),
        evolve(LEASE, node=NodeId("node-3")), evolve(LEASE, epoch=Epoch(4)),
    ):  # fmt: skip
        looks = [(float(now), LEASE if now < 35 else sign) for now in range(0, 76, 5)]
        assert watch(*looks) == [False] * 15 + [True]


def test_a_lease_that_comes_again_is_a_sign_of_life() -> None:
    looks = [(float(now), None if 10 <= now < 30 else LEASE) for now in range(0, 71, 5)]
    assert watch(*looks) == [False] * 14 + [True]


def test_who_did_not_look_for_too_long_has_seen_nothing() -> None:
    early = [(float(now), LEASE) for now in range(0, 36, 5)]
    late = [(46.0 + now, LEASE) for now in range(0, 41, 5)]
    assert watch(*early, *late) == [False] * 8 + [False] * 8 + [True]


@given(
    st.lists(st.tuples(st.floats(0.1, 12.0), st.sampled_from(["same", "renewed", "absent"])), max_size=60),
)
def test_an_owner_that_renewed_within_the_time_is_never_judged_gone(looks: list[tuple[float, str]]) -> None:
    watching, now, counter, last_sign = LeaseWatch(30.0), 100.0, 0, 100.0
    watching.look(evolve(LEASE, counter=counter), now)
    was_absent = False
    for pause, what in looks:
        now += pause
        counter += what == "renewed"
        if what == "renewed" or pause > 10.0 or (was_absent and what == "same"):
            last_sign = now
        was_absent = what == "absent"
        lease = None if was_absent else evolve(LEASE, counter=counter)
        assert watching.look(lease, now) is (now - last_sign >= 40.0)
