"""Mirror-BERT for Keras 3: text encoders without labels."""

import importlib
import importlib.util
import sys
from typing import TYPE_CHECKING

from keras_mirror.version import __version__ as __version__

# Where a public name is defined; the others are modules.
_HOMES = {
    "ForwardEncoder": "forward.forward_encoder",
    "MirrorModel": "mirror_model",
    "MirrorPreprocessor": "preprocessing.mirror_preprocessor",
    "Recipe": "recipes",
    "SentenceEncoder": "encoder.sentence_encoder",
    "adapt": "adaptation.adapt",
    "distill": "distillation.distill",
    "load_forward": "forward.load_forward",
    "merge": "merging",
    "mirror_dataset": "data.mirror_dataset",
}
__all__ = [
    *_HOMES,
    "adaptation",
    "bulk",
    "callbacks",
    "data",
    "distillation",
    "engines",
    "evaluation",
    "evidence",
    "export",
    "guide",
    "integrations",
    "interop",
    "layers",
    "losses",
    "maps",
    "metrics",
    "optimizers",
    "presets",
    "recipes",
    "search",
    "static",
]

# The command line chooses the backend before Keras is imported, and answers
# `--help` without it; and `keras_mirror.static` works where Keras is not
# installed: there names load when they are asked for. Everybody else gets every
# name, and every class registered for `keras.saving.load_model`, from
# `import keras_mirror` alone.
if TYPE_CHECKING or (
    "keras_mirror_cli" not in sys.modules and importlib.util.find_spec("keras")
):
    from keras_mirror import keras_settings
    from keras_mirror import startup

    startup.check_legacy_keras()
    keras_settings.check_keras_backend()

    from keras_mirror import adaptation as adaptation
    from keras_mirror import bulk as bulk
    from keras_mirror import callbacks as callbacks
    from keras_mirror import data as data
    from keras_mirror import distillation as distillation
    from keras_mirror import engines as engines
    from keras_mirror import evaluation as evaluation
    from keras_mirror import evidence as evidence
    from keras_mirror import export as export
    from keras_mirror import guide as guide
    from keras_mirror import integrations as integrations
    from keras_mirror import interop as interop
    from keras_mirror import layers as layers
    from keras_mirror import losses as losses
    from keras_mirror import maps as maps
    from keras_mirror import metrics as metrics
    from keras_mirror import optimizers as optimizers
    from keras_mirror import presets as presets
    from keras_mirror import recipes as recipes
    from keras_mirror import search as search
    from keras_mirror import static as static
    from keras_mirror.adaptation.adapt import adapt as adapt
    from keras_mirror.data.mirror_dataset import (
        mirror_dataset as mirror_dataset,
    )
    from keras_mirror.distillation.distill import distill as distill
    from keras_mirror.encoder.sentence_encoder import (
        SentenceEncoder as SentenceEncoder,
    )
    from keras_mirror.forward.forward_encoder import (
        ForwardEncoder as ForwardEncoder,
    )
    from keras_mirror.forward.load_forward import load_forward as load_forward
    from keras_mirror.merging import merge as merge
    from keras_mirror.mirror_model import MirrorModel as MirrorModel
    from keras_mirror.preprocessing.mirror_preprocessor import (
        MirrorPreprocessor as MirrorPreprocessor,
    )
    from keras_mirror.recipes import Recipe as Recipe
else:

    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(
                f"module {__name__!r} has no attribute {name!r}"
            )
        module = importlib.import_module(f"{__name__}.{_HOMES.get(name, name)}")
        return getattr(module, name) if name in _HOMES else module

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
