"""/metrics of a real server of two web processes."""

import os
import subprocess

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from portal.measures import counting
from tests.live.conftest import web_process

pytestmark = pytest.mark.usefixtures("committed_db")
TOKEN = {"Authorization": "Bearer of-the-scraper"}


def samples(text: str) -> dict[tuple, float]:
    return {
        (sample.name, *sample.labels.items()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_the_requests_of_all_web_processes_are_told_by_whichever_is_asked(tmp_path):
    with web_process(workers=2, METRICS_TOKEN="of-the-scraper", WORLD_DIR=str(tmp_path)) as (address, _):
        before = samples(httpx.get(f"{address}/metrics", headers=TOKEN, timeout=20).text)
        for _ in range(24):
            httpx.get(f"{address}/test/ping", timeout=20)  # each on a connection of its own
        answers = [httpx.get(f"{address}/metrics", headers=TOKEN, timeout=20) for _ in range(6)]

    assert {each.headers["content-type"] for each in answers} == {"text/plain; version=0.0.4; charset=utf-8"}
    route = ("route", "test/ping")
    counted = ("portolan_http_requests_total", ("method", "GET"), route, ("status", "200"))
    assert {samples(each.text)[counted] - before[counted] for each in answers} == {24}
    timed = ("portolan_http_request_seconds_count", route)
    assert {samples(each.text)[timed] - before[timed] for each in answers} == {24}
    assert {samples(each.text)["portolan_database_up",] for each in answers} == {1}


def test_what_servers_that_ended_have_counted_is_swept_away_and_nothing_else(tmp_path):
    ended = subprocess.Popen(["true"])
    ended.wait()
    for process in (ended.pid, os.getpid(), 1):  # the last is somebody else's
        (tmp_path / str(process)).mkdir()

    own = counting.prepare(tmp_path)

    assert own.name == str(os.getppid())
    assert {each.name for each in tmp_path.iterdir()} == {"1", str(os.getpid()), own.name}


def test_to_strangers_there_is_no_such_address(portal, tmp_path):
    unset = httpx.get(f"{portal}/metrics", headers=TOKEN, timeout=20)
    with web_process(METRICS_TOKEN="of-the-scraper", WORLD_DIR=str(tmp_path)) as (address, _):
        number = {"X-Request-ID": "the-same-number"}
        wrong = httpx.get(f"{address}/metrics", headers={"Authorization": "Bearer of-another"} | number, timeout=20)
        elsewhere = httpx.get(f"{address}/matrics", headers=number, timeout=20)

    assert (unset.status_code, wrong.status_code, elsewhere.status_code) == (404, 404, 404)
    assert wrong.text.replace("/metrics", "") == elsewhere.text.replace("/matrics", "")
