import json
import os
import zipfile

from keras_mirror.archive.archive_files import opened_archive
from keras_mirror.archive.archive_files import read_member
from keras_mirror.archive.stored_member import StoredMember

WEIGHTS = "model.weights.h5"


def archive_info(path):
    """What a `.keras` archive of a `MirrorModel` holds: Keras is not needed.

    Args:
        path: String or path of the archive.

    Returns:
        A dict of plain values, for JSON: `"size"` in bytes, `"saved"` and
        `"keras"`, the time and the version of saving, `"backbone"` and
        `"tokenizer"`, each with its `"class"`, `"parameters"`, the numbers of
        weights of the parts, `"dtype_policy"`, `"recipe"`, and `"record"`, see
        `TrainingRecord`. What an older version did not write is `None` or
        left out.

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
        metadata = json.loads(read_member(archive, "metadata.json"))
        encoder = config["encoder"]
        backbone = encoder["config"].get("backbone", encoder)
        tokenizer = config["preprocessor"]["config"]["tokenizer"]
        record = config.get("record")
        return {
            "size": os.path.getsize(path),
            "saved": metadata.get("date_saved"),
            "keras": metadata.get("keras_version"),
            "backbone": _part(backbone),
            "tokenizer": {
                **_part(tokenizer),
                "vocabulary_size": _vocabulary_size(archive, backbone),
            },
            "parameters": _parameters(archive),
            "dtype_policy": _policy_name(config.get("dtype")),
            "recipe": dict(config["recipe"]["config"]),
            "record": record and dict(record["config"]),
        }


def _part(serialized):
    """The class and the plain values of the configuration of an object."""
    plain = {
        name: value
        for name, value in serialized["config"].items()
        if name != "name" and isinstance(value, (int, float, str))
    }
    return {"class": serialized["class_name"], **plain}


def _vocabulary_size(archive, backbone):
    """The tokens of a tokenizer: of SentencePiece, the backbone's rows."""
    for name in archive.namelist():
        match name.rpartition("/")[2]:
            case "vocabulary.txt":
                return read_member(archive, name).count(b"\n")
            case "vocabulary.json":
                return len(json.loads(read_member(archive, name)))
    return backbone["config"].get("vocabulary_size")


def _parameters(archive):
    """How many numbers the weights of each part are; no weight is read."""
    info = archive.NameToInfo.get(WEIGHTS)
    # Keras does not compress; another tool's archive would be unpacked whole.
    if info is None or info.compress_type != zipfile.ZIP_STORED:
        return None
    import h5py

    numbers = {"encoder": 0, "optimizer": 0, "training_only": 0}

    def count(name, item):
        if isinstance(item, h5py.Dataset):
            part = name.partition("/")[0]
            part = part if part in numbers else "training_only"
            numbers[part] += item.size

    member = StoredMember(archive.filename, info)
    with member as file, h5py.File(file) as weights:
        weights.visititems(count)
    return numbers


def _policy_name(policy):
    return policy["config"]["name"] if isinstance(policy, dict) else policy
