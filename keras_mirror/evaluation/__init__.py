"""Scores encoders on local benchmarks, to tell whether they got better."""

from keras_mirror.evaluation.evaluate import Evaluation as Evaluation
from keras_mirror.evaluation.evaluate import evaluate as evaluate
from keras_mirror.evaluation.task import TextEmbeddings as TextEmbeddings
from keras_mirror.evaluation.tasks import EntailmentTask as EntailmentTask
from keras_mirror.evaluation.tasks import LabelTask as LabelTask
from keras_mirror.evaluation.tasks import LexiconTask as LexiconTask
from keras_mirror.evaluation.tasks import LinkingTask as LinkingTask
from keras_mirror.evaluation.tasks import PairTask as PairTask
from keras_mirror.evaluation.tasks import RetrievalTask as RetrievalTask
from keras_mirror.evaluation.tasks import SimilarityTask as SimilarityTask
from keras_mirror.evaluation.tasks.retrieval import (
    score_retrieval as score_retrieval,
)
from keras_mirror.evaluation.tfidf import TfidfBaseline as TfidfBaseline
