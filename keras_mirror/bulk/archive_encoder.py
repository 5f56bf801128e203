import functools
import os

import numpy as np

from keras_mirror.integrations.load_model import load_archive


class ArchiveEncoder:
    """Adds vectors to batches of rows, in the workers of a data engine.

    Ray Data calls it in `map_batches`, Spark in `mapInPandas`, Apache Beam in
    `Map`: what travels is the path, and every worker loads the archive once.

    Args:
        archive: String or path of a `.keras` file that all workers see.
        text_column: String, the column with the texts. Defaults to `"text"`.
        vector_column: String, the column to add. Defaults to `"vector"`.
        batch_size: Integer, see `MirrorModel.encode_text`. Defaults to `64`.

    Call arguments:
        batch: Dict of arrays or lists, or a `pandas.DataFrame`.

    Returns:
        The same with one column more: float32 arrays of shape
        `(embedding_dim,)`, in a dict one of `(num_rows, embedding_dim)`.

    Raises:
        FileNotFoundError: A worker does not see the archive.
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
        self, archive, text_column="text", vector_column="vector", batch_size=64
    ):
        self.archive = os.path.abspath(archive)
        self.text_column = text_column
        self.vector_column = vector_column
        self.batch_size = batch_size

    def __call__(self, batch):
        if self.text_column not in batch:
            raise KeyError(
                f"A batch needs the column {self.text_column!r}. Received: "
                f"columns {', '.join(map(repr, batch)) or 'none'}"
            )
        texts = ["" if x is None else x for x in batch[self.text_column]]
        model = worker_model(self.archive)
        vectors = model.encode_text(texts, batch_size=self.batch_size)
        if isinstance(batch, dict):
            return {**batch, self.vector_column: vectors}
        rows = list(vectors) if len(vectors) else np.empty(0, object)
        return batch.assign(**{self.vector_column: rows})


def worker_model(archive):
    """The model of an archive, loaded once by every process that asks.

    Its vectors are equal to the last bit in every process of a backend,
    whatever was encoded before.

    Args:
        archive: String or path of a `.keras` file.

    Returns:
        A `MirrorModel`.

    Raises:
        FileNotFoundError: There is no such file, on this machine.
        ValueError: The file is damaged or holds something else.
    """
    if not os.path.isfile(archive):
        raise FileNotFoundError(
            "Every worker loads the archive, from a path that all of them "
            f"see. Received: '{archive}', which is missing"
        )
    return _load(os.fspath(archive))


@functools.cache
def _load(archive):
    model = load_archive(archive)
    _warm_up(model)
    return model


def _warm_up(model):
    """Shows a model batches of several shapes.

    TensorFlow optimizes for the first shapes that it meets, then for all: a
    text of the first batches would get another last bit than of later ones.
    """
    from keras_mirror.preprocessing.padding import compiles_every_shape

    if compiles_every_shape():
        return
    for size in range(2, 6):
        width = min(size, model.preprocessor.sequence_length)
        features = model.preprocessor.pack([[]] * size, width)
        model.predict_on_batch(features)
