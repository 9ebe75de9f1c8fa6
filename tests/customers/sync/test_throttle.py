"""How many calls at once: up while WeCom answers, down by half when it refuses, up again; pauses that grow."""

from customers.sync.throttle import MOST, START, Throttle


class Clock:
    """A clock that a test turns."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_it_doubles_a_round_until_the_first_refusal_and_then_grows_by_one() -> None:
    clock = Clock()
    throttle = Throttle(clock=clock)
    for _answer in range(MOST - START):
        throttle.succeeded()
    assert throttle.places == MOST

    # one refusal, told by eight calls that went out together
    for _answer in range(8):
        throttle.crowded()
    assert throttle.places == MOST // 2

    for _answer in range(MOST // 2):
        throttle.succeeded()
    assert throttle.places == MOST // 2
    throttle.succeeded()
    assert throttle.places == MOST // 2 + 1

    clock.now = 1.0
    throttle.crowded()
    assert throttle.places == (MOST // 2 + 1) // 2


def test_a_block_lets_nobody_out_until_it_is_over() -> None:
    clock = Clock()
    throttle = Throttle(clock=clock)

    throttle.blocked(60)

    assert (throttle.rest, throttle.places) == (60, START // 2)
    clock.now = 59.0
    assert throttle.rest == 1
    clock.now = 61.0
    assert throttle.rest == 0


def test_failures_in_a_row_rest_longer_and_one_success_forgets_them() -> None:
    clock = Clock()
    throttle = Throttle(clock=clock)
    rests = []
    for _failure in range(20):
        throttle.failed()
        rests.append(throttle.rest)
        clock.now += throttle.rest + 1

    assert rests[:3] == [0, 0, 0]
    assert rests[3:] == sorted(rests[3:])
    assert rests[-1] == 30

    throttle.succeeded()
    assert throttle.failures == 0


def test_it_never_falls_below_one_nor_rises_above_the_most() -> None:
    clock = Clock()
    throttle = Throttle(clock=clock)
    for _refusal in range(10):
        clock.now += 1
        throttle.crowded()
    assert throttle.places == 1
    for _answer in range(5000):
        throttle.succeeded()
    assert throttle.places == MOST
