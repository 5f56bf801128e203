"""Adapting an encoder to a user's own texts, with proof, and without harm."""

from keras_mirror.adaptation.adapt import Adaptation as Adaptation
from keras_mirror.adaptation.adapt import adapt as adapt
from keras_mirror.adaptation.verdict import Verdict as Verdict
