"""Notes take turns: the one that is due first goes on, and nobody waits for what nobody wants."""

import threading
import time

import pytest

from models.turns import Stopped, Turns


def work(turns, due, pieces, log, name, started=None, wanted=lambda: True):
    """A thread that does `pieces` pieces of 10 ms and logs each."""

    def run():
        with turns.turn(due, wanted) as pause:
            for _ in range(pieces):
                pause()
                log.append(name)
                if started:
                    started.set()
                time.sleep(0.01)

    def quietly():
        try:
            run()
        except Stopped:
            log.append(f"{name} stopped")

    thread = threading.Thread(target=quietly)
    thread.start()
    return thread


def test_what_is_due_first_goes_first_and_the_rest_goes_on_after_it():
    turns, log, started = Turns(), [], threading.Event()
    long = work(turns, 600, 20, log, "long", started)
    started.wait()
    short = work(turns, 5, 3, log, "short")
    long.join()
    short.join()
    first = log.index("short")
    assert first < 10
    assert log[first : first + 3] == ["short"] * 3
    assert log.count("long") == 20


def test_a_long_note_that_waits_comes_before_short_ones_in_the_end():
    turns, log, started = Turns(), [], threading.Event()
    now = work(turns, 0, 1, log, "now", started)
    started.wait()
    others = [work(turns, arrival + 5, 1, log, f"short {arrival}") for arrival in range(0, 30, 10)]
    others.append(work(turns, 12, 1, log, "long"))
    for thread in (now, *others):
        thread.join()
    assert log == ["now", "short 0", "long", "short 10", "short 20"]


def test_only_one_works_at_a_time():
    turns, most, working, lock = Turns(), 0, 0, threading.Lock()

    def run(due):
        nonlocal most, working
        with turns.turn(due) as pause:
            for _ in range(20):
                pause()
                with lock:
                    working += 1
                    most = max(most, working)
                time.sleep(0.0005)
                with lock:
                    working -= 1

    threads = [threading.Thread(target=run, args=(due,)) for due in (3, 1, 2, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1


def test_what_nobody_wants_any_more_is_given_up_and_the_next_one_goes_on():
    turns, log, started, wanted = Turns(), [], threading.Event(), threading.Event()
    wanted.set()
    given_up = work(turns, 1, 1000, log, "given up", started, wanted.is_set)
    started.wait()
    next_one = work(turns, 2, 2, log, "next")
    wanted.clear()
    given_up.join()
    next_one.join()
    assert log[-3:] == ["given up stopped", "next", "next"]
    assert log.count("given up") < 1000


def test_who_waits_for_nobody_does_not_wait_for_the_turn():
    turns, log, started = Turns(), [], threading.Event()
    wanted, going_on = threading.Event(), threading.Event()
    wanted.set()
    going_on.set()
    first = work(turns, 1, 1000, log, "first", started, going_on.is_set)
    started.wait()
    given_up = work(turns, 2, 1, log, "given up", wanted=wanted.is_set)
    third = work(turns, 3, 1, log, "third")
    wanted.clear()
    turns.look_again()
    given_up.join(5)
    assert log[-1] != "third"
    assert "given up stopped" in log
    going_on.clear()
    for thread in (first, third):
        thread.join()
    assert log[-1] == "third"


def test_stop_ends_who_works_and_who_waits():
    turns, log, started = Turns(), [], threading.Event()
    threads = [work(turns, 1, 1000, log, "working", started)]
    started.wait()
    threads.append(work(turns, 2, 1, log, "waiting"))
    turns.stop()
    for thread in threads:
        thread.join()
    assert {"working stopped", "waiting stopped"} <= set(log)
    with pytest.raises(Stopped), turns.turn(0):
        pass
