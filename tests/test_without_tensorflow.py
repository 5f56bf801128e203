"""The main path where TensorFlow cannot be imported: JAX and PyTorch."""

import json

import keras
import numpy as np
import pytest
from support.models import make_model
from support.processes import run_python
from support.texts import SENTENCES
from support.texts import texts

BACKEND = keras.backend.backend()

pytestmark = pytest.mark.skipif(
    BACKEND == "tensorflow", reason="the backend is TensorFlow"
)

BLOCK = """
import sys
for name in ("tensorflow", "tensorflow_text", "tf_keras"):
    sys.modules[name] = None  # `import tensorflow` raises ImportError
"""

LIBRARY = (
    BLOCK
    + """
import json
import keras_mirror
import keras, numpy as np
from support.texts import SENTENCES
from support.models import make_model
from support.texts import texts

keras.utils.set_random_seed(0)
report = {}
for family in ("Bert", "Roberta", "XLMRoberta"):
    model = make_model(family, batch_size=20)
    model.compile()
    dataset = keras_mirror.mirror_dataset(
        texts(60), model.preprocessor, 20, seed=1
    )
    loss = model.fit(dataset, epochs=2, verbose=0).history["loss"]
    model.save(f"{sys.argv[1]}/{family}.keras")
    vectors = model.encode_text(SENTENCES)
    loaded = keras.saving.load_model(f"{sys.argv[1]}/{family}.keras")
    distance = np.abs(loaded.encode_text(SENTENCES) - vectors).max()
    report[family] = [loss, float(distance), vectors.tolist()]
print(json.dumps(report))
"""
)

COMMAND = (
    BLOCK
    + """
import os
os.environ.pop("KERAS_BACKEND")
sys.argv = sys.argv[1:]
import keras_mirror_cli
keras_mirror_cli.main()
"""
)


@pytest.mark.processes
def test_main_path_and_same_vectors_as_with_tensorflow(tmp_path):
    output = run_python(LIBRARY, tmp_path, backend=BACKEND)
    report = json.loads(output.splitlines()[-1])
    for family, (losses, distance, vectors) in report.items():
        assert len(losses) == 2 and all(loss > 0 for loss in losses)
        assert distance == 0
        here = keras.saving.load_model(tmp_path / f"{family}.keras")
        np.testing.assert_allclose(
            here.encode_text(SENTENCES), vectors, atol=1e-5
        )


@pytest.mark.processes
def test_command_line(preset, tmp_path):
    corpus = tmp_path / "corpus.txt"
    corpus.write_text("\n".join(texts(30)), encoding="utf-8")
    archive, vectors = tmp_path / "encoder.keras", tmp_path / "vectors.npy"
    run_python(
        COMMAND,
        *["keras-mirror", "train", corpus, "--preset", preset],
        *["--batch-size", "10", "--output", archive, "--backend", BACKEND],
        backend=BACKEND,
    )
    run_python(
        COMMAND,
        *["keras-mirror", "encode", archive, corpus],
        *["--output", vectors, "--backend", BACKEND],
        backend=BACKEND,
    )
    assert np.load(vectors).shape == (30, 8)


def test_both_roads_make_the_same_views():
    tf = pytest.importorskip("tensorflow", reason="one of the two roads")
    model = make_model("Roberta")
    preprocessor = model.preprocessor
    strings = SENTENCES + texts(50)
    by_hand = preprocessor.span_masking.split(strings, seed=(1, 2))
    in_graph = tf.function(preprocessor._graph.tokenize_views)(
        *map(tf.constant, (strings, *by_hand))
    )
    views = preprocessor._python.tokenize_views(strings, *by_hand)
    assert tuple(view.to_list() for view in in_graph) == views
