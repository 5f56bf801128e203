import dataclasses

from keras_mirror.data.near_duplicates import count_near_duplicates
from keras_mirror.data.read_corpus import read_corpus
from keras_mirror.data.token_shares import TokenShares
from keras_mirror.data.token_shares import percent
from keras_mirror.data.token_shares import token_shares

# Thresholds above which the report says something: good corpora stay below. The
# bundled model on STS-B dev: 68.9 with tokens counted and no step, 69.4 with 1
# step, 69.8 with 5, 70.3 with 10, 72.1 with 46.
FEW_STEPS = 10
TOLD_UNKNOWN = 0.05  # emoji, a name here and there
TOLD_NEAR_DUPLICATES = 0.01  # ten corpora of sentences and titles: up to 0.3%
TOLD_TOKENS_PER_WORD = 4  # disease names: 3.2; Russian, letter by letter: 6


@dataclasses.dataclass(frozen=True)
class CorpusReport:
    """What a user should know about a corpus before training, as text by `str`.

    Args:
        num_strings: Integer, the usable strings.
        batch_size: Integer, the number of strings per step.
        epochs: Integer.
        sequence_length: Integer, the number of tokens after which texts are
            cut.
        num_near_duplicates: Integer, see `count_near_duplicates`.
        shares: The `TokenShares`.
    """

    num_strings: int
    batch_size: int
    epochs: int
    sequence_length: int
    num_near_duplicates: int
    shares: TokenShares

    @property
    def num_steps(self) -> int:
        return self.num_strings // self.batch_size * self.epochs

    @property
    def num_left_out(self) -> int:
        """The number of strings that are in no batch of an epoch."""
        return self.num_strings % self.batch_size

    def __str__(self) -> str:
        sentences = [
            self._steps(),
            self._unknown(),
            self._pieces(),
            self._cut(),
            self._near_duplicates(),
        ]
        return " ".join(filter(None, sentences))

    def _steps(self) -> str:
        steps = "1 step" if self.num_steps == 1 else f"{self.num_steps:,} steps"
        told = f"{self.num_strings:,} texts make {steps} of {self.batch_size}"
        if self.epochs > 1:
            told += f" in {self.epochs} epochs"
        if self.num_left_out:
            told += f"; {self.num_left_out} are never seen"
            told += " in each of them" if self.epochs > 1 else ""
        if self.num_steps < FEW_STEPS:
            told += ". 50 steps are usual: expect little from so few"
        return f"{told}."

    def _unknown(self) -> str:
        if self.shares.unknown < TOLD_UNKNOWN:
            return ""
        return (
            f"{percent(self.shares.unknown)} of the tokens are unknown to the "
            "vocabulary and look the same to the model."
        )

    def _pieces(self) -> str:
        if self.shares.per_word < TOLD_TOKENS_PER_WORD:
            return ""
        return (
            f"A word takes {self.shares.per_word:.1f} tokens on average "
            "(English: 1.3): the vocabulary seems to be for another language."
        )

    def _cut(self) -> str:
        if not self.shares.cut:
            return ""
        return (
            f"{percent(self.shares.cut)} of the texts are cut at "
            f"{self.sequence_length} tokens."
        )

    def _near_duplicates(self) -> str:
        share = self.num_near_duplicates / self.num_strings
        if share < TOLD_NEAR_DUPLICATES:
            return ""
        return (
            f"{percent(share)} of the texts ({self.num_near_duplicates:,}) "
            "differ from another text only in punctuation, case and spaces; "
            "training pushes the two apart."
        )


def corpus_report(source, preprocessor) -> CorpusReport:
    """Checks how well a corpus suits a model, before training.

    Args:
        source: See `mirror_dataset`.
        preprocessor: A `MirrorPreprocessor` that has the recipe of its model.

    Returns:
        A `CorpusReport`.

    Raises:
        ValueError: No string of `source` is usable.

    Example:

    >>> report = corpus_report(["a man plays", "a woman"], preprocessor)
    >>> print(report)
    2 texts make 1 step of 2. 50 steps are usual: expect little from so few.
    """
    corpus = read_corpus(source)
    num_strings = len(corpus.strings)
    if not num_strings:
        raise ValueError(
            "A report needs at least one usable string. "
            f"Received: {corpus.num_read} strings, none of them usable"
        )
    recipe = preprocessor.recipe
    return CorpusReport(
        num_strings=num_strings,
        batch_size=min(recipe.batch_size, num_strings),
        epochs=recipe.epochs,
        sequence_length=preprocessor.sequence_length,
        num_near_duplicates=count_near_duplicates(corpus),
        shares=token_shares(corpus, preprocessor),
    )
