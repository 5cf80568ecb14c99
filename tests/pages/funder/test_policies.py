"""Policies on the page: proposed in a form, compared in words, replayed, approved by another who saw that."""

import copy
import re
from datetime import timedelta
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.parties.models import Membership
from financing.advances import services as advances
from financing.credit import services
from financing.credit.models import PolicyReplay, PolicyVersion
from financing.credit.rules import DEFAULT_BODY, content_hash
from portal.shared.access import SYSTEM_ACTOR
from portal.workspaces.funder import terms
from portal.workspaces.funder.proposing import Proposal
from tests import world
from tests.world import NOW, TODAY, as_member

pytestmark = pytest.mark.django_db

HANA, HUGO, VERA = "hana@harbour.example", "hugo@harbour.example", "vera@harbour.example"


@pytest.fixture
def lending():
    return world.with_trade(world.lending())


def decided(lending, amount_minor=400_00):
    ana = as_member("ana@amphora.example")
    quote = advances.quote(actor=ana, facility_id=lending.amphora_facility.id, amount_minor=amount_minor, now=NOW)
    application = advances.apply(actor=ana, quote_id=quote.id, now=NOW)
    advances.decide_waiting(actor=SYSTEM_ACTOR, application_ids=[application.id], now=NOW)


def entered(lending, **changed) -> dict:
    """The form as it opens, with some fields changed."""
    form = Proposal(body=lending.policy.body, currency="EUR", today=TODAY)
    data = {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()}
    return {**data, "effective_from": TODAY.isoformat(), "note": "More authority", **changed}


def proposed(lending, **parts) -> PolicyVersion:
    body = copy.deepcopy(DEFAULT_BODY)
    for name, values in parts.items():
        body[name] |= values
    return services.propose_policy(
        actor=as_member(HANA), funder_id=lending.cast.harbour.id, body=body, effective_from=TODAY, now=NOW
    )


def replayed(version, months=1) -> PolicyReplay:
    replay = services.request_replay(actor=as_member(HANA), policy_id=version.id, months=months, now=NOW)
    services.replay_some(replay_id=replay.id, now=NOW)
    replay.refresh_from_db()
    return replay


def text_of(response) -> str:
    """What a reader sees, in one line."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", response.content.decode())).replace("\xa0", " ").split())


def test_a_form_sent_as_it_opened_proposes_the_very_same_policy(lending, as_user):
    address = reverse("funder:propose_policy")
    assert as_user(HANA).post(address, entered(lending)).status_code == 302
    made = PolicyVersion.objects.get(number=2)
    assert made.body_hash == lending.policy.body_hash == content_hash(made.body)


def test_what_is_entered_in_an_officers_units_is_kept_in_the_policy_s(lending, as_user):
    changed = {
        "authority.max_amount_minor": "70000", "grades.A.advance_rate": "92.5", "grades.A.annual_rate_bp": "8.75",
        "grades.D.authority": "DECLINE", "eligibility.cross_age_share": "12", "score.on_time_share.bands.3.at_least":
        "98", "score.monthly_delivered_3m_minor.bands.1.at_least": "150", "thin_history.min_days": "60",
    }  # fmt: skip
    as_user(HANA).post(reverse("funder:propose_policy"), entered(lending, **changed))
    body = PolicyVersion.objects.get(number=2).body
    grades = {grade["grade"]: grade for grade in body["grades"]}
    assert body["authority"]["max_amount_minor"] == 7_000_000
    assert (grades["A"]["advance_rate"], grades["A"]["annual_rate_bp"]) == ("0.925", 875)
    assert grades["D"]["authority"] == "DECLINE"
    assert body["eligibility"]["cross_age_share"] == "0.12"
    assert terms.value_at(body, "score.on_time_share.bands.3.at_least") == "0.98"
    assert terms.value_at(body, "score.monthly_delivered_3m_minor.bands.1.at_least") == "15000"
    assert body["thin_history"]["min_days"] == 60


def test_a_preview_shows_the_difference_in_words_and_keeps_nothing(lending, as_user):
    data = entered(lending, **{"authority.max_amount_minor": "70000", "preview": "1"})
    response = as_user(HANA).post(reverse("funder:propose_policy"), data)
    assert response.status_code == 200
    said = text_of(response)
    assert "Largest amount decided at once EUR 50,000.00 EUR 70,000.00 looser" in said
    assert PolicyVersion.objects.count() == 1


def test_a_value_that_cannot_be_is_refused_at_its_field_and_the_rest_is_kept(lending, as_user):
    data = entered(lending, **{"grades.A.advance_rate": "150", "note": "Too much"})
    response = as_user(HANA).post(reverse("funder:propose_policy"), data)
    assert response.status_code == 422
    assert "less than or equal to 100" in text_of(response) and "Too much" in text_of(response)
    assert PolicyVersion.objects.count() == 1


def test_what_only_the_whole_policy_shows_to_be_wrong_is_told_with_every_fault(lending, as_user):
    data = entered(lending, **{"grades.A.min_points": "10", "eligibility.min_remaining_days": "100"})
    response = as_user(HANA).post(reverse("funder:propose_policy"), data)
    assert response.status_code == 422
    assert "grades are not ordered" in text_of(response) and "min_remaining_days is above" in text_of(response)
    assert PolicyVersion.objects.count() == 1


@pytest.mark.parametrize(("email", "status"), [(VERA, 403), (HUGO, 403), ("ana@amphora.example", 404)])
def test_only_a_maker_of_the_funder_proposes(lending, as_user, email, status):
    address = reverse("funder:propose_policy")
    assert as_user(email).get(address).status_code == status
    assert as_user(email).post(address, entered(lending)).status_code == status
    assert PolicyVersion.objects.count() == 1


def leaves(part, place=""):
    """Place of every value of a body, members of lists by the name they carry."""
    if not isinstance(part, dict | list):
        return [place]
    names = part
    if isinstance(part, list):
        names = {each.get("feature") or each.get("grade") or str(number): each for number, each in enumerate(part)}
    return [leaf for name, each in names.items() for leaf in leaves(each, f"{place}.{name}" if place else name)]


def test_every_threshold_of_the_default_policy_has_words_and_reads_back(lending):
    """Nothing of a policy can change without a line on the page: what has none would be told as `elsewhere`."""
    named = [term.place for section in terms.sections(DEFAULT_BODY) for term in section.terms]
    told = {place for place in leaves(DEFAULT_BODY) if not place.endswith((".code", ".feature", ".grade"))}
    assert sorted(named) == sorted(told)
    parts = terms.comparison(DEFAULT_BODY, DEFAULT_BODY, "EUR")
    assert sum(len(part.same) for part in parts) == len(named)
    assert all(line.before == line.after != "–" for part in parts for line in part.same)


def test_a_change_without_words_is_told_too(lending, as_user):
    version = proposed(lending)
    PolicyVersion.objects.filter(id=version.id)
    body = copy.deepcopy(DEFAULT_BODY)
    body["score"][0]["bands"][0]["code"] = "DAYS_OF_TRADE_LOW"
    renamed = services.propose_policy(
        actor=as_member(HANA), funder_id=lending.cast.harbour.id, body=body, effective_from=TODAY, now=NOW
    )
    said = text_of(as_user(HUGO).get(reverse("funder:policy", args=[renamed.id])))
    assert "score.days_of_trade.bands.0.code" in said
    assert "Nothing differs from version 1" in text_of(as_user(HUGO).get(reverse("funder:policy", args=[version.id])))


def test_a_grade_that_only_one_version_has_is_compared_too(lending):
    fewer = copy.deepcopy(DEFAULT_BODY)
    fewer["grades"] = [grade for grade in fewer["grades"] if grade["grade"] != "C"]
    changed = {str(part.title): part.changed for part in terms.comparison(DEFAULT_BODY, fewer, "EUR") if part.changed}
    assert list(changed) == ["Grade C"]
    assert [(line.before, line.after) for line in changed["Grade C"]][2] == ("80%", "–")


def test_a_replay_is_begun_on_the_page_watched_and_read(lending, as_user):
    decided(lending, 400_00), decided(lending, 600_00)
    version = proposed(lending, authority={"max_amount_minor": 500_00})
    hana = as_user(HANA)
    page = reverse("funder:policy", args=[version.id])
    assert "Not replayed yet" in text_of(hana.get(page))
    begun = hana.post(reverse("funder:replay_policy", args=[version.id]), {"months": "3"})
    assert begun.status_code == 302 and begun.url.startswith(page)
    running = hana.get(begun.url)
    assert "Replaying 3 months 0 / 2" in text_of(running) and b'hx-trigger="every 1s"' in running.content
    replay = replayed(version, 3)
    done = hana.get(begun.url)
    assert b'hx-trigger="every 1s"' not in done.content
    assert "Approved 2 1" in text_of(done) and "Approved → Referred 1 application" in text_of(done)
    who = text_of(hana.get(reverse("funder:replay", args=[replay.id])))
    assert "Amphora EUR 600.00" in who and "The amount is above the automatic authority." in who
    assert "never applied" in who


@pytest.mark.parametrize(("email", "status"), [(VERA, 403), ("cleo@crown.example", 404), ("ana@amphora.example", 404)])
def test_only_makers_and_checkers_begin_a_replay(lending, as_user, email, status):
    version = proposed(lending)
    response = as_user(email).post(reverse("funder:replay_policy", args=[version.id]), {"months": "1"})
    assert response.status_code == status
    assert PolicyReplay.objects.count() == 0


def test_a_window_that_is_none_is_refused(lending, as_user):
    version = proposed(lending)
    for months in ("2", "", "²", "-1", "9" * 30):
        response = as_user(HANA).post(reverse("funder:replay_policy", args=[version.id]), {"months": months})
        assert response.status_code == 422, months
    assert PolicyReplay.objects.count() == 0


def test_strangers_find_no_replay_and_viewers_read_it(lending, as_user):
    replay = replayed(proposed(lending))
    address = reverse("funder:replay", args=[replay.id])
    assert as_user(VERA).get(address).status_code == 200
    for stranger in ("cleo@crown.example", "ana@amphora.example", "maya@meridian.example", "wim@watch.example"):
        assert as_user(stranger).get(address).status_code == 404


def test_a_checker_approves_exactly_what_was_seen_and_with_the_replay_that_was_seen(lending, as_user):
    decided(lending)
    version = proposed(lending, authority={"max_amount_minor": 100_00})
    hana, hugo = as_user(HANA), as_user(HUGO)
    page, approve = (
        reverse("funder:policy", args=[version.id]),
        reverse("funder:conclude_policy", args=[version.id, "approve"]),
    )
    assert "Nobody has replayed this version" in text_of(hugo.get(page))
    replay = replayed(version)
    said = text_of(hugo.get(page))
    assert "Replayed over 1 month: of 1 decided, 1 would have been different" in said
    assert "Approve" not in text_of(hana.get(page)).split("What changes")[0]
    assert "You proposed this" in text_of(hana.get(page))
    seen = {"seen_hash": version.body_hash, "seen_replay": replay.id}
    assert hana.post(approve, seen).status_code == 403
    assert hugo.post(approve, seen | {"seen_hash": "0" * 64}).status_code == 409
    version.refresh_from_db()
    assert version.status == "PROPOSED"
    assert hugo.post(approve, seen).status_code == 302
    version.refresh_from_db()
    assert (version.status, version.approved_replay_id) == ("APPROVED", replay.id)


def test_queries_of_the_replay_do_not_grow_with_who_changes(lending, as_user):
    version = proposed(lending, authority={"max_amount_minor": 10_00})
    hana = as_user(HANA)

    def queries(months: int) -> int:
        replay = replayed(version, months)
        with CaptureQueriesContext(connection) as captured:
            page = hana.get(reverse("funder:policy", args=[version.id]), {"replay": replay.id})
            who = hana.get(reverse("funder:replay", args=[replay.id]))
            assert page.status_code == who.status_code == 200
        return len(captured)

    decided(lending, 50_00)
    few = queries(1)
    for _ in range(5):
        decided(lending, 50_00)
    assert queries(3) == few


def test_the_difference_of_two_versions_is_against_the_one_it_follows(lending, as_user):
    version = proposed(lending, amounts={"min_fee_minor": 75})
    services.approve_policy(actor=as_member(HUGO), policy_id=version.id, seen_hash=version.body_hash, now=NOW)
    third = services.propose_policy(
        actor=as_member(HANA), funder_id=lending.cast.harbour.id, body=DEFAULT_BODY,
        effective_from=TODAY + timedelta(1), now=NOW,
    )  # fmt: skip
    said = text_of(as_user(HUGO).get(reverse("funder:policy", args=[third.id])))
    assert "1 threshold differs from version 2" in said and "Smallest fee EUR 0.75 EUR 0.50" in said


def test_who_was_let_in_lately_reads_from_when_on_it_approves_and_finds_no_button(lending, as_user):
    version = proposed(lending)
    Membership.objects.filter(user__email=HUGO).update(created_at=timezone.now())
    page = as_user(HUGO).get(reverse("funder:policy", args=[version.id])).text
    assert "You were let in a short while ago: your yes counts from" in page
    assert ('data-dialog="approve"' in page, 'data-dialog="reject"' in page) == (False, True)
    sent = {"seen_hash": version.body_hash}
    refused = as_user(HUGO).post(reverse("funder:conclude_policy", args=[version.id, "approve"]), sent)
    assert (refused.status_code, "LET_IN_LATELY" in refused.text) == (403, True)
    version.refresh_from_db()
    assert version.status == "PROPOSED"
