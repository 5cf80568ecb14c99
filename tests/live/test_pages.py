"""Pages and API through the threads of the web process."""

import hashlib
import socket
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import httpx
import pytest

from logistics.orders.services import MAX_BYTES

pytestmark = pytest.mark.usefixtures("committed_db")
THREADS = 4  # as tests.live.conftest starts the process


def raw(address: str, request: bytes) -> socket.socket:
    parts = urlsplit(address)
    connection = socket.create_connection((parts.hostname, parts.port), timeout=20)
    connection.sendall(request)
    return connection


def test_the_largest_file_of_trade_history_arrives_whole(portal):
    body = bytes(range(256)) * (MAX_BYTES // 256)
    answer = httpx.post(f"{portal}/test/digest", content=body, timeout=20)
    assert answer.json() == {"length": 64 * 1024 * 1024, "sha256": hashlib.sha256(body).hexdigest()}


def test_a_body_in_pieces_of_unknown_number_arrives_whole(portal):
    answer = httpx.post(f"{portal}/test/digest", content=iter([b"one", b"two"]), timeout=20)
    assert answer.json()["length"] == 6


def test_a_body_that_no_page_takes_is_not_read(portal):
    answer = httpx.post(f"{portal}/test/digest", content=b"x" * (MAX_BYTES + 5 * 1024 * 1024), timeout=20)
    assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")
    assert (answer.json()["code"], answer.json()["detail"]) == ("TOO_LARGE", "The document is larger than 64 MB.")


def test_a_page_that_is_sent_too_much_says_so_in_the_language_of_who_sent_it(portal):
    sent = {"content": b"x" * (MAX_BYTES + 5 * 1024 * 1024), "timeout": 20}
    for language, said in (("en", "This is too large to be taken"), ("zh-hans", "内容过大，无法接收")):
        headers = {"Accept": "text/html,*/*;q=0.8", "Accept-Language": language}
        answer = httpx.post(f"{portal}/test/digest", headers=headers, **sent)
        assert (answer.status_code, answer.headers["content-type"]) == (413, "text/html; charset=utf-8")
        assert said in answer.text and 'href="/test/digest"' in answer.text


@pytest.mark.parametrize("charset", ["rot13", "undefined", "idna", "utf-16"])
def test_an_address_is_read_as_utf8_whatever_is_said_of_the_body(portal, charset):
    headers = {"Content-Type": f"text/plain; charset={charset}"}
    answer = httpx.get(f"{portal}/test/asked?word=%C3%A4%ff", headers=headers)
    assert (answer.status_code, answer.text) == (200, "ä\ufffd")


def test_threads_keep_their_database_connection(portal):
    with ThreadPoolExecutor(8) as pool, httpx.Client(base_url=portal) as client:
        answers = [answer.json() for answer in pool.map(lambda _: client.get("/test/database"), range(80))]
    pairs = {(answer["thread"], answer["backend"]) for answer in answers}
    assert len(pairs) == len({thread for thread, _ in pairs}) <= THREADS


def test_clients_that_leave_in_the_middle_of_an_answer_take_no_thread_with_them(portal):
    for _ in range(THREADS * 2):
        connection = raw(portal, b"GET /test/endless HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert connection.recv(12) == b"HTTP/1.1 200"
        connection.close()
    assert httpx.get(f"{portal}/test/ping", timeout=20).text == "pong"


def test_half_an_upload_is_never_handled_as_a_whole(portal):
    head = b"POST /test/count HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 3000000\r\n\r\n"
    for _ in range(THREADS * 2):
        raw(portal, head + b"x" * 1_000_000).close()
    # Fewer threads than uploads, in the order of their coming: all of them are over when this one is answered.
    with ThreadPoolExecutor(THREADS) as pool:
        whole = list(pool.map(lambda _: httpx.post(f"{portal}/test/count", content=b"x" * 10), range(THREADS)))
    assert sorted(answer.json()["counted"] for answer in whole) == list(range(1, THREADS + 1))


def test_an_underscore_does_not_pass_for_a_hyphen(portal):
    answer = httpx.get(f"{portal}/test/headers", headers={"X_Forwarded_Proto": "https", "X-Other": "1"})
    assert answer.json()["forwarded"] is None


def test_cookies_in_several_headers_are_all_read(portal):
    answer = httpx.get(f"{portal}/test/headers", headers=[("Cookie", "a=1"), ("Cookie", "b=2")])
    assert answer.json()["cookies"] == {"a": "1", "b": "2"}


def test_a_file_arrives_whole(portal):
    answer = httpx.get(f"{portal}/test/file")
    assert (len(answer.content), answer.headers["content-length"]) == (1_000_000, "1000000")
