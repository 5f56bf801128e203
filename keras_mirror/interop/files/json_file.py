import json


def read_json(path, default=None, kind=dict):
    """Reads a JSON file that must hold an object, or an array.

    Args:
        path: A `pathlib.Path`.
        default: What is returned where there is no such file. Defaults to
            `None`: the file must be there.
        kind: `dict` or `list`, what the file must hold. Defaults to `dict`.

    Returns:
        A dict or a list.
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
    if not isinstance(content, kind):
        name = {dict: "object", list: "array"}[kind]
        raise ValueError(
            f"{path.name} must hold a JSON {name}. "
            f"Received: path={path}, content={type(content).__name__}"
        )
    return content


def write_json(path, content):
    """Writes a JSON file for people to read too.

    Args:
        path: A `pathlib.Path`.
        content: A dict or a list.
    """
    text = json.dumps(content, indent=2, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")
