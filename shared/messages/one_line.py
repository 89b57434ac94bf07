"""One line about how an operation ended: an e-mail's subject, and all of an SMS."""

import string
from collections.abc import Iterator

from shared.messages.durations import spoken
from shared.messages.report import Outcome, Report

LONGEST_SUBJECT = 99
LONGEST_SMS = 139
# Letters that every phone and every operator counts as one.
_PLAIN = frozenset(string.ascii_letters + string.digits + " .,:;-_+/()'?")

_WORDS = {
    Outcome.RESTORED: "restored",
    Outcome.PLANNED: "planned to restore",
    Outcome.ABANDONED: "abandoned restoring",
    Outcome.FAILED: "FAILED to restore",
    Outcome.PLAN_FAILED: "FAILED to plan restoring",
}


def subject(report: Report) -> str:
    """One line of printable ASCII, and of less than 100 characters, as SNS demands."""
    return "".join(sign if " " <= sign <= "~" else "?" for sign in _line(report))[:LONGEST_SUBJECT]


def sms(report: Report) -> str:
    """One line that costs one SMS: with as many of the details as fit."""
    line = _line(report)
    for detail in _details(report):
        if len(line) + len(detail) <= LONGEST_SMS:
            line += detail
    return "".join(sign if sign in _PLAIN else "?" for sign in line)[:LONGEST_SMS]


def _line(report: Report) -> str:
    return f"Aurora restore: {_WORDS[report.outcome]} {report.target_cluster}"


def _details(report: Report) -> Iterator[str]:
    """What follows the line, the most important first."""
    if problem := report.error:
        yield f": {problem.name}"
        if problem.step:
            yield f" in {problem.step}"
    elif total := report.durations.get("total"):
        yield f" in {report.target_region}"
        yield f" after {spoken(total)}"
    yield f", {report.operation_id}"
