"""Names are made to fit what XML and SEPA carry; references and amounts must fit or are refused."""

from datetime import datetime

import pytest

from financing.banking.iso20022 import fields, iban, pain001
from financing.banking.iso20022.errors import UnsendableMessage
from tests.banking.iso20022 import samples


@pytest.mark.parametrize(
    ("given", "carried"),
    [
        ("  Smith\t&\r\nSons  ", "Smith & Sons"),
        ("Nul\x00 bell\x07 \ud800 end\ufffe", "Nul bell end"),
        ("深圳市供应链有限公司", "深圳市供应链有限公司"),
        ("x" * 71, "x" * 70),
        ("x" * 69 + " tail", "x" * 69),
        ("x" * 69 + "e\u0301", "x" * 69),
        ("\x00", "NOTPROVIDED"),
        ("", "NOTPROVIDED"),
    ],
)
def test_a_name_is_made_to_fit(given, carried):
    assert fields.name(given) == carried


@pytest.mark.parametrize("reference", ["", "x" * 36, " A", "A\nB", "A\x00"])
def test_a_reference_is_never_shortened_or_changed(reference):
    with pytest.raises(UnsendableMessage) as refused:
        fields.identifier("EndToEndId", reference)
    assert refused.value.code == "FIELD_INVALID"


@pytest.mark.parametrize("minor", [0, -1, 10**15, 1.0, True])
def test_a_transfer_is_of_a_positive_plausible_whole_amount(minor):
    with pytest.raises(UnsendableMessage) as refused:
        pain001.Transfer("E", None, minor, "EUR", "Name", samples.SUPPLIER)
    assert refused.value.code == "AMOUNT_INVALID"


def test_an_instant_without_a_zone_is_refused():
    with pytest.raises(UnsendableMessage):
        samples.initiation(created_at=datetime(2026, 3, 2))  # noqa: DTZ001


def test_a_message_without_payments_is_refused():
    with pytest.raises(UnsendableMessage):
        samples.initiation(payment_blocks=())


@pytest.mark.parametrize(
    ("number", "valid"),
    [
        ("DE89370400440532013000", True),
        ("FR1420041010050500013M02606", True),
        ("GB82WEST12345698765432", True),
        ("DE88370400440532013000", False),
        ("DE89370400440532013001", False),
        ("de89370400440532013000", False),
        ("", False),
    ],
)
def test_check_digits_of_an_iban(number, valid):
    assert iban.is_valid(number) is valid


def test_an_iban_is_made_with_its_check_digits():
    assert iban.make("DE", "370400440532013000") == "DE89370400440532013000"
