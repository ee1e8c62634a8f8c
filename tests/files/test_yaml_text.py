"""YAML text as values with places."""

import math
from typing import Any

import pytest
import yaml

from qtregress.errors import InputError
from qtregress.files import yaml_text
from qtregress.files.text import Place, Text
from qtregress.files.yaml_text import parse_yaml


@pytest.fixture(params=["libyaml", "python"], autouse=True)
def _loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every fact holds for the C reader and for the one in Python."""
    if request.param == "python":
        monkeypatch.setattr(yaml_text, "LOADER", yaml.SafeLoader)


def value(text: str) -> Any:
    """What ``text`` means."""
    return parse_yaml(Text(name="a.yaml", text=text))[0]


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("5.03e9", 5.03e9),
        ("1e-5", 1e-5),
        (".5", 0.5),
        ("-3", -3),
        ("010", 10),
        ("0x1F", 31),
        ("0o17", 15),
        ("-.inf", -math.inf),
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("2021-03-14", "2021-03-14"),
        ("1.0.5", "1.0.5"),
        ("1e", "1e"),
        ("True", True),
        ("null", None),
        ("~", None),
        ("'5'", "5"),
        ('"1e5"', "1e5"),
        ("<<", "<<"),
    ],
)
def test_plain_words_follow_the_core_schema(word: str, expected: object) -> None:
    """Numbers are numbers; booleans of YAML 1.1, dates and quoted words are strings."""
    found = value(f"a: {word}")["a"]

    assert (type(expected), expected) == (type(found), found)


def test_not_a_number_is_read_as_such() -> None:
    """``.nan`` is the float, so that the documents can refuse it by name."""
    assert math.isnan(value("a: .nan")["a"])


def test_places_count_from_one_and_point_at_keys_and_items() -> None:
    """An entry's place is its key's or its item's line and column."""
    _, places = parse_yaml(Text(name="a.yaml", text="a:\n  - {b: 1, c: [2, 3]}\n"))

    assert places.find(("a", 0, "c")) == Place(2, 12)
    assert places.find(("a", 0, "c", 1)) == Place(2, 19)


def test_an_unknown_path_is_placed_at_its_deepest_known_part() -> None:
    """What is missing is reported where it should have been."""
    _, places = parse_yaml(Text(name="a.yaml", text="a:\n  b: 1\n"))

    assert places.find(("a", "z")) == Place(1, 1)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a: &x 1", "a.yaml:1:4: anchors and aliases are refused"),
        ("a: *x", "a.yaml:1:4: anchors and aliases are refused"),
        ("a: &x [1]\nb: [*x, *x]", "a.yaml:1:4: anchors and aliases are refused"),
        ("&x a: 1", "a.yaml:1:1: anchors and aliases are refused"),
        ("a: !!python/object:os.system x", "a.yaml:1:4: tags are refused"),
        ("a: !!int 5", "a.yaml:1:4: tags are refused"),
        ("a: 1\nb: 2\na: 3", "a.yaml:3:1: the key 'a' appears twice .first on line 1"),
        ("a: 1\n---\nb: 1", "a.yaml:2:1: must hold one document"),
        ("# nothing\n", "must hold a document, but holds only comments"),
        ("? [a]\n: 1", "a.yaml:1:3: a key must be a plain word"),
        ("[" * 1000, "a.yaml:1:42: must be nested at most 40 deep"),
        (
            "\n".join(f"{' ' * i}a:" for i in range(50)),
            "a.yaml:41:41: must be nested at most 40 deep",
        ),
        (f"a: {'9' * 5000}", "a.yaml:1:4: a number must have at most 400 digits"),
        ("a: {b: 1", r"a.yaml:[12]:.*must be YAML, but is not"),
        ("a:\n\tb: 1", "a.yaml:2:1: must be YAML, but is not"),
        ("a: [1,\n", "a.yaml:2:1: must be YAML, but is not"),
    ],
    ids=lambda text: text[:20].replace("\n", "|"),
)
def test_what_documents_do_not_need_is_refused(text: str, sentence: str) -> None:
    """Tags, anchors, twins, depth and broken text each get a sentence with a place."""
    with pytest.raises(InputError, match=sentence):
        value(text)


def test_the_number_of_values_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A text with more values than the limit is refused while it is read."""
    monkeypatch.setattr(yaml_text, "MAX_NODES", 10)

    with pytest.raises(InputError, match="at most 10 values"):
        value(f"[{'1, ' * 11}]")
