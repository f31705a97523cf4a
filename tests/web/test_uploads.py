"""What is held of uploads that come at the same time, with no server around it."""

from __future__ import annotations

import asyncio

import pytest
from starlette.requests import ClientDisconnect, Request

from bot.web.uploads import FORM, MOST, ROOM, Refused, Uploads

LARGEST = 2**20
HEAD = b'--x\r\nContent-Disposition: form-data; name="files"; filename="note"\r\n\r\n'
TAIL = b"\r\n--x--\r\n"


class Sending:
    """A form on its way: first its start with `sent` bytes of the file, the end once it is told to go on."""

    def __init__(self, sent=1, ends=True):
        self.goes_on = asyncio.Event()
        self._parts = [{"type": "http.request", "body": HEAD + bytes(sent), "more_body": True}]
        end = {"type": "http.request", "body": TAIL} if ends else {"type": "http.disconnect"}
        self._parts.append(end)

    async def receive(self):
        if len(self._parts) == 1:
            await self.goes_on.wait()
        return self._parts.pop(0)

    def request(self):
        headers = [(b"content-type", b"multipart/form-data; boundary=x")]
        return Request({"type": "http", "headers": headers}, self.receive)


async def outcomes(uploads, sendings, clients):
    """What became of uploads that are all begun before the first one ends."""
    jobs = [
        asyncio.create_task(uploads.receive(sending.request(), client))
        for sending, client in zip(sendings, clients, strict=True)
    ]
    await asyncio.sleep(0.1)
    for sending in sendings:
        sending.goes_on.set()
    return await asyncio.gather(*jobs, return_exceptions=True)


def taken(ends):
    """How many were taken; all others were told that there is no room."""
    refused = [end for end in ends if not isinstance(end, str)]
    assert {end.status for end in refused} <= {503}
    return len(ends) - len(refused)


async def test_of_many_at_once_a_client_has_no_more_taken_than_of_one_after_the_other():
    uploads = Uploads(LARGEST)
    ends = await outcomes(uploads, [Sending() for _ in range(100)], ["anna"] * 100)
    assert taken(ends) == MOST
    assert taken(await outcomes(uploads, [Sending()], ["ben"])) == 1
    assert uploads.take(next(end for end in ends if isinstance(end, str))) == bytes(1)
    assert taken(await outcomes(uploads, [Sending(), Sending()], ["anna"] * 2)) == 1


async def test_all_clients_together_have_no_more_here_than_there_is_room_for():
    uploads = Uploads(LARGEST)
    clients = [f"client {number}" for number in range(4 * ROOM)]
    ends = await outcomes(uploads, [Sending(LARGEST) for _ in clients], clients)
    assert ROOM <= taken(ends) <= ROOM * (LARGEST + FORM) // LARGEST


async def test_a_slow_sender_keeps_nobody_out():
    uploads = Uploads(LARGEST)
    slow = [Sending() for _ in range(MOST)]
    jobs = [asyncio.create_task(uploads.receive(sending.request(), "slow")) for sending in slow]
    await asyncio.sleep(0.1)
    assert taken(await outcomes(uploads, [Sending(LARGEST)], ["anna"])) == 1
    for sending in slow:
        sending.goes_on.set()
    assert taken(await asyncio.gather(*jobs, return_exceptions=True)) == MOST


@pytest.mark.parametrize(
    ("sending", "failure"),
    [(lambda: Sending(LARGEST + 1), Refused), (lambda: Sending(ends=False), ClientDisconnect)],
    ids=["too big", "cut off"],
)
async def test_what_fails_leaves_its_place(sending, failure):
    uploads = Uploads(LARGEST)
    for _ in range(MOST + 1):
        [end] = await outcomes(uploads, [sending()], ["anna"])
        assert isinstance(end, failure)
        assert not isinstance(end, Refused) or end.status == 413
    assert taken(await outcomes(uploads, [Sending()], ["anna"])) == 1
