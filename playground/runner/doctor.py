"""Whether programs are sealed here: forbidden things are tried in a child that runs as any program's does."""

from __future__ import annotations

import ipaddress
import threading
import time
from typing import Literal

import msgspec

from playground.protocol import Event, Finished, Output, Run
from playground.runner import landlock, probes, wire
from playground.runner.client import GPU_WORKER, Runner
from playground.runner.limits import Limits

_PATIENCE_S = 20.0


class Finding(msgspec.Struct, frozen=True):
    """One thing that a program must not be able to do, and whether it could."""

    what: str
    holds: bool
    how: str
    """What the kernel said, or what went wrong."""


class Report(msgspec.Struct, frozen=True):
    """What the doctor found."""

    findings: list[Finding]
    landlock: int
    """Version of the kernel's Landlock, the second wall; 0 if it has none, or programs are not sealed at all."""

    @property
    def sealed(self) -> bool:
        """Whether everything held."""
        return all(finding.holds for finding in self.findings)

    def text(self) -> str:
        """For people: a line for each finding, then the verdict."""
        lines = [
            f"{'holds' if one.holds else 'BROKEN':<8}{one.what:<46}{one.how}".rstrip()
            for one in self.findings
        ]
        second = f"version {self.landlock}" if self.landlock else "the filter alone must do"
        lines.append(f"{'holds' if self.landlock else 'none':<8}{'Landlock, a second wall':<46}{second}")
        if self.sealed:
            lines.append("Programs are sealed: this server may be open to strangers.")
        else:
            lines.append("Programs are NOT sealed: this server must not listen beyond this machine.")
        return "\n".join(lines)


def examine(limits: Limits) -> Report:
    """Run the probes in a child of a runner made for it. Takes about a second."""
    said: dict[str, tuple[str, str]] = {}
    text: list[str] = []
    ended: list[Finished] = []
    over = threading.Event()

    def take(event: Event) -> None:
        if isinstance(event, Output):
            text.append(event.text)
        elif isinstance(event, Finished):
            ended.append(event)
            over.set()

    limits = msgspec.structs.replace(limits, slots=1, parked=1)
    runner = Runner(limits, entry="playground.runner.probes:run_probes")
    runner.start()
    try:
        runner.submit(client="doctor", address="", request=Run(run="doctor", code=""), on_event=take)
        over.wait(_PATIENCE_S)
    finally:
        runner.close()
    for line in "".join(text).splitlines():
        what, how, detail = (*line.split("\t"), "", "")[:3]
        said[what] = (how, detail)
    ending = ended[0].message or ended[0].status if ended else "no answer came"
    findings = []
    for what in probes.PROBES:
        how, detail = said.get(what, ("", ending))
        findings.append(Finding(f"cannot {what}", how == "refused", detail or "it could"))
    how, detail = said.get(probes.FOREIGN, ("refused", "there are none on this machine"))
    if how == "trying" and ended and "SIGSYS" in ended[0].message:
        how, detail = "refused", "the process was ended"
    findings.append(Finding(f"cannot use {probes.FOREIGN}", how == "refused", detail or ending))
    return Report(findings, landlock.version() if limits.sandbox == "strict" else 0)


def find_gpu(limits: Limits, gpu_entry: str = GPU_WORKER) -> str:
    """A line about the GPU that programs could use here, which a process takes as one does that runs programs. Takes as
    long as that, some seconds."""
    way: Literal["direct", "served"] = "served" if limits.gpu == "served" else "direct"
    limits = msgspec.structs.replace(limits, slots=1, parked=0, gpu_warm=1, gpu=way)
    until = time.monotonic() + limits.gpu_start_s + _PATIENCE_S
    runner = Runner(limits, gpu_entry=gpu_entry)
    runner.start()
    try:
        health = runner.health()
        while time.monotonic() < until and (not health.alive or health.no_gpu == wire.GPU_STARTS):
            time.sleep(0.05)
            health = runner.health()
    finally:
        runner.close()
    if health.no_gpu:
        return f"{'none':<8}{'a GPU for programs':<46}{health.no_gpu}"
    return f"{'there':<8}{'a GPU for programs':<46}{health.gpu}"


def is_own(host: str) -> bool:
    """Whether only this machine reaches a server that listens there."""
    return host == "localhost" or (host != "" and ipaddress.ip_address(host).is_loopback)


def _names_own(name: str) -> bool:
    try:
        return name == "" or is_own(name)
    except ValueError:  # no address
        return False


def refusal(host: str, limits: Limits, *, proxies: int = 0, hosts: str = "") -> str:
    """Why a server must not listen at this address (empty: at one that is not known); empty if it may. Others reach it
    all the same behind `proxies`, or if it goes by names that are not this machine's own (`hosts`, as in its setting).
    """
    where = f"HOST={host} is" if host else "A server started by others than `python app.py` may be"
    if limits.gpu == "direct":
        if is_own(host):
            where = f"With PLAYGROUND_PROXIES={proxies} and PLAYGROUND_HOSTS={hosts} this server may be"
        if not is_own(host) or proxies or not all(_names_own(name.strip()) for name in hosts.split(",")):
            return (
                f"{where} reached from other machines, and PLAYGROUND_GPU=direct lets strangers' programs do what this "
                "user can do. Leave PLAYGROUND_GPU out, or use `python app.py` with HOST=127.0.0.1 for yourself alone."
            )
    if is_own(host):
        return ""
    if limits.sandbox == "off":
        return (
            f"{where} reached from other machines, and PLAYGROUND_SANDBOX=off lets strangers' programs do what this "
            "user can do. Leave PLAYGROUND_SANDBOX out, or use `python app.py` with HOST=127.0.0.1."
        )
    report = examine(limits)
    if report.sealed:
        return ""
    return f"{where} reached from other machines, and programs are not sealed here:\n{report.text()}"
