"""SMTP as the small programs of the mail system speak it: a server that hands on each message, and a client."""

import contextlib
import smtplib
import socketserver
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from processes import HOST


@dataclass(frozen=True)
class Mail:
    """A message in transit: envelope and content, lines ending in CRLF."""

    sender: str
    recipients: tuple[str, ...]
    data: bytes


Accept = Callable[[Mail], None]


def send(port: int, mail: Mail) -> None:
    """Hand a message to the SMTP server on `port`. Raises `smtplib.SMTPException` where it is refused."""
    with smtplib.SMTP(HOST, port, local_hostname="client.example.org", timeout=30) as line:
        line.sendmail(mail.sender, mail.recipients, mail.data)


class _Conversation(socketserver.StreamRequestHandler):
    """One SMTP conversation (RFC 5321, as much of it as Postfix needs)."""

    timeout = 30

    def say(self, text: str) -> None:
        self.wfile.write(text.encode("ascii") + b"\r\n")

    def handle(self) -> None:
        sender, recipients = "", []
        self.say("220 mail.example.com ESMTP")
        while line := self.rfile.readline(1000):
            verb, _, rest = line.decode("latin-1").strip().partition(" ")
            verb = verb.upper()
            if verb == "QUIT":
                self.say("221 bye")
                return
            if verb == "DATA":
                self.say("354 go on")
                self.server.accept(Mail(sender, tuple(recipients), self.content()))
            elif verb in ("MAIL", "RSET"):
                sender, recipients = _path(rest), []
            elif verb == "RCPT":
                recipients.append(_path(rest))
            elif verb == "EHLO":
                self.say("250-mail.example.com")
                self.say("250 8BITMIME")
                continue
            elif verb not in ("HELO", "NOOP"):
                self.say("500 what?")
                continue
            self.say("250 ok")

    def content(self) -> bytes:
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line[1:] if line.startswith(b".") else line)
        return b"".join(lines)


def _path(text: str) -> str:
    return text.partition("<")[2].partition(">")[0]


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, port: int, accept: Accept) -> None:
        super().__init__((HOST, port), _Conversation)
        self.accept = accept


@contextlib.contextmanager
def receiving(port: int, accept: Accept) -> Iterator[None]:
    """An SMTP server that calls `accept` with every message before it says that it has it."""
    with _Server(port, accept) as server:
        threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True).start()
        try:
            yield
        finally:
            server.shutdown()
