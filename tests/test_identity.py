"""Identity by content."""

import pytest
from pydantic import ValidationError

from qtregress.document import Model, Real
from qtregress.identity import canonical_bytes, canonical_text, digest


class Sample(Model):
    """A document with an option, a default and a mapping."""

    value: Real
    note: str | None = None
    scale: Real = 1.0
    table: dict[str, Real] = {}


def test_the_text_has_sorted_keys_and_defaults_but_no_absent_options() -> None:
    """Keys are sorted, defaults are written out, None is left out."""
    assert canonical_text(Sample(value=0.1)) == '{"scale":1.0,"table":{},"value":0.1}'


def test_the_order_of_a_mapping_does_not_matter() -> None:
    """Two mappings that differ in order only are the same value."""
    one = Sample(value=1.0, table={"a": 1.0, "b": 2.0})
    other = Sample(value=1.0, table={"b": 2.0, "a": 1.0})

    assert digest(one) == digest(other)


@pytest.mark.parametrize(("one", "other"), [(0.0, -0.0), (1.0, 1)])
def test_equal_numbers_have_one_digest(one: float, other: float) -> None:
    """Minus zero and whole numbers written without a point change nothing."""
    assert digest(Sample(value=one)) == digest(Sample(value=other))


@pytest.mark.parametrize(
    "other",
    [
        Sample(value=1.0 + 2**-52),
        Sample(value=1.0, note=""),
        Sample(value=1.0, scale=2.0),
        Sample(value=1.0, table={"a": 0.0}),
    ],
    ids=["last bit", "note", "scale", "table"],
)
def test_every_field_is_noticed(other: Sample) -> None:
    """The last bit of a float and every other field change the digest."""
    assert digest(Sample(value=1.0)) != digest(other)


def test_the_bytes_are_ascii() -> None:
    """Text beyond ASCII is escaped, so that no encoding can change the digest."""
    assert canonical_bytes(Sample(value=1.0, note="µ")).isascii()


def test_a_value_that_is_not_finite_never_gets_a_digest() -> None:
    """NaN is refused before it can be identified."""
    with pytest.raises(ValidationError, match="finite"):
        Sample(value=float("nan"))
