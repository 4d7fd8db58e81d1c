"""All errors raised on purpose: one tree, and each says when it is raised.

A verdict is a value, not an error; it becomes one (`RefusedError`) only when it must be deployed.
This module deliberately prints nothing: the command line prints, a library user catches.
"""

from __future__ import annotations

from typing import ClassVar, final


class HdhError(Exception):
    """Base of all errors raised on purpose; never raised itself.

    Attributes:
        where: the file, element or service that the error is about.
        what: what was found.
        remedy: what to do about it.
        exit_code: the exit code of `hdh` for it (design: 1 no, 2 wrong input, 3 engine or cloud).
    """

    exit_code: ClassVar[int] = 3

    def __init__(self, where: str, what: str, remedy: str) -> None:
        """Keep the three parts; the message joins them."""
        self.where, self.what, self.remedy = where, what, remedy
        super().__init__(f"{where}: {what}. {remedy}" if where else f"{what}. {remedy}")


_LONGEST_FIELD, _LONGEST_WHAT = 200, 1500
"""Characters of a message: a name that is wrong may have thousands."""


def _cut(text: str, longest: int) -> str:
    half = longest // 2
    return text if len(text) <= longest else f"{text[:half]} ... {text[-half:]}"


def _escaped(sign: str) -> str:
    return sign if sign.isprintable() else sign.encode("unicode_escape").decode("ascii")


@final
class Problem:
    """One thing wrong with an input: where it stands, what was found and the change to make."""

    __slots__ = ("column", "field", "file", "line", "what")

    def __init__(self, file: str, line: int | None, column: int | None, field: str, what: str) -> None:
        """Lines and columns count from 1; None where the input has no text (a Python object)."""
        self.file, self.line, self.column, self.field, self.what = file, line, column, field, what

    def __str__(self) -> str:
        """`file:line:column field: what`, as editors and people read it; what a terminal would obey is escaped."""
        place = self.file if self.line is None else f"{self.file}:{self.line}:{self.column}"
        what = _cut(self.what, _LONGEST_WHAT)
        told = f"{place} {_cut(self.field, _LONGEST_FIELD)}: {what}" if self.field else f"{place} {what}"
        return told if told.isprintable() else "".join(map(_escaped, told))


class SpecError(HdhError):
    """Raised when a spec, a lock or an option is wrong: all problems at once, before anything is done."""

    exit_code = 2

    def __init__(self, problems: list[Problem]) -> None:
        """Keep the problems in the order of the file."""
        self.problems = problems
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        HdhError.__init__(self, "", "\n".join(map(str, problems)), f"{count}; nothing was done")

    def __str__(self) -> str:
        """One line a problem, then the count."""
        return f"{self.what}\n{self.remedy}"


class RefusedError(HdhError):
    """Raised before the engine starts: a verdict is not met and not waived, or a data holder would be lost."""

    exit_code = 1


class WaitingError(HdhError):
    """Raised at the end of a program, when the rest was made: what is left waits for a step that only a person can do.

    Attributes:
        steps: the steps, as `hdh_infra.deploy.gates.OpenStep`.
    """

    exit_code = 1

    def __init__(self, where: str, what: str, remedy: str, steps: tuple[object, ...] = ()) -> None:
        """Keep the steps beside the three parts."""
        self.steps = steps
        super().__init__(where, what, remedy)


class EngineError(HdhError):
    """Raised when the Pulumi engine cannot be found or started, or stopped with an error; state is kept."""


class UndeletedError(EngineError):
    """Raised when all was made and changed, and only deletions failed: something else may still use what is to go."""


class CloudError(HdhError):
    """Raised when a cloud, an endpoint or a sandbox service does not answer or refuses the credentials."""
