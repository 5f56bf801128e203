"""Text files become a vocabulary, and token rows for `pretrain_backbone.py`.

An article is a block of lines; an empty line ends it. Its sentences follow each
other in rows of equal length, and no row holds text of two articles.
"""

import collections
import itertools

import keras
import numpy as np
import tensorflow as tf
from tokenizers import BertWordPieceTokenizer

SPECIAL_TOKENS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
ARTICLES_AT_A_TIME = 64
SAMPLE_EVERY = 4  # articles: enough to count words
ALPHABET_SIZE = 300  # letters of other scripts would rarely be trained


def train_vocabulary(paths, vocabulary_size):
    """A lower-case WordPiece vocabulary, a list of strings.

    keras-hub's `compute_word_piece_vocabulary` needs ten times as long.
    """
    texts = list(itertools.islice(read_articles(paths), 0, None, SAMPLE_EVERY))
    trainer = BertWordPieceTokenizer(lowercase=True)
    letters = collections.Counter()
    for text in texts:
        letters.update(trainer.normalizer.normalize_str(text))
    alphabet = sorted(
        letter
        for letter, _ in letters.most_common(ALPHABET_SIZE)
        if not letter.isspace()
    )
    # The trainer numbers letters in a random order and breaks ties by their
    # numbers: given here, the vocabulary is the same in every run.
    trainer.train_from_iterator(
        texts,
        vocab_size=vocabulary_size,
        special_tokens=SPECIAL_TOKENS
        + alphabet
        + [f"##{letter}" for letter in alphabet],
        limit_alphabet=len(alphabet),
    )
    vocabulary = trainer.get_vocab()
    return sorted(vocabulary, key=vocabulary.get)


def token_rows(paths, tokenizer, row_length):
    """All text as an uint16 array of shape `(num_rows, row_length)`.

    A row is `[CLS] tokens [SEP]`, padded only where an article ends.
    """
    texts = tf.data.Dataset.from_generator(
        lambda: read_articles(paths),
        output_signature=tf.TensorSpec([], "string"),
    )
    batches = texts.batch(ARTICLES_AT_A_TIME).map(tokenizer, 2).prefetch(2)
    progress = keras.utils.Progbar(None, unit_name="batch of articles")
    rows = []
    for pieces in batches:
        token_ids = pieces.flat_values.numpy()
        ends = pieces.row_splits.numpy()[1:-1]
        for article in np.split(token_ids, ends):
            rows.extend(cut(article, tokenizer, row_length))
        progress.add(1)
    print()  # ends the line of the progress bar, which knows no total
    return np.stack(rows)


def cut(article, tokenizer, row_length):
    """The token ids of an article in rows, `[CLS] ... [SEP]` each."""
    width = row_length - 2
    for start in range(0, len(article), width):
        piece = article[start : start + width]
        row = np.full(row_length, tokenizer.pad_token_id, "uint16")
        row[0] = tokenizer.cls_token_id
        row[1 : len(piece) + 1] = piece
        row[len(piece) + 1] = tokenizer.sep_token_id
        yield row


def read_articles(paths):
    for path in paths:
        with open(path, encoding="utf-8") as file:
            blocks = itertools.groupby(file, key=lambda line: not line.strip())
            for is_empty, lines in blocks:
                if not is_empty:
                    yield " ".join(line.strip() for line in lines)
