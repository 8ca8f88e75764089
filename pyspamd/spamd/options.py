"""How a server is to run: the command line's choices as one frozen record, and why it may not start."""

from dataclasses import dataclass, field
from enum import IntEnum

from ..base.errors import PyspamdError
from ..base.ipset import IPSet
from .request import DEFAULT_MAX_SIZE, Limits


class Exit(IntEnum):
    """Exit statuses of the server, numbered as in sysexits.h."""

    OK = 0
    USAGE = 64
    """Options that contradict one another or are not supported."""
    NO_USER = 67
    """A user or group that does not exist."""
    UNAVAILABLE = 69
    """No socket could be opened to listen on."""
    SOFTWARE = 70
    """A fault of our own; what is known of it stands in the log."""
    CANNOT_CREATE = 73
    """The pid file cannot be written."""
    NO_PERMISSION = 77
    """Only root may do what the options ask for."""
    CONFIG = 78
    """The configuration, or a certificate, cannot be used."""


class StartError(PyspamdError):
    """A server that cannot start; `status` is what the process exits with."""

    def __init__(self, text: str, status: Exit) -> None:
        super().__init__(text)
        self.status = status


@dataclass(frozen=True, slots=True)
class TlsOptions:
    """Files of TLS (PEM); `ca_file` and `ca_path` make clients show a certificate."""

    certificate: str = "/etc/spamassassin/certs/server-cert.pem"
    key: str = "/etc/spamassassin/certs/server-key.pem"
    verify: bool = False
    ca_file: str | None = None
    ca_path: str | None = None


@dataclass(frozen=True, slots=True)
class UserOptions:
    """Whose preferences are read, and as whom the workers run."""

    user: str | None = None
    """`-u`: the user that workers become; otherwise, started by root, whoever the mail is for."""
    group: str | None = None
    default_user: str = "nobody"
    user_config: bool = True
    create_prefs: bool = False
    virtual_config_dir: str | None = None
    paranoid: bool = False
    helper_home: str | None = None
    """`-H`: the directory that helpers take for their home; empty: the user's own."""

    @property
    def reads_preferences(self) -> bool:
        """Whether users may have preferences at all."""
        return self.user_config or bool(self.virtual_config_dir)


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """All that a server needs to know beside the scorer; times are seconds, `None` for no limit."""

    listen: tuple[str, ...] = ("localhost",)
    port: str | None = None
    ssl: bool = False
    ssl_port: str | None = None
    tls: TlsOptions = TlsOptions()
    families: str = "46"
    """Which of IPv4 and IPv6 may be listened on."""
    socket_owner: str | None = None
    socket_group: str | None = None
    socket_mode: int = 0o666
    allowed: IPSet = field(default_factory=lambda: IPSet(("127.0.0.1", "::1")))
    allow_tell: bool = False
    timeout_tcp: float | None = 30.0
    timeout_child: float | None = 300.0
    max_children: int = 5
    min_children: int = 1
    min_spare: int = 1
    max_spare: int = 2
    scaling: bool = True
    """Whether the number of workers follows the load (`--round-robin` turns that off)."""
    max_connections_per_child: int = 5000
    open_connections: int = 256
    """How many connections one worker holds at once; more wait in the kernel's queue."""
    scans_at_once: int = 16
    """How many messages one worker has in hand while they wait for the network."""
    max_size: int = DEFAULT_MAX_SIZE
    memory_for_bodies: int = 256 * 1024 * 1024
    """How many bytes of incoming messages one worker holds at once."""
    watch: float = 10.0
    """How often to look whether the configuration's files have changed; 0: never."""
    pid_file: str | None = None
    daemonize: bool = False
    timing: bool = False
    users: UserOptions = UserOptions()

    @property
    def speaks_tls(self) -> bool:
        """Whether TLS is wanted anywhere."""
        named = any(place.lower().startswith("ssl:") for place in self.listen)
        return self.ssl or self.ssl_port is not None or named

    @property
    def limits(self) -> Limits:
        """The most that is read of one request."""
        return Limits(body=self.max_size)
