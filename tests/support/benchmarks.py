"""Files of benchmarks, and what their readers made of them."""


def names(tasks):
    return [task.name for task in tasks]


def write(folder, files):
    """Writes files, from a dict of names and texts; gives the folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = text if isinstance(text, bytes) else text.encode()
        path.write_bytes(text)
    return folder
