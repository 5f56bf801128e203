"""Checks the fields of a request."""

import reprlib
from collections.abc import Iterable
from typing import Any

from keras_mirror.arguments import check_integer
from keras_mirror.serving.limits import Limits
from keras_mirror.serving.request_error import RequestError

_TOKENS = (
    "`{name}` must be a string or a list of strings. Received: token ids. A "
    "client's ids are not this model's: send the texts (LangChain: "
    "`OpenAIEmbeddings(check_embedding_ctx_length=False)`)"
)


def check_names(content: dict[str, Any], names: Iterable[str]) -> None:
    """Raises a `RequestError` for an unknown field.

    Example:

    >>> check_names({"k": 3}, ["query", "k"])
    """
    for name in content:
        if name not in names:
            raise RequestError(
                f"The fields are {', '.join(sorted(names))}. "
                f"Received: {name[:80]!r}",
                param=name[:80],
                code="unknown_parameter",
            )


def texts_of(value: Any, name: str, limits: Limits) -> list[str]:
    """The texts of a field.

    Args:
        value: What the field holds.
        name: String, the field.
        limits: A `Limits`.

    Returns:
        A list of strings; one for a single string.

    Raises:
        RequestError: They are not texts, or there are none, too many or too
            long ones.

    Example:

    >>> texts_of("a man", "input", Limits())
    ['a man']
    """
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not texts:
        raise _wrong(name, "a string or a list of strings", value)
    if len(texts) > limits.max_texts:
        raise _wrong(name, f"{limits.max_texts:,} texts at most", len(texts))
    for text in texts:
        if isinstance(text, (int, list)):
            raise RequestError(_TOKENS.format(name=name), param=name)
        if not isinstance(text, str):
            raise _wrong(name, "a string or a list of strings", text)
        if len(text) > limits.max_characters:
            expected = f"of texts of {limits.max_characters:,} characters "
            raise _wrong(name, f"{expected}at most", len(text))
    return texts


def string_of(content: dict[str, Any], name: str) -> str | None:
    """The string of a field that may be missing or null.

    Raises:
        RequestError: It holds something else.

    Example:

    >>> string_of({"user": "me"}, "user")
    'me'
    """
    value = content.get(name)
    if value is not None and not isinstance(value, str):
        raise _wrong(name, "a string", value)
    return value


def integer_of(content: dict[str, Any], name: str, default: int) -> int:
    """The positive integer of a field that may be missing or null.

    Raises:
        RequestError: It holds something else.

    Example:

    >>> integer_of({}, "k", 10)
    10
    """
    value = content.get(name)
    try:
        return default if value is None else check_integer(name, value)
    except ValueError as error:
        raise _wrong(name, "a positive integer", value) from error


def _wrong(name: str, expected: str, received: Any) -> RequestError:
    return RequestError(
        f"`{name}` must be {expected}. Received: {reprlib.repr(received)}",
        param=name,
    )
