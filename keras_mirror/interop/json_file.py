import json


def read_json(path, default=None):
    """Reads a JSON file that must hold an object.

    Args:
        path: A `pathlib.Path`.
        default: What is returned where there is no such file. Defaults to
            `None`: the file must be there.

    Returns:
        A dict.
    """
    if default is not None and not path.is_file():
        return default
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:  # also what is not UTF-8
        raise ValueError(
            f"{path.name} must be a JSON file, this one is damaged. "
            f"Received: path={path}, error={error}"
        ) from error
    if not isinstance(content, dict):
        raise ValueError(
            f"{path.name} must hold a JSON object. "
            f"Received: path={path}, content={type(content).__name__}"
        )
    return content
