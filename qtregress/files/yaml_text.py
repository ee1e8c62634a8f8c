"""YAML text as plain values with the place of every key and item.

The reader walks libyaml's events itself, so that limits hold before anything is built:
no tags, no anchors, no second document, no duplicate keys, bounded depth and size.
Plain scalars follow the core schema of YAML 1.2.2 (section 10.3.2): ``1e-5`` is a
number, ``yes`` and ``2021-03-14`` are strings.
"""

import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

import yaml

from qtregress.errors import InputError
from qtregress.files.text import Place, Text

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_DEPTH = 40
MAX_NODES = 500_000
MAX_NUMBER_LENGTH = 400

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_INTEGER = re.compile(r"[-+]?[0-9]+")
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INFINITE = re.compile(r"[-+]?\.(inf|Inf|INF)")
_WORDS: dict[str, bool | float | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
}

Key = str | int
KeyPath = tuple[Key, ...]
_Event = Any  # which fields an event has depends on its class


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where a container's keys and items stand, and the same for those inside it."""

    start: Place
    entries: dict[Key, Place] = field(default_factory=dict)
    inside: "dict[Key, Places]" = field(default_factory=dict)

    def find(self, path: KeyPath) -> Place:
        """Where the deepest part of ``path`` that exists stands."""
        here, place = self, self.start
        for key in path:
            if key not in here.entries:
                break
            place = here.entries[key]
            if key not in here.inside:
                break
            here = here.inside[key]
        return place


def parse_yaml(text: Text) -> tuple[Any, Places]:
    """The text's value as plain dicts, lists and scalars, and where its parts stand.

    Raises:
        InputError: the text is no YAML, or uses what documents do not need.
    """
    try:
        return _Reader(text).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = " ".join(filter(None, (error.context, error.problem)))
        where = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        msg = f"{text.name}{where}: must be YAML, but is not: {problem}"
        raise InputError(msg) from error
    except yaml.YAMLError as error:
        msg = f"{text.name}: must be YAML, but is not: {' '.join(str(error).split())}"
        raise InputError(msg) from error


class _Reader:
    """Builds values from events with an explicit stack, one document a reader."""

    def __init__(self, text: Text) -> None:
        self.name = text.name
        self.events: Iterator[_Event] = iter(yaml.parse(text.text, Loader=LOADER))
        self.nodes = 0

    def document(self) -> tuple[Any, Places]:
        """The only document of the stream."""
        next(self.events)
        self._one_document(next(self.events))
        event = next(self.events)
        places = Places(start=_place(event))
        value = self._value(event, places, 0)
        next(self.events)
        self._no_more(next(self.events))
        return value, places

    def _one_document(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.StreamEndEvent):
            self._refuse(event, "must hold a document, but holds only comments")

    def _no_more(self, event: yaml.Event) -> None:
        if not isinstance(event, yaml.StreamEndEvent):
            self._refuse(event, "must hold one document, but a second one starts here")

    def _value(self, event: _Event, places: Places, depth: int) -> Any:
        self._check(event, depth)
        match event:
            case yaml.ScalarEvent():
                return self._scalar(event)
            case yaml.SequenceStartEvent():
                return self._sequence(places, depth)
            case _:
                return self._mapping(places, depth)

    def _sequence(self, places: Places, depth: int) -> list[Any]:
        items: list[Any] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            items.append(self._entry(event, places, len(items), _place(event), depth))
        return items

    def _mapping(self, places: Places, depth: int) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            self._check(event, depth + 1)
            if not isinstance(event, yaml.ScalarEvent):
                self._refuse(event, "a key must be a plain word, but is a list or mapping")
            key = event.value
            if key in mapping:
                first = places.entries[key].line
                self._refuse(event, f"the key {key!r} appears twice (first on line {first})")
            mapping[key] = self._entry(next(self.events), places, key, _place(event), depth)
        return mapping

    def _entry(self, event: _Event, places: Places, key: Key, place: Place, depth: int) -> Any:
        places.entries[key] = place
        if isinstance(event, yaml.CollectionStartEvent):
            places.inside[key] = Places(start=_place(event))
            return self._value(event, places.inside[key], depth + 1)
        return self._value(event, places, depth + 1)

    def _check(self, event: _Event, depth: int) -> None:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            self._refuse(event, f"must have at most {MAX_NODES} values, but has more")
        if depth > MAX_DEPTH:
            self._refuse(event, f"must be nested at most {MAX_DEPTH} deep, but is deeper")
        if event.anchor is not None:
            self._refuse(event, "anchors and aliases are refused; write the value out")
        if event.tag is not None:
            self._refuse(event, f"tags are refused, but here is {event.tag!r}")

    def _scalar(self, event: yaml.ScalarEvent) -> Any:
        if not event.implicit[0]:
            return event.value
        try:
            return _plain(event.value)
        except OverflowError:
            self._refuse(event, f"a number must have at most {MAX_NUMBER_LENGTH} digits")

    def _refuse(self, event: _Event, sentence: str) -> NoReturn:
        place = _place(event)
        msg = f"{self.name}:{place.line}:{place.column}: {sentence}"
        raise InputError(msg)


def _place(event: _Event) -> Place:
    return Place(event.start_mark.line + 1, event.start_mark.column + 1)


def _plain(word: str) -> bool | float | str | None:
    """The value of an unquoted scalar.

    Raises:
        OverflowError: it is a number longer than any real one.
    """
    if word in _WORDS:
        return _WORDS[word]
    if not _FLOAT.fullmatch(word) and not _BASED.fullmatch(word):
        return float(word.replace(".", "")) if _INFINITE.fullmatch(word) else word
    if len(word) > MAX_NUMBER_LENGTH:
        raise OverflowError
    if _INTEGER.fullmatch(word):
        return int(word)
    return int(word, 0) if _BASED.fullmatch(word) else float(word)
