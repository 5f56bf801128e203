from keras_mirror.forward.tokenizer import ForwardTokenizer
from keras_mirror.preprocessing.prompts import Prompts
from keras_mirror.preprocessing.python_pipeline import PythonPipeline


class ForwardPreprocessor:
    """The parts of `MirrorPreprocessor` that `encode_text` needs, no Keras.

    Args:
        tokenizer: A `ForwardTokenizer`.
        sequence_length: Integer, the number of tokens after which texts are
            cut, special tokens included.
        pools_padding: Boolean, whether all texts are padded to that length.
        prompts: A `Prompts`.

    Example:

    >>> kept = ForwardPreprocessor.of(preprocessor, pools_padding=False)
    >>> kept.pack(kept.tokenize(["a man"]), 6)["padding_mask"].tolist()
    [[1, 1, 1, 1, 0, 0]]
    """

    def __init__(
        self,
        tokenizer: ForwardTokenizer,
        sequence_length: int,
        pools_padding: bool,
        prompts: Prompts,
    ) -> None:
        self.tokenizer = tokenizer
        self.sequence_length = sequence_length
        self.pools_padding = pools_padding
        self.prompts = prompts
        self._python = PythonPipeline(tokenizer)

    @classmethod
    def of(cls, preprocessor, pools_padding: bool) -> "ForwardPreprocessor":
        """Makes one from a `MirrorPreprocessor`.

        Raises:
            ValueError: Its tokenizer cannot be written.
        """
        return cls(
            ForwardTokenizer.of(preprocessor),
            preprocessor.sequence_length,
            pools_padding,
            preprocessor.prompts,
        )

    @property
    def num_special_tokens(self) -> int:
        return self.tokenizer.num_special_tokens

    @property
    def max_text_tokens(self) -> int:
        return self.tokenizer.most_tokens(self.sequence_length)

    def tokenize(self, texts, prompt: str | None = None) -> list[list[int]]:
        """See `MirrorPreprocessor.tokenize`."""
        return self._python.tokenize(self.prompts.prepend(texts, prompt))

    def pack(self, token_ids: list, length: int | None = None) -> dict:
        """See `MirrorPreprocessor.pack`."""
        length = self.sequence_length if length is None else length
        return self._python.pack(token_ids, length)

    def packed_lengths(self, token_ids: list) -> list[int]:
        """See `MirrorPreprocessor.packed_lengths`.

        All are `sequence_length` if padding is pooled.
        """
        if self.pools_padding:
            return [self.sequence_length] * len(token_ids)
        return self._python.packed_lengths(token_ids, self.sequence_length)
