"""Reads, checks, collects, samples and batches texts."""

from keras_mirror.data.as_strings import as_strings
from keras_mirror.data.as_strings import batched
from keras_mirror.data.as_strings import check_string
from keras_mirror.data.corpus import Corpus
from keras_mirror.data.corpus import collect_strings
from keras_mirror.data.corpus import sample_strings
from keras_mirror.data.corpus_report import corpus_report
from keras_mirror.data.next_lines import pairs_of_next_lines
from keras_mirror.data.read_corpus import read_corpus
from keras_mirror.data.read_lines import read_lines
from keras_mirror.data.read_records import read_identified_texts
from keras_mirror.data.read_rows import read_rows
from keras_mirror.data.read_texts import read_texts
from keras_mirror.data.read_texts import split_pairs

__all__ = [
    "Corpus",
    "as_strings",
    "batched",
    "check_string",
    "collect_strings",
    "corpus_report",
    "pairs_of_next_lines",
    "read_corpus",
    "read_identified_texts",
    "read_lines",
    "read_rows",
    "read_texts",
    "sample_strings",
    "split_pairs",
]
