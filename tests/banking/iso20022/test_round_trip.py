"""What is built is what is read, obeys the official schema, and is read alike by an independent library."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyiso20022.camt import camt_053_001_08, camt_054_001_08
from pyiso20022.pain import pain_001_001_09, pain_002_001_10
from xsdata.formats.dataclass.parsers import XmlParser

from financing.banking.iso20022 import camt053, camt054, entries, fields, pain001, pain002, reader
from tests.banking.iso20022 import samples

often = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@often
@given(samples.initiations)
def test_any_pain001_is_read_as_it_was_written(message):
    written = pain001.build(message)
    assert pain001.parse(written) == message


@often
@given(samples.reports)
def test_any_pain002_is_read_as_it_was_written(message):
    written = pain002.build(message)
    assert pain002.parse(written) == message


@often
@given(samples.notifications)
def test_any_camt054_is_read_as_it_was_written(message):
    written = camt054.build(message)
    assert camt054.parse(written) == message


@often
@given(samples.statements)
def test_any_camt053_is_read_as_it_was_written(message):
    written = camt053.build(message)
    assert camt053.parse(written) == message


@pytest.mark.parametrize(
    ("kind", "messages"),
    [
        (pain001, samples.initiations),
        (pain002, samples.reports),
        (camt054, samples.notifications),
        (camt053, samples.statements),
    ],
    ids=lambda value: getattr(value, "NAME", ""),
)
@often
@given(data=st.data())
def test_any_message_obeys_the_official_schema(kind, messages, data):
    samples.assert_valid(kind.build(data.draw(messages)), kind.NAME)


@given(samples.names)
def test_cleaning_a_text_twice_changes_nothing_more(text):
    once = fields.clean(text, 70)
    assert fields.clean(once, 70) == once
    assert len(once) <= 70


def test_an_independent_library_reads_the_pain001():
    read = XmlParser().from_bytes(pain001.build(samples.initiation()), pain_001_001_09.Document).cstmr_cdt_trf_initn
    transfer = read.pmt_inf[0].cdt_trf_tx_inf[0]
    assert (read.grp_hdr.msg_id, read.grp_hdr.nb_of_txs, str(read.grp_hdr.ctrl_sum)) == ("MSG-1", "1", "1234.56")
    assert read.pmt_inf[0].dbtr_acct.id.iban == samples.FUNDER
    assert (str(transfer.amt.instd_amt.value), transfer.amt.instd_amt.ccy) == ("1234.56", "EUR")
    assert transfer.cdtr.nm == "Müller & Söhne <Handel>"
    assert transfer.rmt_inf.ustrd == ["Advance 1, invoices 17 and 18"]


def test_an_independent_library_reads_the_pain002():
    refused = pain002.PaymentStatus(
        "PAY-1", "ADV-1", pain002.Status.REJECTED, "INS-1", "AM04", "Insufficient funds", samples.MORNING, "B1"
    )
    read = XmlParser().from_bytes(pain002.build(samples.report(refused)), pain_002_001_10.Document).cstmr_pmt_sts_rpt
    payment = read.orgnl_pmt_inf_and_sts[0].tx_inf_and_sts[0]
    assert (read.orgnl_grp_inf_and_sts.orgnl_msg_id, read.orgnl_grp_inf_and_sts.grp_sts) == ("MSG-1", "PART")
    assert (payment.orgnl_end_to_end_id, payment.tx_sts, payment.sts_rsn_inf[0].rsn.cd) == ("ADV-1", "RJCT", "AM04")


def test_an_independent_library_reads_the_camt054():
    returned = samples.entry(direction=entries.Direction.CREDIT, return_reason="AC04", return_text="Closed account")
    read = XmlParser().from_bytes(camt054.build(samples.notification(returned)), camt_054_001_08.Document)
    details = read.bk_to_cstmr_dbt_cdt_ntfctn.ntfctn[0].ntry[0].ntry_dtls[0].tx_dtls[0]
    assert (details.refs.end_to_end_id, details.rtr_inf.rsn.cd) == ("ADV-1", "AC04")
    assert details.rltd_pties.cdtr.pty.nm == "Müller & Söhne"


def test_an_independent_library_reads_the_camt053():
    read = XmlParser().from_bytes(camt053.build(samples.statement(samples.entry())), camt_053_001_08.Document)
    balances = {found.tp.cd_or_prtry.cd: str(found.amt.value) for found in read.bk_to_cstmr_stmt.stmt[0].bal}
    assert balances == {"OPBD": "5000.00", "CLBD": "3765.44"}


def test_a_message_names_itself():
    assert reader.message_name(camt054.build(samples.notification())) == "camt.054.001.08"


@pytest.mark.parametrize(("closing", "difference"), [(376_544, 0), (376_545, 1)], ids=["adds up", "one cent too much"])
def test_a_statement_says_by_how_much_it_does_not_add_up(closing, difference):
    statement = camt053.parse(camt053.build(samples.statement(samples.entry(), closing=closing)))
    assert statement.accounts[0].difference_minor() == difference
