from keras_mirror.archive.archive_files import WrongArchiveError
from keras_mirror.archive.archive_files import opened_archive
from keras_mirror.archive.archive_files import read_member

CARD = "assets/README.md"


def archive_card(path):
    """The model card inside of a `.keras` archive: Keras is not needed.

    Args:
        path: String or path of the archive.

    Returns:
        A string of Markdown.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is damaged, or has no card.

    Example:

    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "encoder.keras")
    >>> model.save(path)
    >>> archive_card(path).splitlines()[0]
    '---'
    """
    with opened_archive(path) as (archive, _):
        if CARD not in archive.namelist():
            raise WrongArchiveError(
                f"'{path}' has no model card: an older version wrote it. Load "
                "it and save it again"
            )
        return read_member(archive, CARD).decode("utf-8")
