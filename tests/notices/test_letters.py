"""A mail looks and reads like the portal, in HTML and in plain text, and says the same in both."""

from datetime import UTC, datetime
from email import message_from_bytes, policy
from html.parser import HTMLParser

import pytest
from django.core import mail
from django.test import override_settings

from portal.shared.mail import Letter, Line, absolute, message, speaking

AT = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)
FULL = Letter(
    subject="Two things happened",
    title="Good morning",
    pretitle="Amphora",
    paragraphs=("This is what happened since yesterday.",),
    lines=(Line("EUR 900.00 < is on the account", "https://portal.example/a", AT, "At once"), Line("Overdue")),
    action="Open Portolan",
    url="https://portal.example/",
    after=("It holds for a day.",),
    why="You act for Amphora.",
    settings_url="https://portal.example/accounts/notices/",
    unsubscribe_url="https://portal.example/notices/unsubscribe/" + "x" * 90 + "/",
)


class Words(HTMLParser):
    def __init__(self, text: str):
        super().__init__()
        self.words, self.hidden = [], 0
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.hidden += tag in ("style", "title")

    def handle_endtag(self, tag):
        self.hidden -= tag in ("style", "title")

    def handle_data(self, data):
        self.words += [] if self.hidden else data.split()


def received(letter: Letter, **kwargs):
    """The mail as it arrives after it went over the wire."""
    return message_from_bytes(
        message(letter, to="ana@amphora.example", **kwargs).message().as_bytes(), policy=policy.default
    )


def both(letter: Letter) -> tuple[str, str]:
    arrived = received(letter)
    return tuple(arrived.get_body((kind,)).get_content() for kind in ("plain", "html"))


def test_html_and_text_say_the_same():
    plain, html = both(FULL)
    said = Words(html).words
    for part in (
        "Good morning",
        "Amphora",
        "EUR 900.00 < is on the account",
        "At once",
        "Open Portolan",
        "It holds for a day.",
    ):
        assert part in plain and part in " ".join(said)
    assert "EUR 900.00 &lt; is" in html
    for address in (FULL.url, FULL.lines[0].url, FULL.settings_url, FULL.unsubscribe_url):
        assert address in plain and address in html


def test_an_instant_is_told_in_the_zone_and_language_of_who_reads():
    with speaking("en", "Asia/Shanghai"):
        assert "3 Mar 2026" in both(FULL)[0] or "Mar 3, 2026" in both(FULL)[0]
        assert "CST" in both(FULL)[0]
    with speaking("zh-hans", "UTC"):
        plain, html = both(FULL)
        assert "2026年3月2日" in plain
        assert 'lang="zh-hans"' in html


def test_it_can_be_turned_off_by_one_click_and_the_address_arrives_whole():
    arrived = received(FULL)
    assert arrived["List-Unsubscribe"] == f"<{FULL.unsubscribe_url}>"
    # A machine reads the bytes: an encoded address would be followed by none.
    raw = message(FULL, to="ana@amphora.example").message().as_bytes()
    assert f"List-Unsubscribe: <{FULL.unsubscribe_url}>\n".encode() in raw
    assert arrived["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert received(Letter(subject="Confirm"))["List-Unsubscribe"] is None


@override_settings(PUBLIC_URL="https://portal.example")
def test_a_mail_that_may_be_sent_twice_is_known_by_its_number():
    assert received(FULL, message_id="notices-7")["Message-ID"] == "<notices-7@portal.example>"
    assert received(FULL)["Message-ID"].endswith("@portal.example>")
    assert absolute("/events/") == "https://portal.example/events/"


def test_a_subject_of_several_lines_injects_no_header():
    arrived = received(Letter(subject="Amphora\nBcc: mallory@example.com"))
    assert arrived["Subject"] == "Amphora Bcc: mallory@example.com"
    assert arrived["Bcc"] is None


def test_a_letter_without_lists_and_buttons_has_none():
    plain, html = both(Letter(subject="Your code", paragraphs=("Type it.",), code="ABC-123"))
    assert "ABC-123" in plain and "ABC-123" in html
    assert "None" not in plain and "None" not in html
    assert "as an address" not in html and "No more mails" not in html


# ── mails about the account ──────────────────────────────────────────────────────────────────────────────────────────
@pytest.fixture
def ana(db, django_user_model):
    user = django_user_model.objects.create_user("ana@amphora.example", "compass-rose-1492")
    user.emailaddress_set.create(email=user.email, primary=True, verified=True)
    return user


def test_a_forgotten_password_is_answered_in_our_words(ana, client):
    client.post("/accounts/password/reset/", {"email": ana.email})
    (sent,) = mail.outbox
    assert (sent.subject, sent.to) == ("Set a new password", [ana.email])
    assert "/accounts/password/reset/key/" in sent.body
    assert "Somebody, most likely you, asked for a new password" in sent.alternatives[0].content
    assert "example.com" not in sent.body


def test_who_is_not_known_gets_a_mail_that_tells_so_to_the_mailbox_only(db, client):
    client.post("/accounts/password/reset/", {"email": "nobody@nowhere.example"})
    (sent,) = mail.outbox
    assert sent.subject == "We know no account of this address"
    assert "nobody@nowhere.example" in sent.body


def test_a_changed_password_is_told_to_its_owner(ana, client):
    client.force_login(ana, backend="django.contrib.auth.backends.ModelBackend")
    client.post("/accounts/password/change/", {
        "oldpassword": "compass-rose-1492", "password1": "sextant-rose-1493", "password2": "sextant-rose-1493",
    }, headers={"user-agent": "Chart Room 7"})  # fmt: skip
    (sent,) = mail.outbox
    assert (sent.subject, sent.to) == ("Your password was changed", [ana.email])
    assert "From the address 127.0.0.1" in sent.body and "Chart Room 7" in sent.body
    ana.refresh_from_db()
    assert ana.check_password("sextant-rose-1493")


@override_settings(MAILERS={"default": {
    "BACKEND": "django.core.mail.backends.smtp.EmailBackend", "OPTIONS": {"host": "127.0.0.1", "port": 9},
}})  # fmt: skip
def test_a_mail_server_that_is_down_undoes_no_change(ana, client):
    client.force_login(ana, backend="django.contrib.auth.backends.ModelBackend")
    given = {"oldpassword": "compass-rose-1492", "password1": "sextant-rose-1493", "password2": "sextant-rose-1493"}
    assert client.post("/accounts/password/change/", given).status_code == 302
    ana.refresh_from_db()
    assert ana.check_password("sextant-rose-1493")
