"""Archives of this backend on the two others, each in one process."""

import json

import keras
import numpy as np
import pytest
from support.models import followed_model
from support.models import make_model
from support.models import projected_model
from support.processes import INSTALLED
from support.processes import run_module
from support.texts import SENTENCES
from support.texts import texts

from keras_mirror.encoder.fingerprint import fingerprint

pytestmark = pytest.mark.processes
OTHERS = [name for name in INSTALLED if name != keras.backend.backend()]
# A WordPiece and a SentencePiece vocabulary, trained; byte pairs and half
# precision and a mean that is subtracted, not trained. One is projected.
TRAINED = {
    "Bert": {"recipe": "word", "learning_rate": 1e-2, "batch_size": 10},
    "Albert": {"recipe": "word", "learning_rate": 1e-2, "batch_size": 10},
    "projected": {"recipe": "word", "learning_rate": 1e-2, "batch_size": 10},
}
UNTRAINED = {
    "Roberta": {"family": "Roberta"},
    "sentence": {"recipe": "sentence"},
    "bfloat16": {"dtype": "bfloat16"},
    "centered": {},
}
NAMES = [*TRAINED, *UNTRAINED, "followed"]


@pytest.fixture(scope="module")
def archives(tmp_path_factory):
    """Paths of archives with their vectors beside them, and fingerprints."""
    folder = tmp_path_factory.mktemp("archives")
    models = {name: make_model(**UNTRAINED[name]) for name in UNTRAINED}
    ended = models["centered"].centered(SENTENCES).whitened(SENTENCES)
    models["centered"] = ended
    models["followed"] = followed_model()
    for family, settings in TRAINED.items():
        if family == "projected":
            model = projected_model(5, **settings)
        else:
            model = make_model(family, **settings)
        models[family] = model
        model.compile()
        model.fit(texts(20), epochs=1, verbose=0)
    fingerprints = {}
    for name in NAMES:
        path = folder / f"{name}.keras"
        models[name].save(path)
        np.save(f"{path}.npy", models[name].encode_text(SENTENCES))
        fingerprints[path] = fingerprint(models[name])
    return fingerprints


@pytest.fixture(scope="module", params=OTHERS)
def reports(request, archives):
    printed = run_module(
        "support.on_another_backend", *archives, backend=request.param
    )
    reports = json.loads(printed.splitlines()[-1])
    return dict(zip(NAMES, reports, strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_vectors_are_the_same(reports, name):
    atol = 0.05 if name == "bfloat16" else 1e-5
    assert reports[name]["distance"] < atol


def test_fingerprints_are_the_same(reports, archives):
    theirs = [reports[name]["fingerprint"] for name in NAMES]
    assert theirs == list(archives.values())


@pytest.mark.parametrize("name", TRAINED)
def test_training_goes_on(reports, name):
    before, after, loss = reports[name]["training"]
    assert (before, after) == (2, 4)
    assert np.isfinite(loss)
