import keras

from keras_mirror.archive.known_objects import check_objects
from keras_mirror.layers import RandomSpanMasking
from keras_mirror.optional_tensorflow import is_tensor
from keras_mirror.optional_tensorflow import tf
from keras_mirror.preprocessing.graph_pipeline import GraphPipeline
from keras_mirror.preprocessing.padding import padded_lengths
from keras_mirror.preprocessing.plain_text_tokenizer import PlainTextTokenizer
from keras_mirror.preprocessing.prompts import Prompts
from keras_mirror.preprocessing.python_pipeline import PythonPipeline
from keras_mirror.recipes import check_field
from keras_mirror.recipes import get_recipe

VIEW_PADDINGS = ("longest", "sequence_length")


@keras.saving.register_keras_serializable(package="keras_mirror")
class MirrorPreprocessor(keras.layers.Layer):
    """Turns strings into features for a backbone, or into two views.

    It works with every tokenizer of keras-hub's text backbones and with
    `HuggingFaceTokenizer`. TensorFlow strings are processed in the graph, so
    that the layer and its `views` can be mapped over a `tf.data.Dataset` of
    batches; Python strings and NumPy arrays are processed in Python, without
    TensorFlow, to the same ids.

    Special tokens in a text stay text: the id of the mask is put between the
    tokens left and right of the masked span.

    Args:
        tokenizer: A `keras_hub.tokenizers.Tokenizer` with a start, an end and
            a padding token, and a mask token if spans are masked.
        sequence_length: Integer. Features are cut and padded to this many
            tokens, special ones included. Defaults to `50`, the paper's for
            sentences.
        span_length: Integer. The number of characters masked in the second
            view; `0` masks none. Defaults to `5`, the paper's for sentences.
        view_padding: String. `"longest"` pads views to the longest of their
            batch, in steps of a few widths; `"sequence_length"` pads them as
            a call does, which only `"padded_mean"` pooling needs. Defaults
            to `"longest"`.
        seed: Integer, the seed of the spans. Defaults to `None`.
        prompts: Dict from names to strings that are put before a text, such as
            `{"query": "query: "}`, see `Prompts`. Defaults to `None`: none.
        default_prompt_name: String, the prompt that is put before every text,
            in training too, unless another is given. Defaults to `None`.
        **kwargs: Passed to `keras.layers.Layer`.

    Attributes:
        recipe: The `Recipe` that `mirror_dataset` follows: `"sentence"`, until
            a `MirrorModel` that uses the preprocessor sets its own.
        prompts: The `Prompts`.
        max_text_tokens: Integer, the maximum number of tokens without start and
            end. num_special_tokens: Integer, the number of start and end
            tokens, usually 2.

    Call arguments:
        inputs: A list or array of strings, or a string tensor of shape
            `(batch_size,)`.

    Output shape:
        A dict of `"token_ids"` and `"padding_mask"`, both int32 of shape
        `(batch_size, sequence_length)`.

    Example:

    >>> preprocessor = MirrorPreprocessor(tokenizer, sequence_length=8)
    >>> features = preprocessor(["a man plays", "a woman"])
    >>> features["padding_mask"].sum(axis=1).tolist()
    [5, 4]
    """

    def __init__(
        self,
        tokenizer,
        sequence_length: int = 50,
        span_length: int = 5,
        view_padding: str = "longest",
        seed: int | None = None,
        prompts: dict[str, str] | None = None,
        default_prompt_name: str | None = None,
        **kwargs,
    ) -> None:
        super().__init__(**kwargs)
        _check_special_tokens(tokenizer, with_mask=bool(span_length))
        sequence_length = check_field("sequence_length", sequence_length)
        if view_padding not in VIEW_PADDINGS:
            raise ValueError(
                f"`view_padding` must be one of {VIEW_PADDINGS}. "
                f"Received: view_padding={view_padding!r}"
            )
        self.tokenizer = tokenizer
        self.sequence_length = sequence_length
        self.span_length = span_length
        self.view_padding = view_padding
        self.seed = seed
        self.prompts = Prompts(dict(prompts or {}), default_prompt_name)
        self.recipe = get_recipe("sentence")
        self.span_masking = None
        if span_length:
            self.span_masking = RandomSpanMasking(span_length, seed=seed)
        # Strings must reach `call` as they are, not as backend tensors.
        self._convert_input_args = False
        self._allow_non_tensor_positional_args = True
        plain_text = PlainTextTokenizer(tokenizer)
        self._python = PythonPipeline(plain_text)
        self._graph = GraphPipeline(plain_text)
        # Built here, without weights: while a layer is not built, `predict` on
        # JAX first runs the whole model op by op.
        for layer in self._flatten_layers():
            layer.built = True

    def build(self, input_shape=None):
        self.built = True

    def call(self, inputs):
        inputs = _without_eager_tensors(inputs)
        if _is_single(inputs):
            return _first(self.call(_batch_of_one(inputs)))
        pipeline = self._pipeline(inputs)
        token_ids = pipeline.tokenize(self.prompts.prepend(inputs))
        return pipeline.pack(token_ids, self.sequence_length)

    @property
    def plain_text(self) -> PlainTextTokenizer:
        return self._python.plain_text

    @property
    def num_special_tokens(self) -> int:
        return self._python.plain_text.num_special_tokens

    @property
    def max_text_tokens(self) -> int:
        return self._python.plain_text.most_tokens(self.sequence_length)

    def views(self, texts, seed=None, partners=None):
        """Makes two views of strings: unchanged, and with a masked span.

        Args:
            texts: As in a call.
            seed: Two integers that decide the spans, see
                `RandomSpanMasking.split`. Defaults to `None`.
            partners: The texts of the second view, as `texts`. Defaults to
                `None`: the same.

        Returns:
            A tuple `(view_1, view_2)` of two dicts as a call returns them, plus
            `"string_ids"`, int32 of shape `(batch_size,)`: equal for strings
            that differ only in case or white space, which are not negatives of
            each other. Both views of a batch have the same width: see
            `view_padding`.
        """
        sides = [texts] if partners is None else [texts, partners]
        sides = [_without_eager_tensors(side) for side in sides]
        lengths = [self.sequence_length]
        if _is_single(sides[0]):  # as wide as the others of a batch
            sides = [_batch_of_one(side) for side in sides]
            return tuple(map(_first, self._views(sides, seed, lengths)))
        if self.view_padding == "longest":
            lengths = padded_lengths(self.sequence_length)
        return self._views(sides, seed, lengths)

    def tokenize(self, texts, prompt: str | None = None) -> list[list[int]]:
        """Token ids of Python strings, uncut and without special tokens.

        Args:
            texts: A list or array of strings.
            prompt: String, the name of the prompt that is put before them.
                Defaults to `None`: the default one, if there is one.

        Returns:
            A list of lists of integers.

        Raises:
            ValueError: There is no prompt of this name.
        """
        return self._python.tokenize(self.prompts.prepend(texts, prompt))

    def share_unknown(self, token_ids: list[list[int]]) -> float:
        """The share of unknown tokens among ids.

        Args:
            token_ids: A list of lists of integers from `tokenize`.

        Returns:
            A float in `[0, 1]`.
        """
        return self._python.plain_text.share_unknown(token_ids)

    def count_tokens(self, texts: list[str]):
        """Counts the ids that `tokenize` would give, in the fastest way.

        Args:
            texts: A list of strings.

        Returns:
            An integer array of shape `(len(texts),)`.
        """
        is_python = tf is None or self._graph.calls_python
        pipeline = self._python if is_python else self._graph
        return pipeline.count_tokens(self.prompts.prepend(texts))

    def packed_lengths(self, token_ids: list) -> list[int]:
        """The numbers of tokens of rows from `tokenize` after packing.

        Args:
            token_ids: A list of lists of integers.

        Returns:
            A list of integers, at most `sequence_length`.
        """
        return self._python.packed_lengths(token_ids, self.sequence_length)

    def pack(
        self, token_ids: list[list[int]], length: int | None = None
    ) -> dict:
        """Adds start and end, cuts, and pads lists of token ids to an array.

        Args:
            token_ids: A list of lists of integers.
            length: Integer, the width of the result. Defaults to `None`: the
                `sequence_length` of this layer.

        Returns:
            The features that a call returns, of shape `(batch_size, length)`.
        """
        length = self.sequence_length if length is None else length
        return self._python.pack(token_ids, length)

    def get_config(self) -> dict:
        tokenizer = keras.saving.serialize_keras_object(self.tokenizer)
        if hasattr(self.tokenizer, "split_on_cjk"):
            # keras-hub 0.32 leaves it out.
            tokenizer["config"]["split_on_cjk"] = self.tokenizer.split_on_cjk
        return {
            **super().get_config(),
            "tokenizer": tokenizer,
            "sequence_length": self.sequence_length,
            "span_length": self.span_length,
            "view_padding": self.view_padding,
            "seed": self.seed,
            **self._prompt_config(),
        }

    def _prompt_config(self) -> dict:
        # Left out if there are none, so that fingerprints stay the same.
        if not self.prompts.texts:
            return {}
        return {
            "prompts": self.prompts.texts,
            "default_prompt_name": self.prompts.default_name,
        }

    @classmethod
    def from_config(cls, config: dict):
        check_objects(config)
        config = dict(config)
        tokenizer = keras.saving.deserialize_keras_object(config["tokenizer"])
        return cls(**{**config, "tokenizer": tokenizer})

    def _views(self, sides: list, seed, lengths: list[int]) -> tuple:
        first, last = sides[0], sides[-1]
        prepend = self.prompts.prepend
        pipeline = self._pipeline(first)
        # First, since it refuses what is not a string.
        string_ids = [pipeline.string_ids(side) for side in sides]
        if self.span_masking is not None:
            # The prompt is put before the part left of the span, so it is never
            # masked.
            left, *rest = self.span_masking.split(last, seed)
            view_1, view_2 = pipeline.tokenize_views(
                prepend(first), prepend(left), *rest
            )
        else:
            view_1 = pipeline.tokenize(prepend(first))
            is_same = first is last
            view_2 = view_1 if is_same else pipeline.tokenize(prepend(last))
        length = pipeline.padded_length([view_1, view_2], lengths)
        return tuple(
            {**pipeline.pack(view, length), "string_ids": ids}
            for view, ids in ((view_1, string_ids[0]), (view_2, string_ids[-1]))
        )

    def _pipeline(self, inputs) -> GraphPipeline | PythonPipeline:
        return self._graph if is_tensor(inputs) else self._python


def _check_special_tokens(tokenizer, with_mask: bool) -> None:
    names = ["start_token_id", "end_token_id", "pad_token_id"]
    names += ["mask_token_id"] if with_mask else []
    missing = [name for name in names if not hasattr(tokenizer, name)]
    if missing:
        raise ValueError(
            "`tokenizer` must be a keras-hub tokenizer of a masked language "
            f"model. Received: tokenizer={type(tokenizer).__name__}, which "
            f"has no {', '.join(missing)}"
        )


def _without_eager_tensors(inputs):
    # keras-hub's tokenizers return ragged tensors only in a graph.
    if not is_tensor(inputs) or not tf.executing_eagerly():
        return inputs
    if inputs.shape.rank == 0:
        return inputs.numpy().decode("utf-8")
    return [text.decode("utf-8") for text in inputs.numpy()]


def _is_single(inputs) -> bool:
    if is_tensor(inputs):
        return inputs.shape.rank == 0
    return isinstance(inputs, str)


def _batch_of_one(text):
    return text[tf.newaxis] if is_tensor(text) else [text]


def _first(features: dict) -> dict:
    return {name: feature[0] for name, feature in features.items()}
