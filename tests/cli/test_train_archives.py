"""Archives as the presets of `train`."""

import keras
import numpy as np
import pytest
from support.texts import texts


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "corpus.txt"
    path.write_text("\n".join(texts(30)))
    return path


@pytest.fixture
def retrain(command, trained_archive, corpus, tmp_path):
    output = tmp_path / "encoder.keras"

    def call(*options):
        code, _, errors = command(
            *["train", corpus, "--preset", trained_archive, *options],
            *["--output", output, "--epochs", 1],
        )
        return code, errors, code == 0 and keras.saving.load_model(output)

    return call


@pytest.mark.parametrize(
    "options, changed",
    [
        ([], {}),
        (["--temperature", 0.5], {"temperature": 0.5}),
        (
            ["--recipe", "word", "--batch-size", 10],
            {"temperature": 0.2, "batch_size": 10},
        ),
    ],
)
def test_an_archive_is_trained_on(options, changed, retrain, trained_model):
    code, errors, model = retrain("--learning-rate", 1e-30, *options)
    assert code == 0, errors
    own = trained_model.recipe
    changed = {"learning_rate": 1e-30, "epochs": 1, **changed}
    found = {name: getattr(model.recipe, name) for name in changed}
    assert found == pytest.approx(changed)
    for name in ("dropout", "drophead", "pooling_mode", "sequence_length"):
        assert getattr(model.recipe, name) == getattr(own, name)
    before, after = (
        each.encoder.backbone.get_weights() for each in (trained_model, model)
    )
    for old, new in zip(before, after, strict=True):
        np.testing.assert_allclose(new, old, atol=1e-6)
    assert len(model.record.runs) == 2


@pytest.mark.parametrize(
    "option, message",
    [
        (["--pooling-mode", "max"], "decide how layers are built"),
        (["--dtype-policy", "float32"], "is not for an archive"),
    ],
)
def test_an_archive_stays_as_it_is_built(option, message, retrain):
    code, errors, _ = retrain(*option)
    assert code == 2 and message in errors


def test_a_whitened_archive_is_not_trained_on(
    command, trained_model, corpus, tmp_path
):
    trained_model.whitened(texts(40)).save(tmp_path / "start.keras")
    code, _, errors = command(
        *["train", corpus, "--preset", tmp_path / "start.keras"],
        *["--output", tmp_path / "encoder.keras"],
    )
    assert code == 1 and "start.keras' is whitened: training on would" in errors
