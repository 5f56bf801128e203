"""Docstrings are Markdown; autodoc reads reStructuredText."""

import re

FENCE = re.compile(r"^(\s*)```(\w*)\s*$")
LINK = re.compile(r"\[([^\]]+)\]\((https?://[^)\s]+)\)")
# "`Pair`s" ends no role in reStructuredText, and "**kwargs" begins bold text.
ENDINGS = re.compile(r"(`[^`]+`)(?=\w)")
STARS = re.compile(r"(?<![`\w*])\*\*(?=\w)")


def to_rst(lines: list[str]) -> list[str]:
    """Rewrites fenced code and links of a docstring.

    Args:
        lines: List of strings, the docstring without its indentation.

    Returns:
        A list of strings, reStructuredText.
    """
    result: list[str] = []
    indent = None  # of the fence that is open
    for line in lines:
        fence = FENCE.match(line)
        if fence and indent is None:
            indent = fence[1]
            language = fence[2] or "text"
            result += ["", f"{indent}.. code-block:: {language}", ""]
        elif fence:
            indent = None
            result.append("")
        elif indent is not None:
            result.append(f"    {line}" if line.strip() else "")
        else:
            line = STARS.sub(r"\*\*", line)
            line = ENDINGS.sub(r"\1\\ ", line)
            result.append(LINK.sub(r"`\1 <\2>`__", line))
    return result


def _process(app, what, name, value, options, lines):
    lines[:] = to_rst(lines)


def setup(app):
    # Before Napoleon, which has the priority 500.
    app.connect("autodoc-process-docstring", _process, priority=100)
    return {"parallel_read_safe": True}
