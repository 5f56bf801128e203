"""Scores that tell whether an encoder got better."""

from keras_mirror.evaluation.retrieval import RetrievalTask as RetrievalTask
from keras_mirror.evaluation.retrieval import retrieval_ranks as retrieval_ranks
from keras_mirror.evaluation.retrieval import score_retrieval as score_retrieval
