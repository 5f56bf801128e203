import contextlib
import pathlib
import tempfile


@contextlib.contextmanager
def new_file(path, suffix, card=None):
    """A file to write, which becomes `path` once all is written.

    A model card may go beside it: `NAME.md` for the file NAME.

    Args:
        path: String or path, of nothing that exists, in a folder that does.
        suffix: String that `path` must end with.
        card: String, the text of the model card. Defaults to `None`: none.

    Yields:
        A `pathlib.Path`, of a file that does not exist yet.

    Raises:
        ValueError: `path` ends otherwise.
        FileExistsError: `path` exists, or a card beside it.
        FileNotFoundError: The folder around it does not.
    """
    path = pathlib.Path(path)
    if path.suffix != suffix:
        raise ValueError(f"`filepath` must end in {suffix}. Received: '{path}'")
    texts = {path.with_name(f"{path.name}.md"): card} if card else {}
    for existing in (path, *texts):
        if existing.exists():
            raise FileExistsError(
                f"'{existing}' exists. Choose another file or remove it first"
            )
    if not path.parent.is_dir():
        raise FileNotFoundError(
            f"'{path}' cannot be made: there is no folder '{path.parent}'"
        )
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".") as scratch:
        unfinished = pathlib.Path(scratch) / path.name
        yield unfinished
        for card_path, text in texts.items():
            card_path.write_text(text, encoding="utf-8")
        unfinished.rename(path)
