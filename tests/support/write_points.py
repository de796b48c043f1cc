"""Stop a process at the n-th system call that changes a file in a folder.

The kernel reports each such call before it happens (ptrace, with a seccomp filter so that nothing else is slowed down). It does not
matter who makes the call: Python, DuckDB, Arrow, or dbt in its own process. So all moments at which a crash matters can be numbered, and
the same number is the same moment in the next run. This works on Linux only.
"""

from __future__ import annotations

import ctypes
import os
import platform
import signal
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

# the numbers of the write calls, by architecture
_CALLS = {
    "x86_64": {
        "write": 1, "pwrite64": 18, "writev": 20, "pwritev": 296, "ftruncate": 77, "fallocate": 285, "openat": 257, "open": 2,
        "rename": 82, "renameat": 264, "renameat2": 316, "unlink": 87, "unlinkat": 263, "rmdir": 84, "mkdir": 83, "mkdirat": 258,
        "symlink": 88, "symlinkat": 266, "chmod": 90, "fchmodat": 268, "link": 86, "linkat": 265, "copy_file_range": 326,
    },
    "aarch64": {
        "write": 64, "pwrite64": 68, "writev": 66, "pwritev": 70, "ftruncate": 46, "fallocate": 47, "openat": 56, "renameat": 38,
        "renameat2": 276, "unlinkat": 35, "mkdirat": 34, "symlinkat": 36, "fchmodat": 53, "linkat": 37, "copy_file_range": 285,
    },
}  # fmt: skip
_AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_BY_DESCRIPTOR = {
    "write": 0,
    "pwrite64": 0,
    "writev": 0,
    "pwritev": 0,
    "ftruncate": 0,
    "fallocate": 0,
    "copy_file_range": 2,
}
# (argument with the folder's descriptor or null, argument with the path) of the path that the call makes or removes
_BY_PATH: dict[str, tuple[int | None, int]] = {
    "openat": (0, 1), "open": (None, 0), "rename": (None, 1), "renameat": (2, 3), "renameat2": (2, 3), "unlink": (None, 0),
    "unlinkat": (0, 1), "rmdir": (None, 0), "mkdir": (None, 0), "mkdirat": (0, 1), "symlink": (None, 1), "symlinkat": (1, 2),
    "chmod": (None, 0), "fchmodat": (0, 1), "link": (None, 1), "linkat": (2, 3),
}  # fmt: skip
# calls that change nothing, and return an error that their callers expect, unless the path exists (true) or is missing (false)
_NEEDS = {"mkdir": False, "mkdirat": False, "unlink": True, "unlinkat": True, "rmdir": True}
_ALONE = {"kill one": signal.SIGKILL, "interrupt": signal.SIGINT}
_CREATING = os.O_CREAT | os.O_TRUNC

_SEIZE, _CONT, _GETEVENTMSG, _GET_SYSCALL_INFO, _LISTEN = 0x4206, 7, 0x4201, 0x420E, 0x4208
# follow clones, forks and execs; report the filter's hits; kill all processes when the tracer ends
_OPTIONS = 0x2 | 0x4 | 0x8 | 0x10 | 0x80 | 0x100000
_EVENT_SECCOMP, _EVENT_STOP, _WALL = 7, 128, 0x40000000
_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _RET_TRACE, _RET_ALLOW = 38, 22, 0x7FF00000, 0x7FFF0000

_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
_libc.ptrace.restype = ctypes.c_long


@dataclass(frozen=True)
class WritePoint:
    """A call that is about to change a file: its name, and the path in the folder."""

    call: str
    path: str


@dataclass
class Outcome:
    """How a traced process ended.

    Attributes:
        points: the write points of the process, in order.
        exit_code: the exit code; a negative number is the signal that ended the process.
    """

    points: list[WritePoint] = field(default_factory=list)
    exit_code: int = 0

    @property
    def was_killed(self) -> bool:
        return self.exit_code == -signal.SIGKILL


At = Callable[[int, WritePoint], str]
"""A function that is called before each write point, with its number from 0, and returns what happens there.

"": go on; `kill`: kill all processes; `kill one`: kill the calling process; `tear`: write half of the bytes, then kill all; `interrupt`:
interrupt the calling process.
"""


def deciding(points: list[WritePoint]) -> list[int]:
    """Return the numbers of the points that differ from a neighbour: of many writes in a row to one file the first and last."""
    around = [None, *points, None]
    return [number for number, point in enumerate(points) if not around[number] == point == around[number + 2]]


def is_possible() -> bool:
    """Return whether this machine allows the tracing."""
    try:
        return run_traced(Path("/nowhere"), lambda: None, lambda _, __: "").exit_code == 0
    except (OSError, KeyError, AttributeError):
        return False


def run_traced(root: Path, work: Callable[[], object], at: At) -> Outcome:
    """Run a function in a forked process, and trace its write points.

    Args:
        root: the folder whose changes count.
        work: the function; an error in it gives exit code 1.
        at: called before each write point.

    Returns:
        The outcome, after the process and all processes that it started have ended.
    """
    calls = _CALLS[platform.machine()]
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        # a shell starts background jobs with interrupts ignored; the traced process would inherit that
        signal.signal(signal.SIGINT, signal.default_int_handler)
        _be_traced(reading, calls, work)
    try:
        _ptrace(_SEIZE, child, 0, _OPTIONS)
    except OSError:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        raise
    os.write(writing, b"go")
    os.close(reading)
    os.close(writing)
    return _Tracer(root.resolve(), child, {number: name for name, number in calls.items()}, at).follow()


def _be_traced(reading: int, calls: dict[str, int], work: Callable[[], object]) -> None:
    code = 1
    try:
        os.setsid()
        os.read(reading, 2)
        _install_filter(calls)
        work()
        code = 0
    except SystemExit as end:
        code = int(end.code or 0)
    except BaseException:  # after any error this fork must end here, and not return into the test
        import traceback

        traceback.print_exc()
    finally:
        os._exit(code)


def _install_filter(calls: dict[str, int]) -> None:
    """Install a filter that stops at the write calls, and at opening only where it makes or empties a file."""
    flags_of = {calls[name]: 16 + 8 * argument for name, argument in (("openat", 2), ("open", 1)) if name in calls}
    plain = [number for number in calls.values() if number not in flags_of]
    load, jump_equal, jump_set, give = 0x20, 0x15, 0x45, 0x06
    # calls of another architecture have other numbers, so they pass; then the number of the call is compared
    program = [(load, 0, 0, 4), (jump_equal, 1, 0, _AUDIT_ARCH[platform.machine()]), (give, 0, 0, _RET_ALLOW)]
    program.append((load, 0, 0, 0))
    for number in plain:
        program += [(jump_equal, 0, 1, number), (give, 0, 0, _RET_TRACE)]
    for number, offset in flags_of.items():
        program += [
            (jump_equal, 0, 3, number),
            (load, 0, 0, offset),
            (jump_set, 0, 1, _CREATING),
            (give, 0, 0, _RET_TRACE),
        ]
        program += [(load, 0, 0, 0)]
    program.append((give, 0, 0, _RET_ALLOW))
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in program))
    header = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(program), ctypes.addressof(code)))
    for option, value, pointer in ((_PR_SET_NO_NEW_PRIVS, 1, None), (_PR_SET_SECCOMP, 2, header)):
        if _libc.prctl(option, ctypes.c_ulong(value), pointer, ctypes.c_ulong(0), ctypes.c_ulong(0)):
            raise OSError(ctypes.get_errno(), "prctl")


def _ptrace(request: int, pid: int, address: int, data: object) -> int:
    done: int = _libc.ptrace(request, pid, address, data)
    if done < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return done


class _Tracer:
    def __init__(self, root: Path, first: int, names: dict[int, str], at: At) -> None:
        self._root, self._first, self._names, self._at = f"{root}/", first, names, at
        self._living = {first}
        self._outcome = Outcome()

    def follow(self) -> Outcome:
        while self._living:
            try:
                pid, status = os.waitpid(-1, _WALL)
            except ChildProcessError:
                break
            if os.WIFEXITED(status) or os.WIFSIGNALED(status):
                self._living.discard(pid)
                if pid == self._first:
                    self._outcome.exit_code = os.waitstatus_to_exitcode(status)
            else:
                self._living.add(pid)
                self._stopped(pid, status >> 16, os.WSTOPSIG(status))
        return self._outcome

    def _stopped(self, pid: int, event: int, sent: int) -> None:
        try:
            if event == _EVENT_SECCOMP:
                self._called(pid)
            # an event is no signal, so none is passed on; a stop of the whole process group is ignored
            _ptrace(_CONT, pid, 0, 0 if event else sent)
        except ProcessLookupError:
            pass  # the process was killed meanwhile: the next wait reports it

    def _called(self, pid: int) -> None:
        info = ctypes.create_string_buffer(128)
        _ptrace(_GET_SYSCALL_INFO, pid, len(info), info)
        number, *arguments = struct.unpack_from("7Q", info.raw, 24)
        name = self._names[number]
        path = self._path_of(pid, name, arguments)
        if not path.startswith(self._root) or (name in _NEEDS and os.path.lexists(path) != _NEEDS[name]):
            return
        point = WritePoint(name, path.removeprefix(self._root))
        what = self._at(len(self._outcome.points), point)
        self._outcome.points.append(point)
        if what == "tear":
            _write_half(pid, name, arguments)
        if what:
            _signal([pid] if what in _ALONE else list(self._living), _ALONE.get(what, signal.SIGKILL))

    def _path_of(self, pid: int, name: str, arguments: list[int]) -> str:
        if name in _BY_DESCRIPTOR:
            return _linked(f"/proc/{pid}/fd/{arguments[_BY_DESCRIPTOR[name]]}")
        folder, place = _BY_PATH[name]
        path = _text_at(pid, arguments[place])
        if path.startswith("/"):
            return os.path.normpath(path)
        # -100 is AT_FDCWD, the working directory
        descriptor = None if folder is None else ctypes.c_int(arguments[folder]).value
        above = f"/proc/{pid}/cwd" if descriptor in (None, -100) else f"/proc/{pid}/fd/{descriptor}"
        return os.path.normpath(f"{_linked(above)}/{path}")


def _signal(victims: list[int], sent: signal.Signals) -> None:
    for victim in victims:
        with suppress(ProcessLookupError):
            os.kill(victim, sent)


def _linked(link: str) -> str:
    try:
        return str(Path(link).readlink())
    except OSError:
        return ""


def _text_at(pid: int, address: int) -> str:
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        memory.seek(address)
        # a read beyond the end of the mapping returns the part that exists
        return memory.read(4096).split(b"\0", 1)[0].decode(errors="surrogateescape")


def _write_half(pid: int, name: str, arguments: list[int]) -> None:
    """Write the first half of the bytes, as a full disk or a power cut would. Other calls are atomic: nothing is done for them."""
    if name not in ("write", "pwrite64"):
        return
    descriptor, address, size, offset = arguments[:4]
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        memory.seek(address)
        half = memory.read(size // 2)
    place = dict(line.split(":\t") for line in Path(f"/proc/{pid}/fdinfo/{descriptor}").read_text().splitlines()[:2])
    appends = int(place["flags"], 8) & os.O_APPEND
    with Path(f"/proc/{pid}/fd/{descriptor}").open("r+b", buffering=0) as file:
        start = offset if name == "pwrite64" else file.seek(0, os.SEEK_END) if appends else int(place["pos"])
        os.pwrite(file.fileno(), half, start)
