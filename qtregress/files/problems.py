"""pydantic's errors as sentences with key paths, for people who edit documents."""

import difflib
import json
import re
import types
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, Tag, ValidationError
from pydantic_core import ErrorDetails

from qtregress.files.yaml_text import KeyPath

MAX_PROBLEMS = 10

_SHOWN = 60
_LONGEST_PATH = 100
_SIMPLE_KEY = re.compile(r"[A-Za-z0-9_+-]{1,64}")
_UNITS = frozenset(
    (
        "s",
        "ms",
        "us",
        "ns",
        "ps",
        "hz",
        "khz",
        "mhz",
        "ghz",
        "k",
        "mk",
        "w",
        "mw",
        "uw",
        "nw",
        "fw",
        "j",
        "aj",
        "db",
        "dbm",
        "rad",
        "deg",
        "dt",
        "m3",
        "v",
        "mv",
    )
)
_LABEL_ENDINGS = ("_type", "_parsing", "_from_float", "literal_error")
"""Kinds of errors that only say that a union's alternative was not meant at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong, and the path of keys and indices to it."""

    path: KeyPath
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """An error placed in the document: what it is about and what would be allowed there."""

    error: ErrorDetails
    path: KeyPath
    labels: KeyPath
    owner: type[BaseModel] | None
    annotation: Any

    @property
    def kind(self) -> str:
        return self.error["type"]

    @property
    def context(self) -> dict[str, Any]:
        return self.error.get("ctx", {})

    @property
    def name(self) -> str:
        return key_path(self.path) or "the document"

    @property
    def shown(self) -> str:
        return shown(self.error["input"])


def problems(error: ValidationError, model: type[BaseModel]) -> list[Problem]:
    """One sentence per thing that is wrong, without those that follow from another one."""
    found = [_placed(details, model) for details in error.errors(include_url=False)]
    found = _without_other_alternatives(found)
    implied = {
        (*item.path[:-1], guess) for item in found if (guess := _suggestion(item)) is not None
    }
    return [
        Problem(path=item.path, sentence=_sentence(item))
        for item in found
        if not (item.kind == "missing" and item.path in implied)
    ]


def listed(found: list[Problem], locate: Callable[[KeyPath], str]) -> str:
    """A line per problem, at most ``MAX_PROBLEMS``, each headed by ``locate(path)``."""
    lines = [f"{locate(problem.path)}: {problem.sentence}" for problem in found[:MAX_PROBLEMS]]
    more = len(found) - len(lines)
    if more > 0:
        lines.append(f"... and {more} more problem{'s' if more > 1 else ''}")
    return "\n".join(lines)


def under(head: str) -> Callable[[KeyPath], str]:
    """The same head for every problem, where there is no text to point into."""

    def locate(_: KeyPath) -> str:
        return head

    return locate


def key_path(path: KeyPath) -> str:
    """``gates[3].pulses[0].sigma``."""
    parts = [f"[{key}]" if isinstance(key, int) else f".{_key(key)}" for key in path]
    name = "".join(parts).removeprefix(".")
    return name if len(name) <= _LONGEST_PATH else f"{name[:_LONGEST_PATH]}..."


def _key(key: str) -> str:
    """The key, in quotes where it could be mistaken or hide something."""
    return key if _SIMPLE_KEY.fullmatch(key) else shown(key)


def shown(value: object) -> str:
    """``value`` as the document writes it, shortened."""
    match value:
        case None:
            return "null"
        case dict():
            return "a mapping"
        case list() | tuple():
            return "a list"
        case float() | bool() | int():
            return json.dumps(value).lower()
        case str():
            return repr(value if len(value) <= _SHOWN else f"{value[:_SHOWN]}...")
        case _:
            return repr(value)


def _placed(error: ErrorDetails, model: type[BaseModel]) -> _Found:
    """The error with pydantic's union labels taken out of its location."""
    path: list[str | int] = []
    labels: list[str | int] = []
    owner: type[BaseModel] | None = None
    here: Any = model
    for part in error["loc"]:
        here = _bare(here)
        if _is_union(here):
            labels.append(part)
            here = _alternative(here, part)
            continue
        owner = here if isinstance(here, type) and issubclass(here, BaseModel) else None
        here = _inside(here, part)
        if part != "[key]":
            path.append(part)
    return _Found(
        error=error, path=tuple(path), labels=tuple(labels), owner=owner, annotation=_bare(here)
    )


def _bare(annotation: Any) -> Any:
    """The annotation without metadata and ``| None``."""
    while True:
        if get_origin(annotation) is Annotated:
            annotation = get_args(annotation)[0]
        elif get_origin(annotation) in {Union, types.UnionType}:
            arms = [arm for arm in get_args(annotation) if arm is not types.NoneType]
            if len(arms) > 1:
                return annotation
            annotation = arms[0]
        else:
            return annotation


def _is_union(annotation: Any) -> bool:
    return get_origin(annotation) in {Union, types.UnionType}


def _alternative(union: Any, label: str | int) -> Any:
    """The union's member that pydantic calls ``label``, or None."""
    for arm in get_args(union):
        if label in _tags(arm) or getattr(_bare(arm), "__name__", None) == label:
            return arm
    return None


def _tags(arm: Any) -> set[Any]:
    """The tags that choose this member of a union."""
    if get_origin(arm) is Annotated:
        tags = {meta.tag for meta in get_args(arm)[1:] if isinstance(meta, Tag)}
        if tags:
            return tags
    model = _bare(arm)
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        return set()
    return {
        value
        for field in model.model_fields.values()
        if get_origin(field.annotation) is Literal
        for value in get_args(field.annotation)
    }


def _inside(annotation: Any, part: str | int) -> Any:
    """The annotation of the entry ``part`` of a model, mapping or list."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        field = annotation.model_fields.get(str(part))
        return field.annotation if field else None
    arguments = get_args(annotation)
    if get_origin(annotation) is dict:
        return arguments[1]
    if get_origin(annotation) in {tuple, list} and isinstance(part, int):
        homogeneous = len(arguments) == 1 or arguments[-1] is Ellipsis
        return arguments[0] if homogeneous else (*arguments, None)[min(part, len(arguments))]
    return None


def _without_other_alternatives(found: list[_Found]) -> list[_Found]:
    """Errors of a plain union's member that was meant, not of those that were not."""
    deep = {
        item.path[:length]
        for item in found
        if item.labels and not item.kind.endswith(_LABEL_ENDINGS)
        for length in range(len(item.path) + 1)
    }
    return [
        item
        for item in found
        if not (item.labels and item.kind.endswith(_LABEL_ENDINGS) and _rivals(item, found, deep))
    ]


def _rivals(item: _Found, found: list[_Found], deep: set[KeyPath]) -> bool:
    """Whether another member of the same union got further than ``item``'s."""
    return item.path in deep and any(
        other.path[: len(item.path)] == item.path and other.labels != item.labels for other in found
    )


def _suggestion(item: _Found) -> str | None:
    """The known key that an unknown one most likely means."""
    if item.kind != "extra_forbidden" or item.owner is None:
        return None
    key, known = str(item.path[-1]), list(item.owner.model_fields)
    stem = _stem(key)
    for candidate in known:
        if stem and _stem(candidate) == stem:
            return candidate
    return next(iter(difflib.get_close_matches(key, known, n=1)), None)


def _stem(key: str) -> str:
    """``t1`` of ``t1_us``: the key without its unit, or nothing if it has none."""
    stem, _, unit = key.rpartition("_")
    return stem if unit.lower() in _UNITS else ""


def _sentence(item: _Found) -> str:
    """What is wrong with the entry, with its value and what would be allowed."""
    if item.kind in _SENTENCES:
        return _SENTENCES[item.kind](item)
    if item.kind in _WANTED:
        return f"{item.name} must be {_WANTED[item.kind]}, but is {item.shown}"
    return f"{item.name} is wrong: {item.error['msg']} (it is {item.shown})"


def _unknown_key(item: _Found) -> str:
    guess = _suggestion(item)
    hint = f"; did you mean {guess}?" if guess else ""
    known = ", ".join(item.owner.model_fields) if item.owner else ""
    return f"{item.name} is not a known key{hint}; known keys are {known}"


def _missing(item: _Found) -> str:
    return f"{item.name} must be given, but is missing"


def _not_text(item: _Found) -> str:
    value = item.error["input"]
    hint = ' (write it in quotes: "...")' if isinstance(value, int | float) else ""
    return f"{item.name} must be text, but is {item.shown}{hint}"


def _not_number(item: _Found) -> str:
    value = item.error["input"]
    hint = " (numbers stand without quotes)" if isinstance(value, str) else ""
    return f"{item.name} must be a number, but is {item.shown}{hint}"


def _not_whole(item: _Found) -> str:
    return f"{item.name} must be a whole number, but is {item.shown}"


def _unknown_tag(item: _Found) -> str:
    tag, value = item.context.get("tag"), item.error["input"]
    keys = [key for key in value if value[key] == tag] if isinstance(value, dict) else []
    name = key_path((*item.path, *keys[:1]))
    return f"{name} must be one of {_allowed(item.annotation)}, but is {shown(tag)}"


def _no_tag(item: _Found) -> str:
    if not isinstance(item.error["input"], dict):
        return f"{item.name} must be a mapping, but is {item.shown}"
    return f"{item.name} must say which of {_allowed(item.annotation)} it is, but does not"


def _allowed(union: Any) -> str:
    return _alternatives(tag for arm in get_args(union) for tag in _tags(arm))


def _alternatives(values: Iterable[Any]) -> str:
    return ", ".join(map(str, values))


def _literal(item: _Found) -> str:
    return f"{item.name} must be {item.context['expected']}, but is {item.shown}"


def _bound(words: str, key: str) -> Callable[[_Found], str]:
    def sentence(item: _Found) -> str:
        limit = f"{item.context[key]:.15g}"
        return f"{item.name} must be {words} {limit}, but is {item.shown}"

    return sentence


def _pattern(item: _Found) -> str:
    key = item.error["loc"][-1] == "[key]"
    what = "this key" if key else item.name
    return f"{what} must match {item.context['pattern']}, but is {item.shown}"


def _size(words: str, key: str) -> Callable[[_Found], str]:
    def sentence(item: _Found) -> str:
        actual = item.context.get("actual_length")
        but = f"has {actual}" if actual is not None else f"is {item.shown}"
        return f"{item.name} must have {words} {item.context[key]} entries, but {but}"

    return sentence


def _length(words: str, key: str) -> Callable[[_Found], str]:
    def sentence(item: _Found) -> str:
        return f"{item.name} must have {words} {item.context[key]} characters, but is {item.shown}"

    return sentence


def _broken_rule(item: _Found) -> str:
    return f"{item.name}: {item.context['error']}" if item.path else str(item.context["error"])


_WANTED = {
    "finite_number": "finite",
    "bool_type": "true or false",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "dict_type": "a mapping",
    "tuple_type": "a list",
    "list_type": "a list",
    "int_parsing_size": "a smaller number",
}
_SENTENCES: dict[str, Callable[[_Found], str]] = {
    "extra_forbidden": _unknown_key,
    "missing": _missing,
    "string_type": _not_text,
    "float_type": _not_number,
    "float_parsing": _not_number,
    "int_type": _not_whole,
    "int_parsing": _not_whole,
    "int_from_float": _not_whole,
    "union_tag_invalid": _unknown_tag,
    "union_tag_not_found": _no_tag,
    "literal_error": _literal,
    "greater_than": _bound("greater than", "gt"),
    "greater_than_equal": _bound("at least", "ge"),
    "less_than": _bound("less than", "lt"),
    "less_than_equal": _bound("at most", "le"),
    "string_pattern_mismatch": _pattern,
    "too_short": _size("at least", "min_length"),
    "too_long": _size("at most", "max_length"),
    "string_too_short": _length("at least", "min_length"),
    "string_too_long": _length("at most", "max_length"),
    "value_error": _broken_rule,
}
