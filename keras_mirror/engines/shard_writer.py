import os

import numpy as np

from keras_mirror.engines.worker_model import worker_model


class ShardWriter:
    """Encodes a shard with an archive and writes its vectors.

    Args:
        archive: String or path of a `.keras` file that all workers see.
        folder: A `ShardFolder`.
        batch_size: Integer, see `keras_mirror.encoding.encode`.

    Call arguments:
        shard: A `Shard`.

    Returns:
        Integer, the number of texts.
    """

    def __init__(self, archive, folder, batch_size):
        self.archive = os.path.abspath(archive)
        self.folder = folder
        self.batch_size = batch_size

    def __call__(self, shard):
        model = worker_model(self.archive)
        from keras_mirror.encoding import encode_in_chunks

        chunks = encode_in_chunks(model, shard.texts, self.batch_size)
        vectors, nums_cut = zip(*chunks, strict=True)
        self.folder.write(
            shard.name, shard.ids, np.concatenate(vectors), sum(nums_cut)
        )
        return len(shard.texts)
