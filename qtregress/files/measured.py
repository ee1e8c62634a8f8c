"""Measured benchmarking and gate errors, from this tool's own document or a foreign file.

Which of the four formats a file has is recognised by its content:

- ``qtregress/measured@1``, see `MeasuredDocument`;
- an IBM backend's properties (``props_*.json``): every ``gate_error``;
- analysis results of Qiskit Experiments (``EPC`` and ``EPG_*`` of StandardRB), as a list of
  records, as ``{"analysis_results": [...]}``, or as its encoder writes an AnalysisResultTable
  (github.com/qiskit-community/qiskit-experiments, ``framework/analysis_result_table.py``,
  ``framework/json.py``);
- the ``calibration.json`` that Qibocal keeps beside Qibolab's parameters, or the
  characterization inside Qibolab 0.1's own (github.com/qiboteam/qibocal,
  ``calibration/calibration.py``).

All are average errors: 1 - F_avg, and r = (d - 1)(1 - p)/d for a Clifford. IBM, Qiskit
Experiments (``rb_analysis.py``) and Qibocal (``protocols/randomized_benchmarking/utils.py``)
use this convention; the own document can say ``convention: entanglement`` of a value.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from qtregress.chip.chip import Fraction, Subject
from qtregress.document import Index, Model, Name, NonNegative, Positive
from qtregress.errors import InputError
from qtregress.files.documents import Source, read_source, validated
from qtregress.files.ibm_source import Properties
from qtregress.files.ibm_table import device_name
from qtregress.files.problems import shown
from qtregress.files.yaml_text import KeyPath
from qtregress.metrics.skill import MeasuredMetric, MeasuredValue
from qtregress.printable import printable
from qtregress.rb.decay import fit_decay

MAX_ROWS = 10_000
MAX_LENGTHS = 1_000

_FORMAT = "qtregress/measured@1"
_PLACEHOLDER_ERROR = 0.5
"""Errors from here on stand for a gate that nobody calibrated (IBM writes 1.0)."""
_WITHOUT_PULSE = frozenset({"rz", "reset", "measure", "id", "delay"})
"""Gates whose reported error is no pulse's."""
_LARGEST = 1e300
"""Numbers beyond this are no measurement, and whole ones may be too long for a float."""
_FEWEST_LENGTHS = 4
"""What a fit of three parameters needs."""

Date = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}", max_length=40)]
Words = Annotated[str, Field(max_length=300)]
Qubits = Annotated[tuple[Index, ...], Field(min_length=1, max_length=2)]
Convention = Literal["average", "entanglement"]
Many = Annotated[tuple[Fraction, ...], Field(max_length=MAX_LENGTHS)]


class GateErrorRow(Model):
    """A gate's error; ``entanglement`` means 1 - F_pro, which is (d + 1)/d times 1 - F_avg."""

    kind: Literal["gate_error"]
    gate: Subject
    value: Fraction
    uncertainty: NonNegative | None = None
    convention: Convention = "average"
    date: Date
    source: Words = ""


class RbRow(Model):
    """An error per Clifford of one qubit or a pair; pyGSTi's default is ``entanglement``."""

    kind: Literal["rb_epc"]
    qubits: Qubits
    value: Fraction
    uncertainty: NonNegative | None = None
    convention: Convention = "average"
    date: Date
    source: Words = ""


class SurvivalRow(Model):
    """Survivals of benchmarking of one qubit or a pair, to which a decay is fitted.

    ``lengths`` are numbers of Cliffords. Either ``survivals``, the mean share of shots that
    came back to the ground state, or ``counts``, their number. ``shots`` are those of one
    length, all its sequences together. ``survival_errors`` are standard errors of the means;
    they should be scattered over sequences, because shots alone understate them.
    """

    kind: Literal["survival"]
    qubits: Qubits
    lengths: Annotated[
        tuple[Annotated[int, Field(strict=True, ge=1)], ...], Field(max_length=MAX_LENGTHS)
    ]
    survivals: Many | None = None
    survival_errors: Annotated[tuple[Positive, ...], Field(max_length=MAX_LENGTHS)] | None = None
    counts: (
        Annotated[
            tuple[Annotated[int, Field(strict=True, ge=0)], ...], Field(max_length=MAX_LENGTHS)
        ]
        | None
    ) = None
    shots: Annotated[int, Field(strict=True, ge=1)] | None = None
    date: Date
    source: Words = ""

    @model_validator(mode="after")
    def _can_be_fitted(self) -> Self:
        problem = self._problem()
        if problem:
            raise ValueError(problem)
        return self

    def _problem(self) -> str:
        if len(set(self.lengths)) < _FEWEST_LENGTHS:
            found = len(set(self.lengths))
            return f"lengths must be at least {_FEWEST_LENGTHS} different ones, but are {found}"
        if (self.survivals is None) == (self.counts is None):
            return "either survivals or counts must be given"
        if self.shots is None and (self.counts is not None or self.survival_errors is None):
            return "shots must be given, or survival_errors beside survivals"
        for name in ("survivals", "survival_errors", "counts"):
            column = getattr(self, name)
            if column is not None and len(column) != len(self.lengths):
                return f"{name} must have {len(self.lengths)} entries, but has {len(column)}"
        if self.counts is not None and self.shots is not None and max(self.counts) > self.shots:
            return f"counts must be at most {self.shots} shots, but one is {max(self.counts)}"
        return ""


Row = Annotated[GateErrorRow | RbRow | SurvivalRow, Field(discriminator="kind")]


class MeasuredDocument(Model):
    """``qtregress/measured@1``: what benchmarking of a device found, and when."""

    format: Literal["qtregress/measured@1"]
    device: Name
    source: Words = ""
    rows: Annotated[tuple[Row, ...], Field(min_length=1, max_length=MAX_ROWS)]


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredResults:
    """What one file says was measured.

    Attributes:
        path: of the file.
        device: as the file names it, None if it does not.
        values: one a row, those without a value included.
        remarks: sentences on what was left out, and on conventions.
    """

    path: str
    device: str | None
    values: tuple[MeasuredValue, ...]
    remarks: tuple[str, ...] = ()


def read_measured(path: str) -> MeasuredResults:
    """The measured errors in a file or ``REV:PATH``, of any format named above.

    Raises:
        InputError: it cannot be read, is of no such format, or holds no measured error.
    """
    source = read_source(path)
    reader = next((read for is_it, read in _FORMATS if is_it(source.data)), None)
    if reader is None:
        msg = (
            f"{source.locate(())}: must be qtregress/measured@1, an IBM backend's properties, "
            "analysis results of Qiskit Experiments or a calibration of Qibocal (calibration.json "
            "beside Qibolab's parameters), but is none"
        )
        raise InputError(msg)
    found = reader(source)
    if not found.values:
        remarks = "".join(f"\n{remark}" for remark in found.remarks)
        msg = f"{found.path}: must hold a measured error, but holds none{remarks}"
        raise InputError(msg)
    return found


# This tool's own document


def _own(source: Source) -> MeasuredResults:
    if source.data["format"] != _FORMAT:
        found = shown(source.data["format"])
        msg = f"{source.locate(('format',))}: format must be {_FORMAT}, but is {found}"
        raise InputError(msg)
    document = validated(source, MeasuredDocument)
    values = tuple(_of_row(row, row.source or document.source) for row in document.rows)
    return MeasuredResults(path=source.text.name, device=document.device, values=values)


def _of_row(row: GateErrorRow | RbRow | SurvivalRow, source: str) -> MeasuredValue:
    if isinstance(row, SurvivalRow):
        return survival_error(row, source)
    metric: MeasuredMetric = "gate.error"
    if isinstance(row, GateErrorRow):
        subject = row.gate
    else:
        metric, subject = "rb.epc", _pair_name(row.qubits)
    d = 2 ** (1 + subject.count("-"))
    factor = d / (d + 1) if row.convention == "entanglement" else 1.0
    return MeasuredValue(
        metric=metric,
        subject=subject,
        value=row.value * factor,
        uncertainty=None if row.uncertainty is None else row.uncertainty * factor,
        date=row.date,
        source=source,
    )


def survival_error(row: SurvivalRow, source: str = "") -> MeasuredValue:
    """The error per Clifford r = (d - 1)(1 - p)/d of a decay fitted to survivals.

    Where no decay can be fitted there is no value, and ``why`` has the fit's status and
    advice.
    """
    survival, sigma = _means(row)
    fit = fit_decay(row.lengths, survival, sigma=sigma)
    d = 2 ** len(row.qubits)
    scale = (d - 1) / d
    known = fit.p is not None and fit.p_error is not None
    return MeasuredValue(
        metric="rb.epc",
        subject=_pair_name(row.qubits),
        value=scale * (1 - fit.p) if fit.p is not None else None,
        uncertainty=scale * fit.p_error if fit.p_error is not None else None,
        date=row.date,
        source=source,
        why="" if known else f"its decay is {fit.status}: {fit.advice}",
    )


def _means(row: SurvivalRow) -> tuple[list[float], list[float]]:
    """Mean survivals and their standard errors.

    Of shots the error is binomial about (k + 1)/(n + 2), which is never 0 or 1.
    """
    shots = row.shots or 0
    survival = list(row.survivals or ())
    if row.counts is not None:
        survival = [count / shots for count in row.counts]
    if row.survival_errors is not None:
        return survival, list(row.survival_errors)
    shares = np.array([(mean * shots + 1) / (shots + 2) for mean in survival])
    return survival, list(map(float, np.sqrt(shares * (1 - shares) / shots)))


# IBM


def _ibm(source: Source) -> MeasuredResults:
    properties = validated(source, Properties)
    values = []
    for row in properties.gates:
        if row.gate in _WITHOUT_PULSE or not row.qubits:
            continue
        subject = f"{printable(row.gate)}:{'-'.join(map(str, row.qubits))}"
        for parameter in row.parameters:
            if parameter.name == "gate_error":
                date = parameter.date or properties.last_update_date
                values.append(_checked("gate.error", subject, parameter.value, date=date))
    name = source.data.get("backend_name")
    return MeasuredResults(
        path=source.text.name,
        device=device_name(name) if isinstance(name, str) else None,
        values=tuple(values),
    )


def _checked(
    metric: MeasuredMetric,
    subject: str,
    value: float,
    *,
    uncertainty: float | None = None,
    date: str | None = None,
    why: str = "",
) -> MeasuredValue:
    """A foreign file's error, without a value where it can be none."""
    if not why and not 0 < value < _PLACEHOLDER_ERROR:
        why = f"its reported error {value:g} is a placeholder, or no error at all"
    return MeasuredValue(
        metric=metric,
        subject=subject,
        value=None if why else value,
        uncertainty=None if why else uncertainty,
        date=date,
        source="",
        why=why,
    )


# Qiskit Experiments

_LAST_QUBIT = 9999
_COMPONENT = re.compile(r"(?:<Qubit\()?Q([0-9]{1,4})(?:\)>)?")
_UFLOAT = re.compile(r"\(?([0-9.eE+-]+?)\s*(?:\+/-|\u00b1)\s*([0-9.eE+-]+)\)?([eE][+-]?[0-9]+)?")
_GATE = re.compile(r"EPG_([A-Za-z0-9_]{1,40})")


def _qiskit(source: Source) -> MeasuredResults:
    values, other = [], 0
    for path, row in _records(source.data):
        one = _result(row, path, source)
        if one is None:
            other += 1
        else:
            values.append(one)
    remarks = (
        [f"{other} results are no EPC or EPG of standard benchmarking, or of no pulse"]
        if other
        else []
    )
    return MeasuredResults(
        path=source.text.name, device=None, values=tuple(values), remarks=tuple(remarks)
    )


def _records(data: Any) -> Iterator[tuple[KeyPath, Mapping[str, Any]]]:
    """The results in any of the forms they are written in, each with its path.

    ``__value__`` and ``settings`` are what the encoder wraps around an object.
    """
    path: KeyPath = ()
    while isinstance(data, dict):
        inner = next((key for key in _WRAPPERS if isinstance(data.get(key), dict | list)), None)
        if inner is None:
            break
        path, data = (*path, inner), data[inner]
    rows = data.items() if isinstance(data, dict) else enumerate(data)
    for key, row in rows:
        if isinstance(row, dict) and ("name" in row or "result_type" in row):
            yield (*path, key), row


_WRAPPERS = ("analysis_results", "__value__", "settings", "data")


def _result(row: Mapping[str, Any], path: KeyPath, source: Source) -> MeasuredValue | None:
    """One result as a measured value, None where it is another kind of result."""
    name = str(row.get("name", row.get("result_type")))
    gate = _GATE.fullmatch(name)
    if (name != "EPC" and gate is None) or _is_interleaved(row):
        return None
    if gate is not None and gate[1] in _WITHOUT_PULSE:
        return None
    qubits = _components(row, path, source)
    value, error = _nominal(row, path, source)
    why = "its own analysis calls it bad" if str(row.get("quality")).lower() == "bad" else ""
    date = row.get("run_time", row.get("creation_datetime"))
    return _checked(
        "rb.epc" if gate is None else "gate.error",
        _pair_name(qubits) if gate is None else f"{gate[1]}:{'-'.join(map(str, qubits))}",
        value,
        uncertainty=error,
        date=_iso(date),
        why=why,
    )


def _is_interleaved(row: Mapping[str, Any]) -> bool:
    """Whether an EPC is that of an interleaved gate, whose name no result has."""
    text = f"{row.get('experiment')} {row.get('experiment_type')} {row.get('extra')}"
    return "Interleaved" in text or "EPC_systematic_err" in {*row, *_mapping(row.get("extra"))}


def _components(row: Mapping[str, Any], path: KeyPath, source: Source) -> tuple[int, ...]:
    key = next((key for key in ("device_components", "components") if key in row), None)
    found = row.get(key) if key else None
    qubits = [_component(one) for one in found] if isinstance(found, list) else []
    known = tuple(qubit for qubit in qubits if qubit is not None)
    if not known or len(known) < len(qubits) or len(set(known)) < len(known):
        msg = (
            f"{source.locate((*path, key) if key else path)}: device_components must be qubits "
            f'such as ["Q0", "Q1"], but are {shown(found)}'
        )
        raise InputError(msg)
    return known


def _component(one: Any) -> int | None:
    """The index of a qubit: ``Q0``, or what the encoder makes of a ``Qubit``."""
    if isinstance(one, str) and (match := _COMPONENT.fullmatch(one)):
        return int(match[1])
    settings = _mapping(_mapping(_mapping(one).get("__value__")).get("settings"))
    index = settings.get("index")
    known = isinstance(index, int) and not isinstance(index, bool) and 0 <= index <= _LAST_QUBIT
    return index if known else None


def _nominal(row: Mapping[str, Any], path: KeyPath, source: Source) -> tuple[float, float | None]:
    """A result's value and standard deviation.

    A number, text as ``0.0012+/-0.0001``, a mapping of ``value`` and ``std_dev`` (or
    ``stderr``), or the encoder's form of an uncertain number; in records of a database it
    stands in ``result_data``.
    """
    data = _mapping(row.get("result_data"))
    given = row.get("value", data.get("value", data.get("_value")))
    inner = _mapping(given)
    inner = _mapping(_mapping(inner.get("__value__")).get("settings")) or inner
    value = inner.get("value", given)
    error = inner.get("std_dev", inner.get("stderr", row.get("value_std_dev")))
    if error is None and _is_number(data.get("variance")):
        error = math.sqrt(max(data["variance"], 0.0))
    if isinstance(value, str) and (match := _UFLOAT.fullmatch(value.strip())):
        value, error = _float(match[1], match[3]), _float(match[2], match[3])
    if not _is_number(value):
        msg = (
            f"{source.locate((*path, 'value'))}: value must be a number, with or without its "
            f"standard deviation, but is {shown(given)}"
        )
        raise InputError(msg)
    return float(value), float(error) if _is_number(error) else None


def _float(text: str, exponent: str | None) -> float | None:
    try:
        return float(text + (exponent or ""))
    except ValueError:
        return None


def _iso(date: object) -> str | None:
    """The date if it is written as ISO 8601 writes it."""
    text = str(date)[:40]
    return printable(text) if re.match(r"\d{4}-\d{2}-\d{2}", text) else None


# Qibolab and Qibocal

_PER_CLIFFORD = (
    "Qibocal's rb_fidelity is read as 1 minus the error per Clifford, (d - 1)(1 - p)/d; how many "
    "pulses its Cliffords play is not recorded (it counts 1.875 on one qubit where the "
    "prediction plays 1 sx), so a prediction may be too low by that factor"
)
_NO_DATE = "a calibration of Qibocal has no dates and keeps old values"


def _qibocal(source: Source) -> MeasuredResults:
    return _fidelities(
        source,
        source.data["single_qubits"],
        source.data.get("two_qubits"),
        {"rb_fidelity": None},
        {"rb_fidelity": None, "cz_fidelity": "cz"},
    )


def _qibolab(source: Source) -> MeasuredResults:
    found = source.data["characterization"]
    return _fidelities(
        source,
        found["single_qubit"],
        found.get("two_qubit"),
        {"gate_fidelity": None},
        {"gate_fidelity": None, "cz_fidelity": "cz"},
    )


def _fidelities(
    source: Source,
    singles: Any,
    pairs: Any,
    of_single: Mapping[str, str | None],
    of_pair: Mapping[str, str | None],
) -> MeasuredResults:
    """Errors 1 - F of every fidelity that was measured.

    Zero and null are placeholders and left out. A standard fidelity (no gate's name) is of
    Cliffords; an interleaved one is the ratio F_interleaved / F_standard, so that 1 minus it
    is the gate's error up to second order.
    """
    values, empty, unnamed = [], 0, 0
    for group, wanted in ((singles, of_single), (pairs, of_pair)):
        for name, row in _mapping(group).items():
            qubits = _qubits(name)
            for key, gate in wanted.items():
                fidelity, error = _measure(_mapping(row).get(key), f"{name}: {key}", source)
                if not fidelity:
                    empty += 1
                elif qubits is None:
                    unnamed += 1
                else:
                    metric: MeasuredMetric = "rb.epc" if gate is None else "gate.error"
                    subject = _pair_name(qubits) if gate is None else f"{gate}:{name}"
                    one = _checked(metric, subject, 1 - fidelity, uncertainty=error)
                    values.append(one)
    remarks = [_PER_CLIFFORD, _NO_DATE]
    if empty:
        remarks.append(f"{empty} fidelities are 0 or null, which stands for not measured")
    if unnamed:
        remarks.append(f"{unnamed} fidelities are of qubits that are not numbered from 0")
    return MeasuredResults(
        path=source.text.name, device=None, values=tuple(values), remarks=tuple(remarks)
    )


def _measure(given: Any, where: str, source: Source) -> tuple[float, float | None]:
    """A fidelity and its error: a number, or a list of both; 0 where there is none."""
    value, *rest = given if isinstance(given, list) and given else [given]
    if value is None:
        return 0.0, None
    if not _is_number(value) or not 0 <= value <= 1:
        msg = f"{source.text.name}: {printable(where)} must be from 0 to 1, but is {shown(value)}"
        raise InputError(msg)
    return float(value), float(rest[0]) if rest and _is_number(rest[0]) else None


def _qubits(name: object) -> tuple[int, ...] | None:
    """Indices in ``0`` or ``0-1``, None where qubits have other names."""
    parts = str(name).split("-")
    numbered = all(re.fullmatch(r"0|[1-9][0-9]{0,3}", part) for part in parts)
    return tuple(map(int, parts)) if numbered else None


# Formats


def _is_own(data: Any) -> bool:
    return isinstance(data, dict) and "format" in data


def _is_ibm(data: Any) -> bool:
    return isinstance(data, dict) and {"last_update_date", "gates", "qubits"} <= data.keys()


def _is_qibocal(data: Any) -> bool:
    return isinstance(data, dict) and isinstance(data.get("single_qubits"), dict)


def _is_qibolab(data: Any) -> bool:
    found = _mapping(_mapping(data).get("characterization"))
    return isinstance(found.get("single_qubit"), dict)


def _is_qiskit(data: Any) -> bool:
    return isinstance(data, dict | list) and next(_records(data), None) is not None


_FORMATS: Sequence[tuple[Callable[[Any], bool], Callable[[Source], MeasuredResults]]] = (
    (_is_own, _own),
    (_is_ibm, _ibm),
    (_is_qibocal, _qibocal),
    (_is_qibolab, _qibolab),
    (_is_qiskit, _qiskit),
)


def _pair_name(qubits: Sequence[int]) -> str:
    """``0`` or ``0-1``, lower index first as predictions name them."""
    return "-".join(map(str, sorted(qubits)))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _is_number(value: object) -> bool:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    # a whole number of any length is JSON
    return abs(value) <= _LARGEST
