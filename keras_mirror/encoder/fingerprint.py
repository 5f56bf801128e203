import hashlib
import json
import pathlib
import re
import tempfile

import keras
from keras import ops

# Settings that no vector of `encode_text` depends on.
_WITHOUT_EFFECT = {
    *("name", "trainable", "seed", "dropout", "drophead"),
    *("span_length", "view_padding"),  # of views, which are for training
    # What Keras writes beside settings, and where a class lives this year.
    *("module", "registered_name", "build_config", "compile_config"),
}


def fingerprint(model):
    """Tells encoders apart: equal for a model and its archive, on any backend.

    It is made of all that decides which vector a text has: the encoder's
    weights and settings, the tokenizer's files, the sequence length. Names,
    rates of dropout, the masking of spans, the recipe and the projection head
    do not count, nor does the precision but where it is computed with. One
    step of training changes it.

    Args:
        model: A `MirrorModel`.

    Returns:
        A string of 16 hexadecimal digits.

    Example:

    >>> len(fingerprint(model))
    16
    """
    digest = hashlib.sha256(_settings(model).encode())
    for content in _tokenizer_files(model.preprocessor.tokenizer):
        digest.update(content)
    for weight in model.encoder.weights:
        digest.update(ops.convert_to_numpy(weight).tobytes())
    return digest.hexdigest()[:16]


def _settings(model):
    serialize = keras.saving.serialize_keras_object
    preprocessor = serialize(model.preprocessor)
    preprocessor["config"].pop("dtype", None)  # of a layer without numbers
    parts = [serialize(model.encoder), preprocessor]
    text = json.dumps(_essential(parts), sort_keys=True)
    # Keras numbers the layers of a process: "dense_2".
    return re.sub(r'_\d+"', '"', text)


def _essential(settings):
    if isinstance(settings, (list, tuple)):
        return [_essential(setting) for setting in settings]
    if not isinstance(settings, dict):
        return settings
    kept = {k: v for k, v in settings.items() if k not in _WITHOUT_EFFECT}
    if kept.get("dtype") is not None:
        policy = keras.dtype_policies.get(kept.pop("dtype"))
        kept["computed in"] = policy.compute_dtype
    return {name: _essential(setting) for name, setting in kept.items()}


def _tokenizer_files(tokenizer):
    """The vocabulary and the like, which Keras keeps beside the settings."""
    with tempfile.TemporaryDirectory() as folder:
        tokenizer.save_assets(folder)
        for path in sorted(pathlib.Path(folder).iterdir()):
            # Windows ends lines in another way.
            yield path.read_bytes().replace(b"\r\n", b"\n")
