"""Rules of age of a bucket: what goes so many days after its last change, and old versions so many days after theirs.

S3 has more kinds of rules. One that is found on a server and has parts without a word here is told by their names
(`also`), so that it never passes for a plainer one; those that only end unfinished uploads delete no data and have a
word of their own (`abortUploadsDays`, of the whole bucket). What is asked takes the place of all rules that were there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from hdh_infra.resources.contract import Failure
from hdh_infra.resources.values import has_unknown, is_unknown, without_nulls

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_WORDS: Final = ("prefix", "days", "oldVersionsDays")
_MOST: Final = 1000  # docs.aws.amazon.com/AmazonS3/latest/API/API_LifecycleConfiguration.html
_ACTIONS: Final = (
    "Expiration",
    "NoncurrentVersionExpiration",
    "Transitions",
    "NoncurrentVersionTransitions",
)


def check_rules(rules: Any, versioning: Any) -> Iterator[Failure]:
    """Rules that do something, one a prefix; old versions only where there are any.

    Args:
        rules: as they are asked; may hold unknowns.
        versioning: whether the bucket keeps versions.
    """
    if not isinstance(rules, list):
        return
    if len(rules) > _MOST:
        yield Failure("lifecycle", f"{len(rules)} rules: at most {_MOST}")
    prefixes: set[str] = set()
    for index, rule in enumerate(rules):
        at = f"lifecycle[{index}]"
        if is_unknown(rule):
            continue
        days = {name: rule[name] for name in _WORDS[1:] if rule.get(name) is not None}
        if not days:
            yield Failure(at, "has neither days nor oldVersionsDays: say when something goes, or leave the rule out")
        for name, number in days.items():
            if not is_unknown(number) and number < 1:
                yield Failure(f"{at}.{name}", "must be 1 or more")
        if "oldVersionsDays" in days and versioning in (None, False):
            yield Failure(f"{at}.oldVersionsDays", "without versions there are no old ones: set versioning to true")
        prefix = rule.get("prefix") or ""
        if not is_unknown(prefix) and prefix in prefixes:
            yield Failure(f"{at}.prefix", f"{prefix!r} has a rule already: make them one")
        prefixes.add(prefix)


def same_rules(held: Any, asked: Any) -> bool:
    """Whether two lists of rules mean the same: their order, and a prefix that is left out, do not count."""
    return not has_unknown(asked) and _ordered(held) == _ordered(asked)


def rules_asked(held: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Rules of a server as inputs: without what has no word."""
    return [{name: value for name, value in rule.items() if name in _WORDS} for rule in held]


def request_of(rules: Sequence[Mapping[str, Any]], abort_days: int | None = None) -> dict[str, Any]:
    """The rules as S3 takes them.

    Args:
        rules: of data.
        abort_days: after how many days unfinished uploads end; None for never.
    """
    uploads = {
        "ID": "hdh-uploads",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": abort_days},
    }
    return {
        "Rules": [
            *([uploads] if abort_days is not None else []),
            *(
                without_nulls(
                    {
                        "ID": f"hdh-{index}",
                        "Status": "Enabled",
                        "Filter": {"Prefix": rule["prefix"]},
                        "Expiration": {"Days": rule["days"]} if "days" in rule else None,
                        "NoncurrentVersionExpiration": (
                            {"NoncurrentDays": rule["oldVersionsDays"]} if "oldVersionsDays" in rule else None
                        ),
                    }
                )
                for index, rule in enumerate(_ordered(rules))
            ),
        ]
    }


def abort_of(answer: Mapping[str, Any]) -> int | None:
    """After how many days unfinished uploads of the whole bucket end; None for never."""
    days = [
        rule["AbortIncompleteMultipartUpload"].get("DaysAfterInitiation")
        for rule in answer.get("Rules", [])
        if rule.get("Status") == "Enabled"
        and rule.get("AbortIncompleteMultipartUpload")
        and _rule(rule).keys() <= {"prefix", "days", "oldVersionsDays"}
        and not _rule(rule)["prefix"]
    ]
    return min(filter(None, days), default=None)


def rules_of(answer: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """The rules of an answer that are in force and do something to data, sorted; None without any."""
    found = [
        _rule(rule)
        for rule in answer.get("Rules", [])
        if rule.get("Status") == "Enabled" and any(rule.get(action) for action in _ACTIONS)
    ]
    return _ordered(found) or None


def _rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    where = rule.get("Filter") or {}
    both = where.get("And") or {}
    expires, old = rule.get("Expiration") or {}, rule.get("NoncurrentVersionExpiration") or {}
    # Older servers have the prefix beside the actions, and not in a filter.
    more = {
        **{name: where[name] for name in where if name not in {"Prefix", "And"}},
        **{name: both[name] for name in both if name != "Prefix"},
        **{name: expires[name] for name in expires if name != "Days" and expires[name]},
        **{name: old[name] for name in old if name != "NoncurrentDays"},
        **{name: rule[name] for name in _ACTIONS[2:] if rule.get(name)},
    }
    return without_nulls(
        {
            "prefix": where.get("Prefix") or both.get("Prefix") or rule.get("Prefix") or "",
            "days": expires.get("Days"),
            "oldVersionsDays": old.get("NoncurrentDays"),
            "also": ", ".join(sorted(more)) or None,
        }
    )


def _ordered(rules: Any) -> list[dict[str, Any]]:
    plain = [{"prefix": "", **without_nulls(rule)} for rule in rules or []]
    return sorted(plain, key=lambda rule: (rule["prefix"], str(sorted(rule.items()))))
