"""Callbacks of `fit`: scores, a log of every step, and checkpoints."""

from keras_mirror.callbacks.similarity_evaluation import SimilarityEvaluation
from keras_mirror.callbacks.step_log import StepLog
from keras_mirror.callbacks.training_checkpoint import TrainingCheckpoint

__all__ = ["SimilarityEvaluation", "StepLog", "TrainingCheckpoint"]
