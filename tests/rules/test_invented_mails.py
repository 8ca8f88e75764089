"""Invented messages: what each should make the bundled rules say, and wanted mail that must stay wanted."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from pyspamd.engine.engine import Engine
from pyspamd.engine.verdict import Verdict

SCORES = Path(__file__).resolve().parents[2] / "rules" / "50_scores.cf"
GTUBE = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"

RECEIVED = (
    "from mail.example.com (mail.example.com [203.0.113.10])\n\tby mx.example.net (Postfix) with ESMTPS id 4F2C1"
    "\n\tfor <bob@example.net>; Tue, 02 Apr 2024 10:00:05 +0000"
)
ORDINARY = {
    "Received": RECEIVED,
    "From": "Alice Miller <alice@example.com>",
    "To": "Bob <bob@example.net>",
    "Subject": "Lunch on Thursday",
    "Date": "Tue, 02 Apr 2024 10:00:00 +0000",
    "Message-ID": "<20240402100000.GA1234@mail.example.com>",
    "MIME-Version": "1.0",
    "Content-Type": "text/plain; charset=utf-8",
}


def mail(body: str = "See you there.\n", *more: str, **changed: str | None) -> bytes:
    """A message: `changed` headers (`Message_ID=…`; `None` leaves one out), then `more` header lines."""
    headers = ORDINARY | {name.replace("_", "-"): value for name, value in changed.items()}  # type: ignore[dict-item]
    lines = [f"{name}: {value}" for name, value in headers.items() if value is not None]
    return ("\n".join([*lines, *more]) + "\n\n" + body).encode()


def html(body: str, *more: str, **changed: str | None) -> bytes:
    """The same in HTML only."""
    page = f"<html><head><title>News</title></head><body>{body}</body></html>\n"
    return mail(page, *more, **({"Content_Type": "text/html; charset=utf-8"} | changed))


def attached(kind: str, name: str, text: str = "Please see the file.") -> bytes:
    """A text with one attachment, which is empty but for a word."""
    body = (
        f"--cut\nContent-Type: text/plain; charset=utf-8\n\n{text}\n"
        f'--cut\nContent-Type: {kind}; name="{name}"\n'
        f'Content-Disposition: attachment; filename="{name}"\n\nword\n--cut--\n'
    )
    return mail(body, Content_Type='multipart/mixed; boundary="cut"')


FEE = (
    "Dear friend,\n\nI am Barrister John Doe, attorney to the late Mr Smith, who died in a plane crash without a will. "
    "He left the sum of $9,500,000.00 in a bank here. I seek your assistance to transfer this fund into your account "
    "as his next of kin; your share will be 40% of the total. Treat this with utmost confidentiality.\n\n"
    "Send me your full name, private telephone and address. I await your urgent response. God bless you.\n"
)

SPEAKING: Sequence[tuple[str, bytes, Sequence[str]]] = (
    (
        "hidden character",
        mail(Subject="=?utf-8?q?Your_acc=E2=80=8Bount?="),
        ("NAME_UNSEEN_CHARS", "DISGUISE_SEVERAL"),
    ),
    (
        "fields twice",
        mail(
            "Hello.\n",
            "Subject: Another",
            "From: Carol <carol@example.org>",
            "Message-ID: <2@example.org>",
            "Date: Tue, 02 Apr 2024 10:00:01 +0000",
            "Content-Type: text/plain",
        ),
        (
            "HEADER_TWICE_SUBJECT",
            "HEADER_TWICE_FROM",
            "HEADER_TWICE_MSGID",
            "HEADER_TWICE_DATE",
            "HEADER_TWICE_TYPE",
        ),
    ),
    (
        "cheap host, impossible time",
        mail(
            Received="from mail.offers.icu (mail.offers.icu [203.0.113.77]) by mx.example.net (Postfix)"
            " with ESMTP id 7F1; Tue, 02 Apr 2024 25:10:05 +0000"
        ),
        ("RELAY_HOST_CHEAP", "RECEIVED_BAD_TIME"),
    ),
    (
        "household line",
        mail(
            Received="from localhost (198-51-100-7.dsl.pool.example.org [198.51.100.7]) by mx.example.net (Postfix)"
            " with SMTP id 7F1; Tue, 02 Apr 2024 10:00:05 +0000"
        ),
        ("RELAY_HOME_LINE", "RELAY_NAME_IS_NUMBER", "HELO_NO_DOT", "HELO_HOME_NAME"),
    ),
    ("odd type", mail(Content_Type="html; charset=utf-8"), ("TYPE_UNUSUAL",)),
    ("odd charset", mail(Content_Type="text/plain; charset=iso-1234-5"), ("CHARSET_INVENTED",)),
    (
        "references",
        mail("&#x0442;&#x0435;&#x0441;&#x0442; &#x0442;&#x0435;\n" * 3),
        ("REFERENCES_FOR_LETTERS",),
    ),
    ("a program", attached("application/octet-stream", "setup.exe"), ("ATTACHED_PROGRAM",)),
    ("two endings", attached("application/octet-stream", "bill.pdf.exe"), ("ATTACHED_TWO_ENDINGS",)),
    ("a disk", attached("application/octet-stream", "order.iso"), ("ATTACHED_IMAGE_DISK",)),
    ("macros", attached("application/vnd.ms-word", "offer.docm"), ("ATTACHED_MACROS",)),
    ("under cover", attached("image/png", "photo.js"), ("ATTACHED_UNDER_COVER", "ATTACHED_PROGRAM")),
    (
        "order to run",
        attached(
            "application/zip",
            "po.zip.exe",
            "Kindly find attached our purchase order and quote your best price.",
        ),
        ("ORDER_ATTACHED", "ORDER_STRANGER", "ORDER_WITH_DANGER", "ATTACHED_TWO_ENDINGS"),
    ),
    (
        "page to fill in",
        attached("text/html", "secure.html", "Your mailbox is almost full: confirm your account."),
        ("ATTACHED_WEB_PAGE", "PHISH_WEB_PAGE", "PHISH_MAILBOX"),
    ),
    ("picture only", html('<img src="cid:1"> Hello'), ("HTML_PICTURE_ONLY_200", "HTML_WITHOUT_TEXT")),
    (
        "a form and a way out",
        html(
            '<meta http-equiv="refresh" content="1; url=http://example.org/">'
            '<form action="http://example.org/"><input name="p" type="password"></form>'
        ),
        ("HTML_FORM_SECRET", "HTML_REFRESH"),
    ),
    ("letters as codes", html("&#104;" * 20), ("HTML_LETTERS_AS_CODES",)),
    ("link as codes", html('<a href="http://&#101;&#120;ample.org/">here</a>'), ("HTML_LINK_AS_CODES",)),
    (
        "split words",
        html("ca&shy;si&shy;no and ac<!-- x -->cou<!-- y -->nt"),
        ("HTML_WORD_SPLITTERS", "HTML_COMMENT_IN_WORD"),
    ),
    ("foreign host", mail("http://xn--bcher-kva.example.org/\n"), ("URI_HOST_PUNYCODE",)),
    (
        "another target",
        html('<a href="http://203.0.113.9/x">https://bank.example.com/</a>'),
        ("URI_IP_UNDER_HTTPS", "URI_HOST_IS_IP"),
    ),
    (
        "links of many kinds",
        mail(
            "http://1234567890/ http://bank.example.com@203.0.113.9/a http://203.0.113.9:4444/x\n"
            "http://paypal.account-update.example.org/ https://example.org/wp-includes/x/index.php http://offers.icu/\n"
        ),
        (
            "URI_HOST_IS_NUMBER",
            "URI_USER_BEFORE_HOST",
            "URI_PORT_ODD",
            "URI_HOST_LURE",
            "URI_BROKEN_INTO",
            "URI_HOST_CHEAP",
        ),
    ),
    (
        "pills",
        mail("Cheap v@lium, c1alis and vi@gra. No prescription needed.\n"),
        ("DRUG_CALM", "DRUG_DISGUISED", "DRUG_NO_DOCTOR"),
    ),
    ("Dutch", mail("Uw rekening is tijdelijk geblokkeerd.\n"), ("PHISH_NL_IT",)),
    ("German", mail("Ihr Konto wurde gesperrt.\n"), ("PHISH_DE",)),
    ("Spanish", mail("Su cuenta ha sido bloqueada.\n"), ("PHISH_ES",)),
    ("French", mail("Votre compte est suspendu.\n"), ("PHISH_FR",)),
    ("Portuguese", mail("Sua conta foi bloqueada.\n"), ("PHISH_PT",)),
    (
        "three marks of extortion",
        mail(
            "My malware has infected your device.\nSend 900 dollars in bitcoin to my wallet.\nYou have 48 hours.\n"
        ),
        ("BLACKMAIL_3",),
    ),
    (
        "extortion",
        mail(
            "I hacked your computer.\n\nI recorded a video of you with your webcam on an adult site.\n\n"
            "Pay 900 dollars in bitcoin to my wallet, or I will send it to all your contacts.\n\nYou have 48 hours.\n"
        ),
        ("BLACKMAIL_4", "BLACKMAIL_5"),
    ),
    (
        "advance fee",
        mail(FEE, Reply_To="lawyer99@gmail.com"),
        ("ADVANCE_FEE_10", "ADVANCE_FEE_FREEMAIL", "REPLY_TO_FREEMAIL"),
    ),
    (
        "lottery",
        mail(
            "Congratulations, you have won! Winning number 12-34. Claim the sum of $1,000,000.00 from our agent.\n"
        ),
        ("LOTTERY_WON", "PRIZE_WON"),
    ),
    (
        "stock tip",
        mail(
            "Symbol: ABCD\n\nTarget price: $4.50. Strong buy, undervalued!\n\nForward-looking statements apply.\n"
        ),
        ("STOCK_TIP_3",),
    ),
    (
        "bill",
        mail(
            "Your subscription for Norton was renewed, 399 USD were charged.\n\n"
            "To cancel the payment call customer support at +1 (888) 555-0100.\n"
        ),
        ("BILL_TO_CALL_ABOUT",),
    ),
    (
        "account trouble",
        mail(
            "Dear customer,\n\nUnusual sign-in activity was seen. Your account has been suspended.\n\n"
            "Verify your account within 24 hours, or it will be permanently deleted:\nhttps://example.weebly.com/login\n",
            From="PayPal Support <info@example.com>",
        ),
        ("PHISH_MANY", "PHISH_DOUBTFUL_LINK", "PHISH_IMPERSONATES", "FROM_BRAND_ELSEWHERE"),
    ),
    (
        "a prize",
        mail(
            "You have been selected as one of our winners! Complete a short survey to claim your gift card.\n\nhttp://offers.icu/x\n",
            Subject="Congratulations, winner!",
        ),
        ("PRIZE_SEVERAL", "PRIZE_SURVEY", "PRIZE_DOUBTFUL_LINK", "SUBJ_PRIZE"),
    ),
    (
        "easy money",
        mail(
            "Earn $5,000 a week working from home! Be your own boss, financial freedom, no experience needed.\n\n"
            "Act now, limited time offer, 100% money-back guarantee, risk free, order now: call 1-800-555-0100.\n"
        ),
        ("MONEY_MUCH", "PUSH_ALL_AT_ONCE"),
    ),
    (
        "dice",
        mail(Date="Tue, 02 Apr 2024 10:00:00 -1900", Message_ID="<abc>"),
        ("DATE_ZONE_ODD", "MSGID_HALF"),
    ),
    (
        "no headers",
        mail(Date=None, Message_ID=None),
        ("DATE_ABSENT", "MSGID_ABSENT", "DATE_AND_HEADERS_WRONG"),
    ),
    (
        "two alphabets",
        mail("Your p\u0430yment.\n", Subject="=?utf-8?b?UNCweVBhbA==?="),
        ("NAME_MIXED_ALPHABET", "TEXT_MIXED_ALPHABET"),
    ),
    ("no reply to it", mail(Subject="Re: your offer"), ("SUBJ_REPLY_TO_NOTHING",)),
    ("a template", mail(Subject="Hello {First Name}"), ("TEMPLATE_UNFILLED",)),
)

WANTED: Sequence[tuple[str, bytes]] = (
    ("ordinary", mail()),
    (
        "answer",
        mail(
            "On Monday Bob wrote:\n> Do you have the file?\n\nYes, it is attached to the ticket.\n",
            "In-Reply-To: <1@mail.example.net>",
            "References: <1@mail.example.net>",
            Subject="Re: the file",
        ),
    ),
    (
        "patch",
        mail(
            "Fix a leak when the probe fails.\n\nSigned-off-by: Alice Miller <alice@example.com>\n---\n"
            " drivers/x.c | 2 +-\n 1 file changed, 1 insertion(+), 1 deletion(-)\n\n-\treturn ret;\n+\tgoto out;\n",
            "List-Id: <dev.lists.example.org>",
            Subject="[PATCH v2 3/7] net: foo: free the buffer on error",
        ),
    ),
    (
        "order confirmation",
        html(
            "<p>Dear customer, thank you for your order #AB1234. Your invoice is attached.</p>"
            "<p>We will tell you when your parcel is on its way.</p><p><a href='https://shop.example.com/order/1'>"
            "View your order</a></p>",
            From="Example Shop <orders@shop.example.com>",
            Subject="Your order AB1234 at Example Shop",
        ),
    ),
    (
        "password reset",
        mail(
            "Hello Bob,\n\nsomebody asked to reset your password. Follow this link within 24 hours:\n"
            "https://www.example.com/reset?code=5f2c9a\n\nIf this was not you, please ignore this message.\n",
            From="Example <no-reply@example.com>",
            Subject="Reset your password",
        ),
    ),
    (
        "parcel",
        html(
            "<p>Your parcel will be delivered tomorrow.</p>"
            "<p><a href='https://www.dhl.com/track/1'>Track your parcel</a></p>",
            From="DHL Parcel <noreply@dhl.com>",
            Subject="Your parcel is on its way",
        ),
    ),
    (
        "newsletter",
        html(
            "<div style='display:none;font-size:0'>This week: three new books, and 20% off until Sunday.</div>"
            "<h1>News of the week</h1><p>Save up to 20% on selected titles. Free shipping from $30.</p><img src='https://www.example.com/a.png'>"
            + "<p>A longer text about a new book, its author, and why we like it so much that we tell you.</p>"
            * 8
            + "<p>You receive this newsletter because you signed up. <a href='https://www.example.com/u/1'>Unsubscribe</a></p>",
            "List-Unsubscribe: <https://www.example.com/u/1>",
            From="Example Books <news@example.com>",
            Subject="Three new books, 20% off this week!",
        ),
    ),
    (
        "bank",
        mail(
            "Dear Mr Miller,\n\na new sign-in to your account was made from a new device. If this was you, there is "
            "nothing to do. Otherwise call your branch.\n\nYour bank\n",
            From="Example Bank <alerts@bank.example.com>",
            Subject="New sign-in to your account",
        ),
    ),
    (
        "pull request",
        mail(
            "@bob commented on this pull request.\n\n> +    return free(buffer);\n\nDoes this not free it twice?\n\n"
            "-- \nReply to this email directly or view it on the site:\nhttps://git.example.com/example/project/pull/12\n",
            "List-Id: example/project <project.example.git.example.com>",
            From="Bob <notifications@git.example.com>",
            Reply_To="example/project <reply+AB12CD34@reply.git.example.com>",
            To="example/project <project@noreply.git.example.com>",
            Subject="Re: [example/project] Free the buffer (#12)",
        ),
    ),
    (
        "payment receipt",
        html(
            "<p>Hello Bob Brown,</p><p>You sent a payment of $25.00 USD to Example Books. It may take a few moments for"
            " this transaction to appear in your account.</p><p>Transaction ID: 5AB12345CD678901E</p>"
            "<p>Questions? Call 1-888-555-0100 or visit the help center.</p>",
            From="PayPal <service@paypal.com>",
            Subject="Receipt for your payment to Example Books",
        ),
    ),
    (
        "sale",
        html(
            "<div style='display:none;font-size:1px;max-height:0'>Ends tonight: 30% off, and free shipping.</div>"
            "<a href='https://www.example.com/sale'><img src='https://www.example.com/s.png' width=600 height=300></a>"
            + "<p>New dresses, shoes and bags. Order now and save up to 30% on selected items. Limited time only.</p>"
            * 4
            + "<p><a href='https://www.example.com/sale'>Shop now</a></p><p>You are receiving this email because you"
            " signed up at our site. <a href='https://www.example.com/u'>Unsubscribe</a></p>",
            "List-Unsubscribe: <https://www.example.com/u>",
            From="Example Fashion <hello@mail.example.com>",
            Subject="=?utf-8?q?Last_chance:_30=25_off_ends_tonight!_=F0=9F=8E=89?=",
        ),
    ),
)


def hits(verdict: Verdict) -> set[str]:
    return {hit.rule for hit in verdict.hits}


def test_every_rule_has_hit_something() -> None:
    """In the corpus, by the counts beside the scores, or in an invented message below."""
    counted = re.findall(r"^score (\w+) .*# (\d+) : (\d+) <= \S+$", SCORES.read_text("latin-1"), re.MULTILINE)
    assert len(counted) >= 300
    invented = {rule for _, _, rules in SPEAKING for rule in rules}
    needs_a_setting = {"HEADER_FOREIGN_SCRIPT", "BODY_FOREIGN_SCRIPT"}
    assert {rule for rule, spam, ham in counted if spam == ham == "0"} - invented == needs_a_setting


@pytest.mark.parametrize(
    ("message", "expected"), [case[1:] for case in SPEAKING], ids=[case[0] for case in SPEAKING]
)
def test_invented_spam(engine: Engine, message: bytes, expected: tuple[str, ...]) -> None:
    assert set(expected) - hits(engine.check_sync(message)) == set()


@pytest.mark.parametrize(
    "name", ["extortion", "advance fee", "account trouble", "easy money", "links of many kinds"]
)
def test_unmistakable_spam_is_taken_for_spam(engine: Engine, name: str) -> None:
    """By words and links alone: nothing is wrong with the rest of these messages."""
    message = next(case[1] for case in SPEAKING if case[0] == name)
    verdict = engine.check_sync(message)
    assert verdict.is_spam, {hit.rule: hit.score for hit in verdict.hits}


def test_foreign_scripts_count_where_locales_are_set(
    engine: Engine, engine_of: Callable[..., Engine]
) -> None:
    body = "\u043f\u0440\u0438\u0432\u0435\u0442 \u043c\u0438\u0440\n".encode("koi8-r") * 5
    head = mail("", Subject="=?koi8-r?b?8NLJ18XU?=", Content_Type="text/plain; charset=koi8-r")
    found = hits(engine_of(cf=("ok_locales en",)).check_sync(head + body))
    assert {"HEADER_FOREIGN_SCRIPT", "BODY_FOREIGN_SCRIPT"} <= found
    assert not {"HEADER_FOREIGN_SCRIPT", "BODY_FOREIGN_SCRIPT"} & hits(engine.check_sync(head + body))


@pytest.mark.parametrize("message", [case[1] for case in WANTED], ids=[case[0] for case in WANTED])
def test_wanted_mail_stays_far_from_the_threshold(engine: Engine, message: bytes) -> None:
    verdict = engine.check_sync(message)
    assert verdict.score < 4, {hit.rule: hit.score for hit in verdict.hits}


def test_an_ordinary_mail_hits_nothing_and_the_test_string_everything(engine: Engine) -> None:
    assert hits(engine.check_sync(mail())) == set()
    verdict = engine.check_sync(mail(GTUBE + "\n"))
    assert verdict.is_spam
    assert "GTUBE" in hits(verdict)
