import contextlib
import os
import random
from collections.abc import Iterator

import keras
import numpy as np

from keras_mirror.data import as_strings
from keras_mirror.data import collect_strings
from keras_mirror.data.mirror_dataset import mirror_dataset
from keras_mirror.integrations.load_model import as_model
from keras_mirror.mirror_model import MirrorModel
from keras_mirror.optional import import_optional
from keras_mirror.presets import DEFAULT_PRESET
from keras_mirror.recipes import FIELDS
from keras_mirror.recipes import Recipe
from keras_mirror.unit_rows import unit_rows

# Checked before the imports below, whose error would not say how to install it.
import_optional("sklearn", extra="sklearn")
from sklearn.base import BaseEstimator  # noqa: E402
from sklearn.base import ClassNamePrefixFeaturesOutMixin  # noqa: E402
from sklearn.base import TransformerMixin  # noqa: E402
from sklearn.utils import check_random_state  # noqa: E402
from sklearn.utils.validation import check_is_fitted  # noqa: E402


class MirrorTransformer(
    ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator
):
    """Embeds texts as a step of a scikit-learn pipeline.

    `fit` runs Mirror-BERT on the texts, without their labels; `transform`
    encodes. Works with `Pipeline`, `clone`, `GridSearchCV`, `set_output` and
    `pickle`, as scikit-learn's own vectorizers do. Like them it takes one
    column of texts: in a `ColumnTransformer`, name the column by a string.

    A few hundred labeled texts are too few to train on well. To train on
    unlabeled texts too, fit a transformer on all texts and put it into the
    pipeline as `sklearn.frozen.FrozenEstimator(transformer)`, which is never
    fitted again. See `examples/text_classification.py`.

    Args:
        preset: See `MirrorModel.from_preset`, or the path of a `.keras`
            archive, which is not trained further: `fine_tune` must be `False`.
            Defaults to `"mirror_student_en"`.
        recipe: String or `Recipe`: see there. Defaults to `"sentence"`.
        sequence_length: Integer, the number of tokens after which a text is
            cut. Defaults to `None`: the recipe's, 50 for sentences.
        learning_rate: Float. Defaults to `None`: the recipe's.
        epochs: Integer. Defaults to `None`: the recipe's.
        batch_size: Integer. Defaults to `None`: the recipe's. A smaller corpus
            is one batch, with a warning.
        fine_tune: Boolean, whether `fit` trains or only loads the model.
            Defaults to `True`.
        normalize: Boolean, whether embeddings are scaled to length 1.
            Defaults to `True`.
        random_state: Integer or `numpy.random.RandomState`: seeds dropout,
            order and masked spans, as far as the backend is deterministic.
            Defaults to `None`.

    Attributes:
        model_: The `MirrorModel`, once fitted.

    Example:

    ```python
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    classifier = make_pipeline(MirrorTransformer(), LogisticRegression(C=10))
    classifier.fit(texts, labels)
    classifier.predict(["A man is playing a guitar."])
    ```
    """

    def __init__(
        self,
        preset: str | os.PathLike = DEFAULT_PRESET,
        *,
        recipe: str | Recipe = "sentence",
        sequence_length: int | None = None,
        learning_rate: float | None = None,
        epochs: int | None = None,
        batch_size: int | None = None,
        fine_tune: bool = True,
        normalize: bool = True,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.preset = preset
        self.recipe = recipe
        self.sequence_length = sequence_length
        self.learning_rate = learning_rate
        self.epochs = epochs
        self.batch_size = batch_size
        self.fine_tune = fine_tune
        self.normalize = normalize
        self.random_state = random_state

    def fit(self, X, y=None):
        """Trains on texts, or only loads the model.

        Args:
            X: List, array or series of strings.
            y: Not used.

        Returns:
            This transformer.

        Raises:
            TypeError: `X` is no column of strings.
            ValueError: There are fewer than two different texts to train on,
                or a setting is unknown.
        """
        texts = _texts(X)
        with _seeded(self.random_state) as seed:
            model = self._load()
            if self.fine_tune:
                _train(model, texts, seed)
        self.model_ = model
        return self

    def transform(self, X):
        """Encodes texts.

        Args:
            X: List, array or series of strings.

        Returns:
            A float32 array of shape `(len(X), embedding_dim)`.

        Raises:
            sklearn.exceptions.NotFittedError: `fit` was not called.
            TypeError: `X` is no column of strings.
        """
        check_is_fitted(self)
        embeddings = self.model_.encode_text(_texts(X))
        return unit_rows(embeddings) if self.normalize else embeddings

    @property
    def _n_features_out(self) -> int:
        """The number of features, for scikit-learn's mixin that names them."""
        return self.model_.encoder.output_shape[-1]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags

    def _load(self):
        preset = str(self.preset)
        if not preset.endswith(".keras"):
            given = {
                name: value
                for name, value in self.get_params(deep=False).items()
                if name in FIELDS and value is not None
            }
            return MirrorModel.from_preset(preset, self.recipe, **given)
        if self.fine_tune:
            raise ValueError(
                "An archive has already been trained by its own recipe: "
                "`fine_tune` must be False. Received: fine_tune=True, "
                f"preset='{preset}'"
            )
        return as_model(preset)


def _train(model, texts: list[str], seed: int) -> None:
    # Collected here, since strings in a list could be mistaken for paths.
    dataset = mirror_dataset(
        collect_strings(texts), model.preprocessor, seed=seed
    )
    model.compile()
    model.fit(dataset, verbose=0)


def _texts(X) -> list[str]:
    """A list of strings; a table raises an error."""
    if isinstance(X, str) or getattr(X, "ndim", 1) != 1:
        raise TypeError(
            "`X` must be a list, an array or a series of strings: one column. "
            f"Received: X of type {type(X).__name__} with shape "
            f"{getattr(X, 'shape', ())}"
        )
    return as_strings(X)


@contextlib.contextmanager
def _seeded(random_state) -> Iterator[int]:
    """Seeds Keras; restores the generators of Python and NumPy afterwards."""
    generator = check_random_state(random_state)
    seed = int(generator.randint(np.iinfo("int32").max))
    before = random.getstate(), np.random.get_state()
    keras.utils.set_random_seed(seed)
    try:
        yield seed
    finally:
        random.setstate(before[0])
        np.random.set_state(before[1])
