"""Indexes as older versions wrote them."""

import io
import json
import zipfile

import numpy as np

from keras_mirror.encoder.fingerprint import fingerprint

SETTINGS = {
    "format": "keras_mirror.search.Index",
    "version": 1,
    "exact": None,
    "archive": None,
}


def as_npy(array):
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


def write_zip_index(
    path, model, texts, compression=zipfile.ZIP_STORED, **parts
):
    """Writes the file; `parts` replace its parts, `None` leaves one out."""
    different = list(dict.fromkeys(text for text in texts if text.strip()))
    vectors = model.encode_text(different)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    settings = {**SETTINGS, "fingerprint": fingerprint(model)}
    content = {
        "settings_json": json.dumps(settings).encode(),
        "texts_json": json.dumps(texts, ensure_ascii=False).encode(),
        "vectors_npy": as_npy(vectors.astype("float32")),
        **parts,
    }
    with zipfile.ZipFile(path, "w", compression) as file:
        for name, part in content.items():
            if part is not None:
                file.writestr(name.replace("_", ".", 1), part)
    return path
