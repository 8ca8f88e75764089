"""TLS without sockets: ciphertext in, plain text out, and the other way round.

asyncio's own TLS gives a connection up when the client has said that it will send no more; spamc says so as
soon as it has sent its message, and wants its answer all the same.
"""

import contextlib
import ssl


class TlsSession:
    """The server's side of one TLS connection."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._object = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self.is_established = False
        self.is_finished = False
        """Whether the client will send nothing more."""

    @property
    def cipher(self) -> str:
        """Protocol and cipher as spamd's log has them, `TLSv1_3/TLS_AES_256_GCM_SHA384`."""
        cipher = self._object.cipher()
        version = str(self._object.version()).replace(".", "_")
        return f"{version}/{cipher[0] if cipher else 'none'}"

    def receive(self, data: bytes) -> bytes:
        """The plain text that `data` completes. Raises `ssl.SSLError` on what is no TLS."""
        self._incoming.write(data)
        if not self.is_established:
            try:
                self._object.do_handshake()
            except ssl.SSLWantReadError:
                return b""
            self.is_established = True
        plain: list[bytes] = []
        try:
            while chunk := self._object.read(65536):
                plain.append(chunk)
            self.is_finished = True
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            self.is_finished = True
        return b"".join(plain)

    def send(self, data: bytes) -> None:
        """Encrypt; `outgoing()` has the result."""
        if data:
            self._object.write(data)

    def finish(self) -> None:
        """Say that we send nothing more."""
        with contextlib.suppress(ssl.SSLError):
            self._object.unwrap()

    def outgoing(self) -> bytes:
        """Ciphertext that is to be sent."""
        return self._outgoing.read()
