import functools
import os

import numpy as np

from keras_mirror.integrations.load_model import is_archive
from keras_mirror.integrations.load_model import load_model


class ArchiveEncoder:
    """Adds embeddings to batches of rows, in the workers of a data engine.

    Ray Data calls it in `map_batches`, Spark in `mapInPandas`, Apache Beam in
    `Map`. Only the archive's path is sent; every worker loads it once.

    Args:
        archive: String or path of a `.keras` file that all workers can read, or
            what `MirrorModel.from_preset` takes.
        text_column: String, the column with the texts. Defaults to `"text"`.
        embedding_column: String, the column to add. Defaults to `"vector"`.
        batch_size: Integer, see `MirrorModel.encode_text`. Defaults to `None`.

    Call arguments:
        batch: Dict of arrays or lists, or a `pandas.DataFrame`.

    Returns:
        The batch with one more column: one float32 array of shape
        `(embedding_dim,)` per row, or in a dict a single array of shape
        `(num_rows, embedding_dim)`.

    Raises:
        FileNotFoundError: A worker cannot find the archive.
        KeyError: A batch has no such column.

    Example:

    ```python
    import ray
    from keras_mirror.bulk import ArchiveEncoder

    ray.data.read_parquet("texts/").map_batches(
        ArchiveEncoder, fn_constructor_args=["/shared/encoder.keras"], concurrency=8
    ).write_parquet("vectors/")

    encoder = ArchiveEncoder("/shared/encoder.keras")
    table.mapInPandas(lambda frames: map(encoder, frames), "text string, vector array<float>")
    texts | beam.BatchElements() | beam.Map(lambda batch: encoder({"text": batch}))
    ```
    """  # noqa: E501

    def __init__(
        self,
        archive: str | os.PathLike,
        text_column: str = "text",
        embedding_column: str = "vector",
        batch_size: int | None = None,
    ) -> None:
        self.archive = seen_from_anywhere(archive)
        self.text_column = text_column
        self.embedding_column = embedding_column
        self.batch_size = batch_size

    def __call__(self, batch):
        if self.text_column not in batch:
            raise KeyError(
                f"A batch needs the column {self.text_column!r}. Received: "
                f"columns {', '.join(map(repr, batch)) or 'none'}"
            )
        texts = ["" if x is None else x for x in batch[self.text_column]]
        model = worker_model(self.archive)
        embeddings = model.encode_text(texts, batch_size=self.batch_size)
        if isinstance(batch, dict):
            return {**batch, self.embedding_column: embeddings}
        rows = list(embeddings) if len(embeddings) else np.empty(0, object)
        return batch.assign(**{self.embedding_column: rows})


def worker_model(archive: str | os.PathLike):
    """The model of an archive or of a preset, loaded once per process.

    On one backend, every process computes embeddings that are equal to the last
    bit, whatever was encoded before.

    Args:
        archive: String or path of a `.keras` file, or a preset.

    Returns:
        A `MirrorModel`.

    Raises:
        FileNotFoundError: There is no such file, on this machine.
        ValueError: The file is damaged or holds something else.
    """
    if is_archive(archive) and not os.path.isfile(archive):
        raise FileNotFoundError(
            "Every worker loads the archive from a path that all of them can "
            f"read. Received: '{archive}', which is missing"
        )
    return _load(os.fspath(archive))


def seen_from_anywhere(archive: str | os.PathLike) -> str:
    """The absolute path of an archive or a folder, or the name of a preset.

    Example:

    >>> seen_from_anywhere("all_minilm_l6_v2_en")
    'all_minilm_l6_v2_en'
    """
    if is_archive(archive) or os.path.exists(archive):
        return os.path.abspath(archive)
    return os.fspath(archive)


@functools.cache
def _load(archive: str):
    model = load_model(archive)
    _warm_up(model)
    return model


def _warm_up(model) -> None:
    """Runs the model on several batch shapes.

    TensorFlow's first graph is specialized for the first shape it meets: its
    embeddings would differ from later ones in the last bit.
    """
    # Late: this module is imported by `--help`, without Keras.
    from keras_mirror.preprocessing.padding import compiles_every_shape

    if compiles_every_shape():
        return
    for size in range(2, 6):
        width = min(size, model.preprocessor.sequence_length)
        features = model.preprocessor.pack([[]] * size, width)
        model.predict_on_batch(features)
