"""The two mailing lists: one hands mail on as it came, the other adds a footer; and where mail comes to rest."""

import queue
import re
from dataclasses import dataclass

from processes import PATIENCE

from .programs import TopologyError
from .smtp import Mail, send

FOOTER = b"-- \r\nYou receive this because you are on the list footer@lists.example.net.\r\n"


@dataclass(frozen=True)
class MailingList:
    """A list with one subscriber; what it sends enters by the port where mail from outside does."""

    address: str
    subscriber: str
    entrance: int
    footer: bytes = b""

    def __call__(self, mail: Mail) -> None:
        """Send a message on: envelope sender the list's own, header and body untouched but for the footer."""
        sender = self.address.replace("@", "-bounces@")
        send(self.entrance, Mail(sender, (self.subscriber,), mail.data + self.footer))


class Mailboxes:
    """Keeps what is delivered, until somebody asks for it by its Message-ID."""

    def __init__(self) -> None:
        self._arrived: queue.Queue[Mail] = queue.Queue()
        self._waiting: list[Mail] = []

    def __call__(self, mail: Mail) -> None:
        """Take a message."""
        self._arrived.put(mail)

    def wait_for(self, message_id: str, recipient: str) -> bytes:
        """The message as `recipient` got it. Raises `TopologyError` where it does not come."""
        wanted = re.compile(rb"^Message-ID: %b\r$" % re.escape(message_id.encode()), re.M | re.I)
        while True:
            for mail in self._waiting:
                if recipient in mail.recipients and wanted.search(mail.data):
                    self._waiting.remove(mail)
                    return mail.data
            try:
                self._waiting.append(self._arrived.get(timeout=PATIENCE))
            except queue.Empty:
                raise TopologyError(f"{message_id} did not reach {recipient}") from None
