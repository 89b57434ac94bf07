"""Simulated time: scaled clocks run, instant clocks jump."""

import random
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from local.clock import Clock, InstantClock, Participant, ScaledClock, participant

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = 24 * 3600


def in_thread(work: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=work)
    thread.start()
    return thread


def naps_of(clock: InstantClock, **plans: Sequence[float]) -> list[tuple[str, datetime]]:
    """Let participants nap side by side; who woke up when, in the order in which they did."""
    seen: list[tuple[str, datetime]] = []

    def nap(name: str, me: Participant) -> None:
        for seconds in plans[name]:
            me.sleep(seconds)
            seen.append((name, clock.now()))
        me.leave()

    participants = {name: clock.join() for name in plans}
    threads = [in_thread(partial(nap, name, me)) for name, me in participants.items()]
    for thread in threads:
        thread.join()
    return seen


def test_a_day_on_the_instant_clock_passes_at_once() -> None:
    clock = InstantClock(NOON)

    clock.sleep(DAY)

    assert clock.now() == NOON + timedelta(days=1)


def test_an_instant_clock_does_not_move_by_itself() -> None:
    clock = InstantClock(NOON)

    readings = {clock.now() for _ in range(1000)}

    assert readings == {NOON}


@pytest.mark.parametrize("seconds", [0, -5])
def test_sleeping_for_no_time_returns_at_once_even_while_somebody_holds_the_clock(
    seconds: float,
) -> None:
    clock = InstantClock(NOON)

    with participant(clock) as me:
        clock.sleep(seconds)
        with participant(clock):
            me.sleep(seconds)

    assert clock.now() == NOON


def test_time_stands_still_while_a_participant_is_awake() -> None:
    clock = InstantClock(NOON)
    slept = threading.Event()

    def sleep_and_tell() -> None:
        clock.sleep(60)
        slept.set()

    me = clock.join()
    sleeper = in_thread(sleep_and_tell)
    was_held = not slept.wait(0.05) and clock.now() == NOON
    me.leave()
    sleeper.join()

    assert was_held
    assert clock.now() == NOON + timedelta(seconds=60)


def test_participants_wake_in_the_order_of_their_alarms() -> None:
    clock = InstantClock(NOON)

    seen = naps_of(clock, slow=(30, 30), fast=(10, 15, 20), once=(29,))

    assert [(name, (at - NOON).seconds) for name, at in seen] == [
        ("fast", 10),
        ("fast", 25),
        ("once", 29),
        ("slow", 30),
        ("fast", 45),
        ("slow", 60),
    ]


def test_hundreds_of_participants_share_one_order_of_time() -> None:
    clock = InstantClock(NOON)

    seen = naps_of(clock, **{f"every {step} s": (step,) * 5 for step in range(1, 201)})

    assert [at for _, at in seen] == sorted(at for _, at in seen)
    assert clock.now() == NOON + timedelta(seconds=1000)


def test_an_interrupt_wakes_a_sleeper_before_time_moves() -> None:
    clock = InstantClock(NOON)
    interrupt = threading.Event()
    me, sleeping = clock.join(), clock.join()
    sleeper = in_thread(lambda: sleeping.sleep(DAY, interrupt))

    interrupt.set()
    me.leave()
    sleeper.join()

    assert clock.now() == NOON


def test_an_interrupted_participant_holds_the_clock_again() -> None:
    clock = InstantClock(NOON)
    interrupt = threading.Event()
    interrupt.set()
    woken = clock.join()
    woken.sleep(DAY, interrupt)

    other = in_thread(lambda: clock.sleep(60))
    stood_still = clock.now() == NOON
    woken.leave()
    other.join()

    assert stood_still
    assert clock.now() == NOON + timedelta(seconds=60)


def test_leaving_twice_is_harmless() -> None:
    clock = InstantClock(NOON)
    first, second = clock.join(), clock.join()
    first.leave()
    first.leave()
    slept = in_thread(lambda: clock.sleep(1))

    still_held = clock.now() == NOON
    second.leave()
    slept.join()

    assert still_held


def test_a_scaled_clock_runs_as_many_times_as_fast() -> None:
    clock = ScaledClock(speed=36_000, start=NOON)

    clock.sleep(600)

    assert timedelta(seconds=600) <= clock.now() - NOON < timedelta(hours=4)


def test_a_scaled_clock_can_be_interrupted() -> None:
    clock = ScaledClock(speed=1, start=NOON)
    interrupt = threading.Event()
    interrupt.set()

    clock.sleep(DAY, interrupt)

    assert clock.now() - NOON < timedelta(minutes=1)


@pytest.mark.parametrize("speed", [0, -1])
def test_a_scaled_clock_must_move_forward(speed: float) -> None:
    with pytest.raises(ValueError, match="speed above 0"):
        ScaledClock(speed=speed)


@pytest.mark.parametrize(("clock", "speed"), [(InstantClock(), 0), (ScaledClock(60), 60)])
def test_a_clock_tells_its_speed(clock: Clock, speed: float) -> None:
    assert clock.speed == speed


def order_of_turns(seed: int) -> list[str]:
    """In which order ten participants wake up three times, all at the same moments."""
    clock = InstantClock()
    clock.take_turns(random.Random(seed))
    return [name for name, _ in naps_of(clock, **dict.fromkeys("abcdefghij", (1, 1, 1)))]


def test_who_take_turns_wake_one_after_the_other_as_the_seed_says() -> None:
    first, again, other = (order_of_turns(seed) for seed in (1, 1, 2))

    assert first == again != other
    assert [sorted(first[start : start + 10]) for start in (0, 10, 20)] == [[*"abcdefghij"]] * 3


def test_a_leap_wakes_nobody_out_of_turn() -> None:
    clock = InstantClock(NOON)
    clock.take_turns(random.Random(1))
    seen: list[str] = []

    def nap(name: str, me: Participant) -> None:
        me.sleep(1)
        seen.append(name)
        me.leave()

    with participant(clock):
        others = {name: clock.join() for name in "ab"}
        threads = [in_thread(partial(nap, name, me)) for name, me in others.items()]
        time.sleep(0.05)
        clock.leap(10)
        time.sleep(0.05)
        assert seen == []
    for thread in threads:
        thread.join()
    assert sorted(seen) == ["a", "b"]
