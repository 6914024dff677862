"""What the system-call filter says, worked out as the kernel would, and what the doctor finds."""

from __future__ import annotations

import errno
import mmap
import os
import subprocess
import sys
from typing import Any

import msgspec
import pytest

from playground.runner import doctor, landlock, linux, seccomp
from playground.runner.limits import Limits
from playground.runner.seccomp import ALLOW, CONDITIONAL, KILL, MACHINES, REFUSED, Machine, build, refuse
from playground.settings import ROOT

X86, ARM = MACHINES["x86_64"], MACHINES["aarch64"]
BOTH = pytest.mark.parametrize("machine", [X86, ARM], ids=["x86-64", "aarch64"])
DENIED = refuse(errno.EACCES)


def verdict(machine: Machine, number: int, *arguments: int, audit: int | None = None) -> int:
    """Run the filter on a system call: classic BPF, as far as filters use it (seccomp(2), bpf(4))."""
    words = {0: number, 4: machine.audit if audit is None else audit}
    for index in range(6):
        value = arguments[index] if index < len(arguments) else 0
        words[16 + 8 * index], words[20 + 8 * index] = value & 0xFFFFFFFF, value >> 32
    at, accumulator, program = 0, 0, build(machine)
    while True:
        one = program[at]
        at += 1
        match one.code:
            case 0x20:
                accumulator = words[one.k]
            case 0x15:
                at += one.true if accumulator == one.k else one.false
            case 0x35:
                at += one.true if accumulator >= one.k else one.false
            case 0x45:
                at += one.true if accumulator & one.k else one.false
            case 0x06:
                return one.k
            case _:
                raise AssertionError(one)


@BOTH
def test_only_what_is_on_the_list_is_allowed(machine: Machine) -> None:
    listed = {number: name for name, number in machine.calls.items()}
    for number in range(600):
        name = listed.get(number, "")
        if name in REFUSED:
            expected = refuse(REFUSED[name])
        elif name and name not in CONDITIONAL:
            expected = ALLOW
        elif name:
            continue
        else:
            expected = DENIED
        assert verdict(machine, number) == expected, name or number


@BOTH
def test_calls_of_another_machine_end_the_process(machine: Machine) -> None:
    i386 = 0x40000003
    assert verdict(machine, machine.calls["read"], audit=i386) == KILL
    if machine is X86:
        assert verdict(machine, 0x4000_0000 + machine.calls["read"]) == KILL
        assert verdict(machine, 0xFFFF_FFFF) == KILL
    else:
        assert verdict(machine, 0xFFFF_FFFF) == DENIED


@BOTH
def test_no_memory_is_executable_or_shared(machine: Machine) -> None:
    call, change = machine.calls["mmap"], machine.calls["mprotect"]
    private, shared = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, mmap.MAP_SHARED | mmap.MAP_ANONYMOUS
    usual, executable = mmap.PROT_READ | mmap.PROT_WRITE, mmap.PROT_READ | mmap.PROT_EXEC
    assert verdict(machine, call, 0, 4096, usual, private) == ALLOW
    assert verdict(machine, call, 0, 4096, executable, private) == DENIED
    assert verdict(machine, call, 0, 4096, usual, shared) == DENIED
    assert verdict(machine, call, 0, 4096, usual, 3) == DENIED  # MAP_SHARED_VALIDATE
    assert verdict(machine, change, 0, 4096, usual) == ALLOW
    assert verdict(machine, change, 0, 4096, executable) == DENIED


@BOTH
def test_limits_can_be_read_and_only_that_of_processor_time_set(machine: Machine) -> None:
    call, cpu, nproc = machine.calls["prlimit64"], 0, 6
    somewhere = 0x7FFF_0000_0000  # its low half is zero
    assert verdict(machine, call, 0, nproc, 0) == ALLOW
    assert verdict(machine, call, 0, nproc, somewhere) == DENIED
    assert verdict(machine, call, 0, nproc, 1) == DENIED
    assert verdict(machine, call, 0, cpu, somewhere) == ALLOW
    assert verdict(machine, call, 4711, cpu, somewhere) == DENIED
    assert verdict(machine, call, 4711, nproc, 0) == DENIED


def test_what_must_never_be_allowed_is_not_on_the_list() -> None:
    never = "open openat openat2 creat socket connect bind execve execveat kill tkill tgkill ptrace prctl unshare setns"
    never += " memfd_create io_uring_setup process_vm_readv userfaultfd bpf keyctl personality fcntl newfstatat dup"
    for machine in (X86, ARM):
        assert not set(never.split()) & set(machine.calls)
        assert set(CONDITIONAL) | {"read", "write", "futex", "brk", "exit_group"} <= set(machine.calls)
        assert len(build(machine)) < 128


def test_there_is_no_filter_for_an_unknown_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seccomp.platform, "machine", lambda: "riscv64")
    with pytest.raises(OSError, match="not for riscv64"):
        seccomp.here()


def test_the_doctor_finds_that_everything_holds_here() -> None:
    report = doctor.examine(Limits())
    assert report.sealed, report.text()
    assert len(report.findings) >= 18
    assert report.text().endswith("this server may be open to strangers.")


def test_the_doctor_finds_what_does_not_hold() -> None:
    report = doctor.examine(msgspec.structs.replace(Limits(), sandbox="off"))
    broken = {finding.what for finding in report.findings if not finding.holds}
    assert {"cannot read a file", "cannot open a network socket", "cannot make memory executable"} <= broken
    assert not report.sealed
    assert report.text().endswith("must not listen beyond this machine.")


def test_a_server_listens_beyond_this_machine_only_if_programs_are_sealed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    strict, off = Limits(), msgspec.structs.replace(Limits(), sandbox="off")
    for host in ("127.0.0.1", "::1", "localhost", "127.8.8.8"):
        assert doctor.refusal(host, off) == ""
    assert "PLAYGROUND_SANDBOX=off" in doctor.refusal("0.0.0.0", off)
    assert "PLAYGROUND_SANDBOX=off" in doctor.refusal("", off)
    assert doctor.refusal("0.0.0.0", strict) == ""
    failing = doctor.Report([doctor.Finding("cannot read a file", False, "it could")], 0)
    monkeypatch.setattr(doctor, "examine", lambda limits: failing)
    assert doctor.refusal("127.0.0.1", strict) == ""
    assert "BROKEN  cannot read a file" in doctor.refusal("::", strict)


@pytest.mark.parametrize(
    ("host", "more", "told"),
    [
        ("0.0.0.0", {}, "HOST=0.0.0.0 is reached"),
        ("", {}, "A server started by others"),
        ("127.0.0.1", {"proxies": 1}, "PLAYGROUND_PROXIES=1"),
        ("127.0.0.1", {"hosts": "localhost,play.example.org"}, "PLAYGROUND_HOSTS=localhost,play.example.org"),
        ("127.0.0.1", {"hosts": "*"}, "PLAYGROUND_HOSTS=*"),
        ("127.0.0.1", {"hosts": "localhost, 127.0.0.1,::1"}, ""),
        ("::1", {}, ""),
        ("localhost", {}, ""),
    ],
)
def test_programs_hold_the_card_only_on_ones_own_machine(host: str, more: dict[str, Any], told: str) -> None:
    said = doctor.refusal(host, Limits(gpu="direct"), **more)
    assert told in said
    assert bool(said) == bool(told)
    assert ("PLAYGROUND_GPU=direct lets strangers' programs" in said) == bool(told)


def test_app_does_not_start_with_a_card_for_others() -> None:
    """Where it is not known who reaches it, as under gunicorn, and where it is."""
    environ = {"PATH": os.defpath, "PLAYGROUND_GPU": "direct", "PORT": "0"}
    for command, host in ((["app.py"], "0.0.0.0"), (["-c", "import app; app.create_app()"], "127.0.0.1")):
        done = subprocess.run(
            [sys.executable, *command], cwd=ROOT, env=environ | {"HOST": host}, capture_output=True, text=True
        )
        assert done.returncode == 1
        assert "PLAYGROUND_GPU=direct" in done.stderr


def test_app_does_not_start_unsealed_beyond_this_machine() -> None:
    environment = {"PATH": os.defpath, "HOST": "0.0.0.0", "PORT": "0", "PLAYGROUND_SANDBOX": "off"}
    ended = subprocess.run(
        [sys.executable, "app.py"], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 1
    assert "HOST=0.0.0.0 is reached from other machines" in ended.stderr


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM])
def test_without_landlock_the_second_wall_is_missing_and_no_more(
    monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def no(*_: int) -> int:
        raise OSError(number, "no")

    monkeypatch.setattr(linux, "syscall", no)
    assert landlock.version() == 0
