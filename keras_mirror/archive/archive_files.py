"""Reading `.keras` archives as what they are, zip files: without Keras."""

import contextlib
import json
import os
import zipfile
import zlib

# Far more than a configuration, a card or a vocabulary has; an archive that
# unpacks to more is not read.
MAX_BYTES = 2**26
_PARTS = {"encoder", "preprocessor", "recipe"}
# What damaged files raise; a runtime error is what encrypted ones do.
_DAMAGES = (
    *(zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, OSError),
    *(ValueError, KeyError, TypeError, AttributeError),
)


class WrongArchiveError(ValueError):
    """Of an archive that is whole, but does not hold what is asked for."""


@contextlib.contextmanager
def opened_archive(path):
    """Opens an archive of a `MirrorModel`.

    Args:
        path: String or path.

    Yields:
        A tuple of the `zipfile.ZipFile` and the configuration of the model, a
        dict.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It holds something else, or is damaged, also where that
            comes to light while it is open.
    """
    if not os.path.isfile(path):
        raise FileNotFoundError(
            f"An archive is expected. Received: '{path}', which is no file"
        )
    try:
        with zipfile.ZipFile(path) as archive:
            content = json.loads(read_member(archive, "config.json"))
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
        reason = " ".join(str(error).split())[:300]
        raise ValueError(
            f"'{path}' is not a readable archive of keras-mirror: {reason}"
        ) from error


def read_member(archive, name):
    """The bytes of a file in an archive.

    Args:
        archive: A `zipfile.ZipFile`.
        name: String.

    Returns:
        Bytes, `MAX_BYTES` of them at most.

    Raises:
        KeyError: There is no such file.
        ValueError: It is larger.
    """
    size = archive.getinfo(name).file_size
    if size > MAX_BYTES:
        raise ValueError(
            f"'{name}' must have at most {MAX_BYTES} bytes. Received: {size}"
        )
    return archive.read(name)
