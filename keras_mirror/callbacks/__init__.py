"""Callbacks of `fit`: a score while training, and a log of every step."""

from keras_mirror.callbacks.similarity_evaluation import SimilarityEvaluation
from keras_mirror.callbacks.step_log import StepLog

__all__ = ["SimilarityEvaluation", "StepLog"]
