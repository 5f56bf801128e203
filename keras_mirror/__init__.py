"""Mirror-BERT for Keras 3: text encoders without labels."""

from keras_mirror import interop
from keras_mirror import layers
from keras_mirror import losses
from keras_mirror import recipes
from keras_mirror.corpus import mirror_dataset
from keras_mirror.encoder import SentenceEncoder
from keras_mirror.mirror_model import MirrorModel
from keras_mirror.preprocessor import MirrorPreprocessor
from keras_mirror.recipes import Recipe
from keras_mirror.version import __version__
