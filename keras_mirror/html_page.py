"""Templates of HTML pages that need no network, and writing them."""

import os

from keras_mirror.atomic_output import atomic_output
from keras_mirror.optional import import_optional


def page_template(package: str, name: str, extra: str, **policies):
    """Loads the template of a page; it escapes what it shows.

    Args:
        package: String, the package that contains the file.
        name: String, the name of the file.
        extra: String, the extra that installs Jinja.
        **policies: Policies of Jinja, see its documentation.

    Returns:
        A `jinja2.Template`.

    Raises:
        ImportError: Jinja is not installed.
    """
    jinja2 = import_optional("jinja2", extra)
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader(package, ""),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies.update(policies)
    return environment.get_template(name)


def write_page_file(
    path: str | os.PathLike[str], page: str, overwrite: bool
) -> None:
    """Writes a page; if that fails, an old file stays unchanged."""
    with atomic_output(path, overwrite=overwrite) as unfinished:
        # A lone surrogate, which UTF-8 cannot hold, becomes "?".
        with open(
            unfinished, "w", encoding="utf-8", errors="replace", newline="\n"
        ) as file:
            file.write(page)


def shortened(text: str, max_length: int) -> str:
    """A text, cut to a number of characters.

    Example:

    >>> shortened("a man plays", 6)
    'a man…'
    """
    if len(text) <= max_length:
        return text
    return f"{text[: max_length - 1]}…"
