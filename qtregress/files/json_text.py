"""JSON text as plain values; where its parts stand is worked out only when asked."""

import json
from functools import lru_cache
from typing import Any

from qtregress.errors import InputError
from qtregress.files.text import Text
from qtregress.files.yaml_text import Places, parse_yaml


def parse_json(text: Text) -> Any:
    """The text's value; NaN and infinity come through as floats.

    Raises:
        InputError: the text is no JSON, or has duplicate keys.
    """
    try:
        return json.loads(text.text, object_pairs_hook=_without_duplicates)
    except json.JSONDecodeError as error:
        msg = f"{text.name}:{error.lineno}:{error.colno}: must be JSON, but {_problem(error)}"
        raise InputError(msg) from error
    except RecursionError as error:
        msg = f"{text.name}: must be nested less deeply"
        raise InputError(msg) from error
    except ValueError as error:
        parse_yaml(text)  # the same complaint, with its place
        msg = f"{text.name}: {error}"
        raise InputError(msg) from error


@lru_cache(maxsize=8)
def places_in_json(text: Text) -> Places | None:
    """Where the parts of the text stand, if the YAML reader can follow it."""
    try:
        return parse_yaml(text)[1]
    except InputError:
        return None


def _problem(error: json.JSONDecodeError) -> str:
    early = error.pos >= len(error.doc.rstrip()) or error.msg.startswith("Unterminated")
    what = f"{error.msg[0].lower()}{error.msg[1:]}".removesuffix(" starting at")
    return f"ends too early: {what}" if early else f"is not: {what}"


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) < len(pairs):
        msg = "no key may appear twice in a mapping"
        raise ValueError(msg)
    return mapping
