import contextlib
import os
import pathlib
from collections.abc import Iterator
from typing import Self

import keras

import keras_mirror.preprocessing.mirror_preprocessor  # noqa: F401  in archives
from keras_mirror.archive.known_objects import check_objects
from keras_mirror.archive.record import TrainingRecord
from keras_mirror.encoder.trained_weights import freeze_positions
from keras_mirror.encoder.trained_weights import frozen_positions
from keras_mirror.finite import check_finite_variables
from keras_mirror.forked import check_not_forked
from keras_mirror.optimizers import training_variables
from keras_mirror.presets import DEFAULT_PRESET
from keras_mirror.presets import preset_fields
from keras_mirror.recipes import Recipe
from keras_mirror.recipes import get_recipe

# Registered here because `recipes` does not import Keras.
keras.saving.register_keras_serializable("keras_mirror")(Recipe)


class SavingMixin(keras.Model):
    """Loads, saves and exports a model.

    It adds presets and the formats of other libraries, and tells Keras what a
    `.keras` archive holds: the parts that `__init__` takes, only if their
    weights are finite, and a model card. It needs these parts as attributes of
    the model, and `projection_head`.
    """

    _PARTS = ("encoder", "preprocessor", "recipe", "record")
    _is_found_finite = False  # what is being saved

    # === Other formats: their modules are imported when they are needed ===

    @classmethod
    def from_preset(
        cls,
        preset: str | os.PathLike[str] = DEFAULT_PRESET,
        recipe: str | Recipe = "sentence",
        dtype=None,
        **overrides,
    ) -> Self:
        """Loads pretrained weights into a model ready for mirror fine-tuning.

        Args:
            preset: A name such as `"all_minilm_l6_v2_en"`, which is fetched
                once (`keras-mirror presets` lists them), a keras-hub preset
                name such as `"bert_base_en_uncased"`, a `kaggle://`, `hf://`
                or `modelscope://` handle, or a local folder of keras-hub,
                Hugging Face or sentence-transformers. Defaults to the bundled
                `"mirror_student_en"`.
            recipe: A `Recipe`, or the name of one: see `keras_mirror.recipes`.
                A preset may change fields of a named one; a
                sentence-transformers folder decides pooling and sequence
                length. Defaults to `"sentence"`.
            dtype: A dtype policy such as `"mixed_bfloat16"`. Defaults to
                `None`: the global one.
            **overrides: Fields of `Recipe` with new values, such as
                `temperature`, `pooling_mode` or `dropout`.

        Returns:
            A `MirrorModel`.

        Raises:
            ValueError: The preset is unknown or damaged, or the recipe or a
                field is unknown. OSError: A named preset cannot be fetched from
                any place.
        """
        from keras_mirror.presets.load_preset import assemble
        from keras_mirror.presets.load_preset import load_parts

        check_not_forked()
        if isinstance(recipe, str):
            overrides = {**preset_fields(preset, recipe), **overrides}
        dropout = get_recipe(recipe, **overrides).dropout
        parts = load_parts(preset, dropout, dtype)
        record = TrainingRecord.of_preset(preset)
        return cls(*assemble(parts, recipe, overrides), record=record)

    @classmethod
    def from_text_embedder(
        cls, embedder, recipe: str | Recipe = "sentence", **overrides
    ) -> Self:
        """Makes a model with copied weights of a keras-hub `TextEmbedder`.

        Args:
            embedder: A `BertTextEmbedder`, an `XLMRobertaTextEmbedder` or the
                result of `to_text_embedder`, with its preprocessor. Pooling
                and `sequence_length` stay, normalization does not.
            recipe, **overrides: As in `from_preset`.

        Returns:
            A `MirrorModel`.

        Raises:
            ValueError: The embedder is of another kind, or has no preprocessor.

        Example:

        >>> copy = MirrorModel.from_text_embedder(model.to_text_embedder())
        """
        from keras_mirror.checkpoints.keras_hub import text_embedder_parts
        from keras_mirror.presets.load_preset import assemble

        dropout = get_recipe(recipe, **overrides).dropout
        parts = text_embedder_parts(embedder, dropout)
        return cls(*assemble(parts, recipe, overrides))

    def export(
        self,
        filepath: str | os.PathLike[str],
        format: str = "sentence-transformers",
        **options,
    ) -> None:
        """Writes this model for other libraries, without an optimizer.

        Args:
            filepath: String or path of a new file or folder.
            format: String, one of `keras_mirror.export.EXPORTERS`. Defaults
                to `"sentence-transformers"`: a folder that this library and
                `transformers.AutoModel` load.
            **options: Options of the format.

        Raises:
            FileExistsError: `filepath` exists.
            ValueError: There is no such format, or it cannot express this
                model.
        """
        from keras_mirror.export.export import export

        export(self, filepath, format, **options)

    def to_text_embedder(self, normalize: bool = True):
        """Shares this encoder with a `keras_hub.models.TextEmbedder`.

        Texts that keras-hub tokenizes in another way (a `[MASK]` in a text,
        `ß`, invisible characters) get other embeddings from its own classes.

        Args:
            normalize: Boolean, whether embeddings have length 1. Defaults to
                `True`, as in keras-hub.

        Returns:
            A `BertTextEmbedder` or an `XLMRobertaTextEmbedder` if one of these
            can express the model; a `MirrorTextEmbedder` otherwise.

        Example:

        >>> model.to_text_embedder().encode_text(["a man"], verbose=0).shape[0]
        1
        """
        from keras_mirror.export.keras_hub import to_text_embedder

        return to_text_embedder(self, normalize)

    def save_to_preset(self, folder: str | os.PathLike[str]) -> None:
        """Writes a keras-hub preset; `from_preset(folder)` loads it.

        The `Backbone` and `Tokenizer` of keras-hub load it too, and so does
        its `TextEmbedder`, or a warning says why not.

        Args:
            folder: String or path of a new folder.

        Raises:
            FileExistsError: `folder` exists.
        """
        from keras_mirror.export.keras_hub import save_to_preset

        save_to_preset(self, folder)

    # === Archives ===

    def get_config(self) -> dict:
        serialize = keras.saving.serialize_keras_object
        config = {name: serialize(getattr(self, name)) for name in self._PARTS}
        frozen = frozen_positions(self.projection_head)
        head = {"frozen_head": frozen} if frozen else {}
        return {**super().get_config(), **config, **head}

    @classmethod
    def from_config(cls, config: dict) -> Self:
        check_not_forked()
        check_objects(config)
        config = dict(config)
        deserialize = keras.saving.deserialize_keras_object
        for name in cls._PARTS:
            if name in config:  # an archive of version 0.1 has no record
                config[name] = deserialize(config[name])
        frozen = config.pop("frozen_head", [])
        model = cls(**config)
        freeze_positions(model.projection_head, frozen)
        return model

    def save(self, filepath, *args, **kwargs) -> None:
        with self._found_finite():
            super().save(filepath, *args, **kwargs)

    def save_weights(self, filepath, *args, **kwargs) -> None:
        with self._found_finite():
            super().save_weights(filepath, *args, **kwargs)

    def save_own_variables(self, store) -> None:
        with self._found_finite():  # `keras.saving.save_model` calls no `save`
            super().save_own_variables(store)

    @contextlib.contextmanager
    def _found_finite(self) -> Iterator[None]:
        """Checks that all weights are finite, once even if it is nested.

        It does so before Keras opens a file, since an older file would be lost.
        """
        before = self._is_found_finite
        if not before:
            check_finite_variables(training_variables(self))
        self._is_found_finite = True
        try:
            yield
        finally:
            self._is_found_finite = before

    def save_assets(self, dir_path: str) -> None:
        # Keras calls it: assets/README.md of the archive.
        from keras_mirror.archive.model_card import model_card

        card = pathlib.Path(dir_path, "README.md")
        card.write_text(model_card(self), encoding="utf-8")
