"""Runs other programs on what messages carry, within limits of time, output and memory.

    ran = await run_program(["/usr/bin/pdftotext", "{}", "-"], content, seconds=5)
    ran.output, ran.status          # what it wrote, and 0 where it went well

The content is put into a file that only this user can read; `{}` in an argument stands for its name.
"""

import asyncio
import contextlib
import os
import signal
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

try:
    import resource
except ImportError:  # not on this system; there programs run without a limit of memory
    resource = None  # type: ignore[assignment]

MOST_OUTPUT: Final = 8 * 2**20
"""Bytes of a program's output that are used."""
LARGEST_FILE: Final = 64 * 2**20
"""Bytes a program may write to any file, its output included; one that writes more is ended."""
MOST_MEMORY: Final = 2 * 2**30
"""Bytes of address space a program may have."""
MOST_ERROR: Final = 4096


@dataclass(frozen=True, slots=True)
class Ran:
    """What a program did: its output, its exit status and the first line of its complaints.

    `status` is `None` where it was ended for taking too long or writing too much.
    """

    output: bytes
    status: int | None
    error: str = ""


async def run_program(
    command: Sequence[str], content: bytes, *, seconds: float, env: Mapping[str, str] | None = None
) -> Ran:
    """Run a program (no shell) on some content for at most so many seconds; never raises on what the program does."""
    # Output goes to files: pipes would have to be emptied even after the program was ended.
    with (
        tempfile.NamedTemporaryFile(prefix="pyspamd-") as file,
        tempfile.TemporaryFile() as output,
        tempfile.TemporaryFile() as complaints,
    ):
        file.write(content)
        file.flush()
        arguments = [word.replace("{}", file.name, 1) for word in command]
        try:
            process = await asyncio.create_subprocess_exec(
                *arguments,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=complaints,
                env={**os.environ, **(env or {})},
                start_new_session=True,
            )
        except OSError as error:
            return Ran(b"", 127, f"{command[0]}: {error.strerror}")
        _limit(process.pid)
        in_time = await _wait(process, seconds)
        output.seek(0)
        complaints.seek(0)
        written = output.read(MOST_OUTPUT)
        whole = in_time and not output.read(1)
        line = complaints.read(MOST_ERROR).partition(b"\n")[0].decode("latin-1")
        return Ran(written, process.returncode if whole else None, line)


async def _wait(process: asyncio.subprocess.Process, seconds: float) -> bool:
    """Wait for a program's end; false where it had to be ended."""
    try:
        async with asyncio.timeout(seconds):
            await process.wait()
        return True
    except TimeoutError:
        return False
    finally:
        _end(process)
        await process.wait()


def _limit(pid: int) -> None:
    if resource is not None and hasattr(resource, "prlimit"):
        with contextlib.suppress(OSError, ValueError):
            resource.prlimit(pid, resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (LARGEST_FILE, LARGEST_FILE))


def _end(process: asyncio.subprocess.Process) -> None:
    """End a program, or what it has left behind."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
