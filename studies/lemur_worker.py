"""The side of the sandbox that runs networks of LEMUR: it builds and traces each in a fork of itself.

``serve`` is started by `sandbox.Sandbox`. Every network gets a fork, so none can change PyTorch for the next one.
"""

import contextlib
import ctypes
import json
import os
import resource
import select
import signal
import struct
import sys
import time
from functools import partial
from pathlib import Path

LONGEST = 2 << 20
"""The longest answer of a fork, in bytes."""
SCRATCH = 16 << 20
"""Bytes of the working folder."""
NEW_USERS, MOUNT_SETATTR, BELOW, READ_ONLY = 0x10000000, 442, 0x8000, 1


def serve(packages, seconds, wall, memory):
    """Answer requests on standard input until it ends.

    Args:
        packages: A folder with further packages, or nothing.
        seconds: Processor time that a network may take.
        wall: Seconds that it may take.
        memory: Bytes of address space that it may have.
    """
    lock()
    answers = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 1)
    if packages:
        sys.path.append(packages)
    import lemur_module

    lemur_module.declare_torchvision()
    for line in sys.stdin.buffer:
        request = json.loads(line)
        answer = in_fork(partial(lemur_module.traced, request), (0, answers.fileno()), seconds, wall, memory)
        answers.write(json.dumps({**answer, "id": request["id"]}).encode() + b"\n")
        answers.flush()


def lock():
    """Make all files read-only but an empty folder in memory.

    A second namespace of users takes away the right to undo it.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    attributes = struct.pack("QQQQ", READ_ONLY, 0, 0, 0)
    folder = bytes(Path.cwd())
    for call in (
        lambda: libc.syscall(MOUNT_SETATTR, -100, b"/", BELOW, attributes, len(attributes)),
        lambda: libc.mount(b"none", folder, b"tmpfs", 0, f"size={SCRATCH}".encode()),
        lambda: libc.unshare(NEW_USERS),
    ):
        if call():
            sys.exit(f"the sandbox cannot be closed: {os.strerror(ctypes.get_errno())}")
    os.chdir(folder)
    os.environ["TMPDIR"] = os.environ["HOME"] = str(Path.cwd())
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def in_fork(work, closed, seconds, wall, memory):
    """What ``work()`` returns in a fork of this process, as a mapping; or the error that it ended with."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            os.setsid()
            for file in (*closed, reading):
                os.close(file)
            resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
            resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
            with os.fdopen(writing, "wb") as pipe:
                pipe.write(json.dumps(work()).encode() + b"\n")
            code = 0
        finally:
            os._exit(code)
    os.close(writing)
    text, late = received(reading, time.monotonic() + wall)
    os.close(reading)
    for kill, number in ((os.killpg, pid), (os.kill, pid)):
        with contextlib.suppress(ProcessLookupError):
            kill(number, signal.SIGKILL)
    status = os.waitpid(pid, 0)[1]
    if late:
        return {"error": f"it took more than {wall} s"}
    with contextlib.suppress(ValueError):
        found = json.loads(text)
        if isinstance(found, dict):
            return found
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU:
        return {"error": f"it took more than {seconds} s of processor time"}
    return {"error": f"its process ended without an answer (status {status})"}


def received(pipe, end):
    """A line from a pipe, shorter where the pipe closed, and whether that took too long."""
    text = b""
    while len(text) < LONGEST and not text.endswith(b"\n"):
        if not select.select([pipe], [], [], max(0.0, end - time.monotonic()))[0]:
            return text, True
        part = os.read(pipe, 1 << 16)
        if not part:
            break
        text += part
    return text, False
