"""The kinds of benchmarks, one per file."""

from keras_mirror.evaluation.tasks.entailment import (
    EntailmentTask as EntailmentTask,
)
from keras_mirror.evaluation.tasks.labels import LabelTask as LabelTask
from keras_mirror.evaluation.tasks.lexicon import LexiconTask as LexiconTask
from keras_mirror.evaluation.tasks.linking import LinkingTask as LinkingTask
from keras_mirror.evaluation.tasks.pairs import PairTask as PairTask
from keras_mirror.evaluation.tasks.retrieval import (
    RetrievalTask as RetrievalTask,
)
from keras_mirror.evaluation.tasks.similarity import (
    SimilarityTask as SimilarityTask,
)
