"""Mirror-BERT for Keras 3: text encoders without labels."""

import sys

from keras_mirror.version import __version__ as __version__

# The command line chooses the backend before Keras is imported, and answers
# `--help` without it. Everybody else gets every name, and every class
# registered for `keras.saving.load_model`, from `import keras_mirror` alone.
if "keras_mirror_cli" not in sys.modules:
    from keras_mirror import bulk as bulk
    from keras_mirror import callbacks as callbacks
    from keras_mirror import data as data
    from keras_mirror import evaluation as evaluation
    from keras_mirror import integrations as integrations
    from keras_mirror import layers as layers
    from keras_mirror import losses as losses
    from keras_mirror import metrics as metrics
    from keras_mirror import presets as presets
    from keras_mirror import recipes as recipes
    from keras_mirror import search as search
    from keras_mirror.data.mirror_dataset import (
        mirror_dataset as mirror_dataset,
    )
    from keras_mirror.encoder.sentence_encoder import (
        SentenceEncoder as SentenceEncoder,
    )
    from keras_mirror.mirror_model import MirrorModel as MirrorModel
    from keras_mirror.preprocessing.mirror_preprocessor import (
        MirrorPreprocessor as MirrorPreprocessor,
    )
    from keras_mirror.recipes import Recipe as Recipe
