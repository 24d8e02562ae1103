"""Items that are made ahead: the same ones in the same order, errors where they were raised, and no thread left."""

import threading

import pytest

from kinesics.io import threads
from kinesics.io.threads import ahead, meanwhile


@pytest.mark.parametrize("processors", [1, 2])
def test_the_items_are_the_same_and_errors_come_in_their_place(processors, monkeypatch):
    monkeypatch.setattr(threads, "processors", lambda: processors)

    def items():
        yield from range(5)
        raise ValueError("the sixth")

    assert list(ahead(range(7))) == list(range(7))
    taken = []
    with pytest.raises(ValueError, match="the sixth"):
        for item in ahead(items()):
            taken.append(item)
    assert taken == [0, 1, 2, 3, 4]


def test_no_more_is_made_than_a_few_ahead_and_no_thread_is_left(monkeypatch):
    monkeypatch.setattr(threads, "processors", lambda: 2)
    made = []
    coming = ahead((made.append(k) or k for k in range(100)), number=3)
    assert next(coming) == 0
    coming.close()
    assert len(made) <= 4
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ahead")]


@pytest.mark.parametrize("processors", [1, 2])
def test_a_job_runs_meanwhile_and_its_error_comes_where_it_is_waited_for(processors, monkeypatch):
    monkeypatch.setattr(threads, "processors", lambda: processors)
    begun, reached = threading.Event(), []

    def job():
        begun.set()
        return threading.current_thread().name.startswith("meanwhile")

    with meanwhile(job) as result:
        assert processors == 1 or begun.wait(10)
        assert result() == (processors == 2)
    with pytest.raises(ZeroDivisionError), meanwhile(lambda: 1 / 0) as result:
        reached.append("the block")
        result()
    assert reached == ["the block"]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("meanwhile")]
