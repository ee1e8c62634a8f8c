"""Documents on disk as values: read, checked, placed and identified.

``load`` reads one document of a known model, ``load_any`` one of any kind. Every problem
becomes a sentence with file, line, column and key.
"""

import math
import re
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Generic, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from qtregress.document import Model
from qtregress.errors import InputError
from qtregress.files.git import is_revision, read_revision
from qtregress.files.json_text import parse_json, places_in_json
from qtregress.files.problems import Problem, key_path, listed, problems, shown
from qtregress.files.text import Text, as_text, read_text
from qtregress.files.yaml_dump import dump
from qtregress.files.yaml_text import MAX_DEPTH, MAX_NODES, KeyPath, Places, parse_yaml
from qtregress.identity import digest
from qtregress.pulses.profile import Profile

__all__ = [
    "KINDS",
    "MAX_PLAYED",
    "Loaded",
    "Source",
    "dump",
    "load",
    "load_any",
    "model_of",
    "read",
    "read_source",
    "validated",
]

MAX_PLAYED = 10_000_000
"""Samples of all gates of a profile together, on all their channels."""
MAX_KEYS = 10_000
"""Keys of one mapping."""
MAX_LISTED = 1_000
"""Problems of one document beyond which they are only counted."""

_GATE = re.compile(r"(?:gate|but) ([A-Za-z0-9_.+-]+:[0-9-]+) (?:uses|appears)")
_PULSE = re.compile(r"gates\[[0-9]+\]: pulse ([0-9]+) .*")
_FORMAT = re.compile(r"qtregress/([a-z]+)@[0-9]+")

KINDS = {
    "profile": "qtregress.pulses.profile:Profile",
    "chip": "qtregress.chip.chip:Chip",
    "workload": "qtregress.thermal.workload:Workload",
    "scenario": "qtregress.thermal.scenario:Scenario",
    "policy": "qtregress.verdict.policy:Policy",
    "baseline": "qtregress.baseline.record:Baseline",
    "measured": "qtregress.files.measured:MeasuredDocument",
    "metrics": "qtregress.metrics.metric:MetricsDocument",
    "costcard": "qtregress.report.cost_card:CostCard",
    "verdict": "qtregress.verdict.verdict:Verdict",
}

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A text read into plain values."""

    text: Text
    data: Any
    yaml_places: Places | None

    def places(self) -> Places | None:
        """Where the parts stand, None if that cannot be found."""
        return self.yaml_places or places_in_json(self.text)

    def locate(self, path: KeyPath) -> str:
        """``lima.yaml:12:9``."""
        places = self.places()
        if places is None:
            return self.text.name
        place = places.find(path)
        return f"{self.text.name}:{place.line}:{place.column}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded(Generic[M]):
    """A document's value, where it was read, its digest, and where its parts stand."""

    value: M
    path: str
    digest: str
    source: Source = field(repr=False)

    @property
    def kind(self) -> str:
        """What kind of document it is: ``profile``, ``chip``, ..."""
        return str(self.source.data["format"]).split("/")[1].split("@")[0]

    def line_of(self, path: KeyPath) -> int | None:
        """The line of the deepest part of ``path`` that the document has, from 1."""
        places = self.source.places()
        return places.find(path).line if places else None


def load(path: str | Path, model: type[M]) -> Loaded[M]:
    """The document at ``path``, a file or ``REV:PATH`` in git.

    Raises:
        InputError: it cannot be read, or is no valid document of this model.
    """
    source = read_source(str(path))
    (expected,) = get_args(model.model_fields["format"].annotation)
    if _format(source) != expected:
        found = shown(source.data["format"])
        msg = f"{source.locate(('format',))}: format must be {expected}, but is {found}"
        raise InputError(msg)
    return _loaded(source, model)


def read(path: str | Path, model: type[M]) -> M:
    """The value of the document at ``path``, see ``load``.

    Raises:
        InputError: it cannot be read, or is no valid document of this model.
    """
    return load(path, model).value


def load_any(path: str | Path) -> Loaded[Model]:
    """The document at ``path``, of the kind its ``format`` names.

    Raises:
        InputError: it cannot be read, or is no valid document.
    """
    source = read_source(str(path))
    stated = _format(source)
    match = _FORMAT.fullmatch(stated)
    if match is None or match.group(1) not in KINDS:
        allowed = ", ".join(f"qtregress/{kind}@1" for kind in KINDS)
        where = source.locate(("format",))
        msg = f"{where}: format must be one of {allowed}, but is {shown(stated)}"
        raise InputError(msg)
    return _loaded(source, model_of(match.group(1)))


def model_of(kind: str) -> type[Model]:
    """The model of a kind of document, imported when asked for."""
    module, _, name = KINDS[kind].partition(":")
    model: type[Model] = getattr(import_module(module), name)
    return model


def read_source(path: str) -> Source:
    """The text at ``path`` as plain values.

    Raises:
        InputError: it cannot be read, or is neither YAML nor JSON.
    """
    text = _text(path)
    data, places = (parse_json(text), None) if text.is_json else parse_yaml(text)
    source = Source(text=text, data=data, yaml_places=places)
    excess = _too_large(data)
    flaw = ((), excess) if excess else _flaw(data)
    if flaw is not None:
        where, sentence = flaw
        msg = f"{source.locate(where)}: {key_path(where) or 'the document'} {sentence}"
        raise InputError(msg)
    return source


def validated(source: Source, model: type[M]) -> M:
    """The source's value as the model.

    Raises:
        InputError: a line for every problem, with the place of each.
    """
    try:
        return model.model_validate(source.data)
    except ValidationError as error:
        if error.error_count() > MAX_LISTED:
            msg = f"{source.text.name}: has {error.error_count()} problems, too many to list"
            raise InputError(msg) from None
        found = [_sharper(problem, source.data) for problem in problems(error, model)]
        raise InputError(listed(found, source.locate)) from error


def _sharper(problem: Problem, data: Any) -> Problem:
    """The problem at the gate or pulse that its sentence names, where it names one.

    Rules that span a whole profile or gate know no path of their own.
    """
    path = problem.path
    if not path and (match := _GATE.search(problem.sentence)):
        for index, gate in enumerate(data["gates"]):
            if f"{gate['name']}:{'-'.join(map(str, gate['qubits']))}" == match.group(1):
                path = ("gates", index)
    elif match := _PULSE.fullmatch(problem.sentence):
        path = (*path, "pulses", int(match.group(1)))
    return Problem(path=path, sentence=problem.sentence)


def _text(path: str) -> Text:
    """The text of the file or of ``REV:PATH``."""
    if is_revision(path):
        return as_text(path, read_revision(path))
    return read_text(Path(path))


def _too_large(data: Any) -> str:
    """What makes the values too many to check one by one, or an empty string."""
    nodes, waiting = 0, [data]
    while waiting:
        value = waiting.pop()
        nodes += 1
        if isinstance(value, dict) and len(value) > MAX_KEYS:
            return f"must have at most {MAX_KEYS} keys in a mapping, but one has {len(value)}"
        if isinstance(value, dict | list):
            waiting.extend(value.values() if isinstance(value, dict) else value)
        if nodes + len(waiting) > MAX_NODES:
            return f"must have at most {MAX_NODES} values, but has more"
    return ""


def _flaw(value: Any, depth: int = 0) -> tuple[KeyPath, str] | None:
    """The first number that is not finite or value too deep, and what is wrong with it."""
    if isinstance(value, float):
        finite = math.isfinite(value)
        return None if finite else ((), f"must be finite, but is {shown(value)}")
    if not isinstance(value, dict | list):
        return None
    if depth > MAX_DEPTH:
        return (), f"must be nested at most {MAX_DEPTH} deep, but is deeper"
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
        found = _flaw(inner, depth + 1)
        if found is not None:
            return (key, *found[0]), found[1]
    return None


def _format(source: Source) -> str:
    """What the document says it is."""
    if not isinstance(source.data, dict):
        msg = f"{source.locate(())}: must be a mapping of keys, but is {shown(source.data)}"
        raise InputError(msg)
    if "format" not in source.data:
        msg = f"{source.locate(())}: must say its format (format: qtregress/profile@1, ...)"
        raise InputError(msg)
    return str(source.data["format"])


def _loaded(source: Source, model: type[M]) -> Loaded[M]:
    value = validated(source, model)
    if isinstance(value, Profile):
        _check_played(source, value)
    return Loaded(value=value, path=source.text.name, digest=digest(value), source=source)


def _check_played(source: Source, profile: Profile) -> None:
    played = sum(
        gate.duration * max(1, len({row.channel for row in gate.pulses})) for gate in profile.gates
    )
    if played > MAX_PLAYED:
        msg = (
            f"{source.locate(('gates',))}: all gates together must play at most {MAX_PLAYED} "
            f"samples on all their channels, but play {played}"
        )
        raise InputError(msg)
