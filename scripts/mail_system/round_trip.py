"""The mail that goes round, and what is to be seen of it on the way."""

import re
import smtplib
from dataclasses import dataclass, field
from email.utils import formatdate

from .keys import SigningKey, sign_dkim, sign_domainkeys
from .lists import Mailboxes
from .postfix import Ports
from .scorer import Log, Verdict
from .smtp import Mail, send

AUTHOR = "ann@example.com"
READER = "bob@example.com"
STRANGER = "carol@example.org"

HEADER = (
    "From: {sender}\r\nTo: {recipient}\r\nSubject: {subject}\r\nDate: {date}\r\nMessage-ID: {id}\r\n"
    "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
)
BODY = """\
Dear all,

the minutes of {subject} are written, and everybody who was there has read them. Whoever finds a mistake
finds it before Friday. A line of full stops follows, for those who count them:
.
..
Grüße,
Ann
"""


@dataclass(frozen=True)
class Trip:
    """One message and what became of it."""

    name: str
    verdicts: list[Verdict]
    delivered: bytes = field(repr=False)
    refused: str = ""
    """What Postfix said where it did not take the message."""

    @property
    def is_signed(self) -> bool:
        """Whether it has a DKIM signature where it came to rest."""
        return re.search(rb"^DKIM-Signature:", self.header, re.M | re.I) is not None

    @property
    def header(self) -> bytes:
        """The header as delivered, unfolded."""
        return re.sub(rb"\r\n[ \t]+", b" ", self.delivered.partition(b"\r\n\r\n")[0])

    @property
    def status(self) -> str:
        """amavisd-new's X-Spam-Status, empty where it set none."""
        found = re.search(rb"^X-Spam-Status: ([^\r]*)", self.header, re.M | re.I)
        return found[1].decode("latin-1") if found else ""


class RoundTrip:
    """Sends mail and follows it."""

    def __init__(self, ports: Ports, boxes: Mailboxes, log: Log) -> None:
        self._ports = ports
        self._boxes = boxes
        self._log = log

    def submit(self, name: str, recipient: str, comes_to: str, passes: int) -> Trip:
        """One of our users writes; the message passes pyspamd `passes` times until it comes to `comes_to`."""
        message_id, data = _message(name, AUTHOR, recipient, name)
        send(self._ports.submission, Mail(AUTHOR, (recipient,), data))
        return self._follow(name, message_id, comes_to, passes)

    def receive(
        self,
        name: str,
        key: SigningKey | None,
        *,
        domainkeys: bool = False,
        words: str = "",
        more: str = "",
        by_milter: bool = False,
    ) -> Trip:
        """Somebody from outside writes to one of our users, and signs where there is a key.

        Messages with the same `words` have the same subject and body; `more` is added to the body.
        """
        message_id, data = _message(name, STRANGER, READER, words or name, more)
        if key is not None:
            data = sign_domainkeys(data, key) if domainkeys else sign_dkim(data, key)
        try:
            send(
                self._ports.milter_entrance if by_milter else self._ports.entrance,
                Mail(STRANGER, (READER,), data),
            )
        except smtplib.SMTPDataError as error:
            refused = f"{error.smtp_code} {error.smtp_error.decode('latin-1')}"
            return Trip(name, self._log.wait_for(message_id, 1), b"", refused)
        return self._follow(name, message_id, READER, 1)

    def _follow(self, name: str, message_id: str, comes_to: str, passes: int) -> Trip:
        delivered = self._boxes.wait_for(message_id, comes_to)
        return Trip(name, self._log.wait_for(message_id, passes), delivered)


def _message(name: str, sender: str, recipient: str, words: str, more: str = "") -> tuple[str, bytes]:
    message_id = f"<{name}@{sender.partition('@')[2]}>"
    subject = f"the {words} meeting"
    header = HEADER.format(
        sender=sender, recipient=recipient, subject=subject, date=formatdate(), id=message_id
    )
    body = (BODY.format(subject=subject) + more).replace("\n", "\r\n")
    return message_id, (header + body).encode("utf-8")
