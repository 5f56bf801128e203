"""Reads what a `.keras` archive of a `MirrorModel` holds, without Keras."""

import contextlib
import json
import os
import zipfile
import zlib
from collections.abc import Iterator

from keras_mirror.archive.limits import CARD
from keras_mirror.archive.limits import CONFIG
from keras_mirror.archive.limits import METADATA
from keras_mirror.archive.limits import check_directory
from keras_mirror.archive.limits import check_members
from keras_mirror.archive.newer_versions import newer_versions
from keras_mirror.archive.weight_count import count_weights
from keras_mirror.file_kinds import kind_of_file
from keras_mirror.machine_errors import check_machine
from keras_mirror.machine_errors import check_reachable
from keras_mirror.machine_errors import reason

_PARTS = {"encoder", "preprocessor", "recipe"}
# Damaged files raise these errors; encrypted ones raise a `RuntimeError`.
_DAMAGES = (
    *(zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, OSError),
    *(ValueError, KeyError, TypeError, AttributeError),
)


class WrongArchiveError(ValueError):
    """The archive is intact, but does not hold what is asked for."""


def archive_info(path: str | os.PathLike[str]) -> dict:
    """Describes what an archive holds.

    Args:
        path: String or path of the archive.

    Returns:
        A dict of plain values, for JSON: `"size"` in bytes, `"saved"` and
        `"keras"`, the time and the version of saving, `"backbone"` and
        `"tokenizer"`, each with its `"class"`, `"parameters"`, the numbers of
        weights of the parts, `"dtype_policy"`, `"recipe"`, `"centered"` and
        `"whitened"`, whether embeddings are centered or whitened,
        `"projection_dim"`, the dimensions to which they are projected or
        `None`, `"prompts"`, and `"record"`, see `TrainingRecord`. A value that
        an older version did not write is `None` or left out.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is damaged, or holds something else.

    Example:

    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "encoder.keras")
    >>> model.save(path)
    >>> archive_info(path)["backbone"]["class"]
    'BertBackbone'
    """
    with opened_archive(path) as (archive, config):
        metadata = json.loads(archive.read(METADATA))
        encoder = config["encoder"]
        backbone = encoder["config"].get("backbone", encoder)
        tokenizer = config["preprocessor"]["config"]["tokenizer"]
        record = config.get("record")
        count = count_weights(path, archive, unpack=False)
        return {
            "size": os.path.getsize(path),
            "saved": metadata.get("date_saved"),
            "keras": metadata.get("keras_version"),
            "backbone": _part(backbone),
            "tokenizer": {
                **_part(tokenizer),
                "vocabulary_size": _vocabulary_size(archive, backbone),
            },
            "parameters": count and count.numbers,
            "dtype_policy": _policy_name(config.get("dtype")),
            "recipe": dict(config["recipe"]["config"]),
            "centered": encoder["config"].get("centered", False),
            "whitened": encoder["config"].get("whitened", False),
            "projection_dim": encoder["config"].get("projection_dim"),
            "prompts": config["preprocessor"]["config"].get("prompts", {}),
            "record": record and dict(record["config"]),
        }


def archive_card(path: str | os.PathLike[str]) -> str:
    """Reads the model card inside an archive.

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
        return archive.read(CARD).decode("utf-8")


@contextlib.contextmanager
def opened_archive(
    path: str | os.PathLike[str],
) -> Iterator[tuple[zipfile.ZipFile, dict]]:
    """Opens an archive of a `MirrorModel`.

    Args:
        path: String or path.

    Yields:
        A tuple of the `zipfile.ZipFile` and the configuration of the model, a
        dict.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It holds something else, or is damaged; errors of the
            `with` block count as damage.
    """
    if not os.path.isfile(path):
        check_reachable(path)
        is_folder = os.path.isdir(path)
        raise FileNotFoundError(
            f"An archive is expected. Received: '{path}', which is "
            f"{'a folder' if is_folder else 'missing'}"
        )
    try:
        check_directory(path)
        with zipfile.ZipFile(path) as archive:
            check_members(path, archive)
            content = json.loads(archive.read(CONFIG))
            config = content["config"]
            if not isinstance(config, dict) or not _PARTS <= set(config):
                raise WrongArchiveError(
                    f"'{path}' must hold a MirrorModel. "
                    f"Received: a {content['class_name']}"
                )
            yield archive, config
    except WrongArchiveError:
        raise
    except _DAMAGES as error:
        check_machine(path, error)
        raise unreadable(path, error) from error


def unreadable(path: str | os.PathLike[str], error: Exception) -> ValueError:
    """The error for a damaged archive, made from the error that it caused."""
    kind = kind_of_file(path)
    told = f"it is {kind}" if kind else reason(error)
    newer = newer_versions(path)
    told += f". {newer}" if newer else ""
    return ValueError(
        f"'{path}' is not a readable archive of keras-mirror: {told}"
    )


def _part(serialized: dict) -> dict:
    """The class of an object, and the plain values of its configuration."""
    plain = {
        name: value
        for name, value in serialized["config"].items()
        if name != "name" and isinstance(value, (int, float, str))
    }
    return {"class": serialized["class_name"], **plain}


def _vocabulary_size(archive: zipfile.ZipFile, backbone: dict) -> int | None:
    """The number of tokens; for SentencePiece, the backbone's."""
    for name in archive.namelist():
        match name.rpartition("/")[2]:
            case "vocabulary.txt":
                return archive.read(name).count(b"\n")
            case "vocabulary.json":
                return len(json.loads(archive.read(name)))
    return backbone["config"].get("vocabulary_size")


def _policy_name(policy: dict | str | None) -> str | None:
    return policy["config"]["name"] if isinstance(policy, dict) else policy
