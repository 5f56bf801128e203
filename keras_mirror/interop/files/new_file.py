import contextlib
import pathlib

from keras_mirror.interop.files.new_path import new_path


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
    with new_path(path, "file", beside=texts) as unfinished:
        yield unfinished
        for card_path, text in texts.items():
            card_path.write_text(text, encoding="utf-8")
