import time

import keras
import numpy as np
import pytest
from support import models
from support import texts as corpora

import keras_mirror
from keras_mirror.data import Corpus
from keras_mirror.data.batch_schedule import BatchSchedule
from keras_mirror.data.numpy_mirror_dataset import NumpyMirrorDataset


class SlowEpochs(BatchSchedule):
    """Keras's threads do not wait for them."""

    def batches(self, epoch):
        time.sleep(0.05)
        return super().batches(epoch)


@pytest.mark.skipif(
    keras.backend.backend() == "tensorflow", reason="TensorFlow has tf.data"
)
def test_fit_sees_the_batches_that_were_drawn(monkeypatch):
    """Whatever Keras's threads have made before an epoch begins."""
    model = models.make_model(recipe="sentence")
    model.compile(run_eagerly=True)
    strings = corpora.texts(32)
    epochs = SlowEpochs(num_strings=32, batch_size=4, seed=1)
    dataset = NumpyMirrorDataset(Corpus(strings), model.preprocessor, epochs)
    train_step = keras_mirror.MirrorModel.train_step
    seen = []

    def recording_step(self, *args):
        view_1, *_ = args[-1]
        seen.append(keras.ops.convert_to_numpy(view_1["string_ids"]))
        return train_step(self, *args)

    monkeypatch.setattr(keras_mirror.MirrorModel, "train_step", recording_step)
    model.fit(dataset, epochs=3, verbose=0)
    view_1, _ = model.preprocessor.views(strings, np.array([0, 0]))
    string_ids = keras.ops.convert_to_numpy(view_1["string_ids"])
    drawn = [rows for epoch in range(3) for rows in epochs.batches(epoch)]
    np.testing.assert_array_equal(seen, string_ids[np.array(drawn)])
