"""The one list of recipes: names, fields, defaults, checks and help texts.

Works without Keras: the options of `keras-mirror train` derive from it.
"""

import dataclasses
import typing
from collections.abc import Callable
from math import inf
from typing import Any
from typing import TypeVar

from keras_mirror.arguments import is_integer
from keras_mirror.arguments import is_number

POOLING_MODES = ("cls", "mean", "max", "padded_mean")
POOLED_LAYERS = ("last", "first_last")
# The fields that decide which vector a text has.
ENCODING_FIELDS = (
    "pooling_mode",
    "pooled_layers",
    "frequency_smoothing",
    "sequence_length",
)
# "Raw" in all tables and commands: the unweighted mean over the tokens of the
# last layer of a language model that was not trained here.
RAW_POOLING = {
    "pooling_mode": "mean",
    "pooled_layers": "last",
    "frequency_smoothing": None,
}
# More than any backbone's positions, so that an archive cannot ask for
# terabytes.
MAX_SEQUENCE_LENGTH = 100_000

# For these, the paper pools the first token of sentences and drops few heads.
# It found the mean better for BERT, whose pretraining DistilBERT, ALBERT and
# ELECTRA share.
ROBERTA_BACKBONES = ("RobertaBackbone", "XLMRobertaBackbone")

# The values that a field may have, in words and as a check.
_POSITIVE = ("a positive float", lambda v: 0 < v < inf)
_NOT_NEGATIVE = ("a float, 0 or more", lambda v: 0 <= v < inf)
_RATE = ("a float in [0, 1)", lambda v: 0 <= v < 1)
_COSINE = ("a float in (-1, 1]", lambda v: -1 < v <= 1)
_SHARE = ("a float in (0, 1)", lambda v: 0 < v < 1)
_PORTION = ("a float in [0, 1]", lambda v: 0 <= v <= 1)
_LEARNING_RATE = (
    "a float in (0, 1], such as 2e-5",
    lambda v: 0 < v <= 1,
)
_COUNT = ("a positive integer", lambda v: v >= 1)
_SPAN = ("an integer, 0 or more", lambda v: v >= 0)
_BATCH = ("an integer, 2 or more", lambda v: v >= 2)
_LENGTH = (
    f"an integer of 3 to {MAX_SEQUENCE_LENGTH}",
    lambda v: 3 <= v <= MAX_SEQUENCE_LENGTH,
)
_MODE = (f"one of {POOLING_MODES}", lambda v: v in POOLING_MODES)
_LAYERS = (f"one of {POOLED_LAYERS}", lambda v: v in POOLED_LAYERS)
_FLAG = ("a boolean", lambda v: True)

Value = TypeVar("Value")


def _field(
    default: Value, rule: tuple[str, Callable[[Any], bool]], help: str
) -> Value:
    metadata = {"rule": rule, "help": help}
    return dataclasses.field(default=default, metadata=metadata)


@dataclasses.dataclass(frozen=True)
class Recipe:
    """The settings of one way of mirror fine-tuning, checked when made.

    Reference:
        - [Liu et al., 2021](https://arxiv.org/abs/2104.08027), section 3 and
          appendices B and D; defaults are the paper's for sentences.

    Args:
        temperature: Positive float, divides the cosines in the loss.
        span_length: Integer, the number of characters masked in one view;
            `0` masks none.
        sequence_length: Integer, the maximum number of tokens of a text,
            special ones included.
        pooling_mode: String, see `keras_mirror.layers.SentencePooling`.
            `None` takes the paper's choice for the backbone.
        pooled_layers: `"last"`, or `"first_last"`: see
            `keras_mirror.SentenceEncoder`.
        frequency_smoothing: Positive float, for `"mean"` pooling: frequent
            tokens weigh less, see `keras_mirror.layers.TokenWeights`. `None`
            weighs all tokens equally.
        dropout: Float in `[0, 1)`, the rate of all dropouts of the backbone.
        drophead: Float in `[0, 1)`, the probability of dropping an attention
            head: see `keras_mirror.layers.DropHead`. `None` takes the paper's
            choice for the backbone.
        learning_rate: Float in `(0, 1]`. AdamW moves every weight by about
            this much in each step.
        weight_decay: Float, not negative. Defaults to the original code's
            value.
        epochs: Positive integer.
        batch_size: Integer, at least 2: the other strings of a batch are the
            negatives.
        group_by_length: Boolean, whether the strings of a batch are of
            similar length: see `mirror_dataset`.
        mini_batch_size: Integer, the texts per pass of the encoder in training,
            where every string of a batch counts as two texts. Large batches
            then need less memory, but one more forward pass: see
            `keras_mirror.encoder.mini_batches`. `None` takes a single pass.
        max_negative_similarity: Float in `(-1, 1]`: a string whose cosine with
            the anchor is higher counts as a false negative and is left out.
            `None` leaves out none; strings that differ only in case or white
            space are never negatives of each other.
        guide_ceiling: Float in `(-1, 1]`: strings whose cosine in the guide is
            higher are not negatives of each other. The guide is the model
            before training, see `keras_mirror.guide.Guide`. `None` trains
            without a guide, unless there is a `guide_share`.
        guide_share: Float in `(0, 1)`: the strings nearest to a string in the
            guide, up to this share of the corpus, are not its negatives. If
            `guide_ceiling` is given too, either condition is enough. `None`
            leaves out none.
        neighbor_rate: Float in `[0, 1]`: for this share of the strings the
            second view is of another string, a mutual neighbor in the guide.
        neighbor_floor: Float in `(-1, 1]`, the smallest cosine of neighbors.
        decoupled: Boolean, whether the positive is left out of the loss's
            denominator: see `keras_mirror.losses.info_nce`.
        projection_head: Boolean, whether two dense layers, in training only,
            stand between the embeddings and the loss.

    Example:

    >>> get_recipe("word").temperature
    0.2
    """

    temperature: float = _field(
        0.04, _POSITIVE, "Divides the cosines in the loss."
    )
    span_length: int = _field(
        5, _SPAN, "Characters masked in one view; 0 masks none."
    )
    sequence_length: int = _field(50, _LENGTH, "Maximum tokens per text.")
    pooling_mode: str | None = _field(
        None, _MODE, "cls, mean, max or padded_mean."
    )
    pooled_layers: str = _field(
        "last", _LAYERS, "last, or first_last: their mean."
    )
    frequency_smoothing: float | None = _field(
        None, _POSITIVE, "Frequent tokens weigh less, e.g. 0.001."
    )
    dropout: float = _field(0.1, _RATE, "Rate of all dropouts of the backbone.")
    drophead: float | None = _field(
        0.0, _RATE, "Chance of an attention head to be dropped."
    )
    learning_rate: float = _field(2e-5, _LEARNING_RATE, "AdamW learning rate.")
    weight_decay: float = _field(0.01, _NOT_NEGATIVE, "AdamW weight decay.")
    epochs: int = _field(1, _COUNT, "Passes over the corpus.")
    batch_size: int = _field(
        200, _BATCH, "Strings per step, each other's negatives."
    )
    group_by_length: bool = _field(
        False, _FLAG, "Whether a batch is of similar lengths."
    )
    mini_batch_size: int | None = _field(
        None, _COUNT, "Texts per pass: large batches, little memory."
    )
    max_negative_similarity: float | None = _field(
        None, _COSINE, "Highest cosine that a negative may have."
    )
    guide_ceiling: float | None = _field(
        None, _COSINE, "Highest cosine of negatives in the starting encoder."
    )
    guide_share: float | None = _field(
        None, _SHARE, "Share of the corpus, the nearest, that is no negative."
    )
    neighbor_rate: float = _field(
        0.0, _PORTION, "Share of strings paired with a neighbor."
    )
    neighbor_floor: float = _field(
        0.5, _COSINE, "Lowest cosine of such neighbors."
    )
    decoupled: bool = _field(
        False, _FLAG, "Leave positives out of the loss's denominator."
    )
    projection_head: bool = _field(
        False, _FLAG, "Two more dense layers, in training only."
    )

    def __post_init__(self) -> None:
        for name in FIELDS:
            value = check_field(name, getattr(self, name))
            object.__setattr__(self, name, value)  # it is frozen
        if self.neighbor_rate and not self.is_guided:
            raise ValueError(
                "`neighbor_rate` needs the neighbors in a guide: give "
                "`guide_ceiling` or `guide_share` too. Received: "
                f"neighbor_rate={self.neighbor_rate}"
            )

    @property
    def is_guided(self) -> bool:
        """Whether a frozen encoder decides which strings are not negatives."""
        return self.guide_ceiling is not None or self.guide_share is not None

    @property
    def pools_padding(self) -> bool:
        """Whether a vector depends on the padding of its text."""
        return self.pooling_mode == "padded_mean"

    @property
    def encoder_options(self) -> dict[str, Any]:
        """The arguments of a `SentenceEncoder`, after `for_backbone`."""
        names = {*ENCODING_FIELDS, "drophead"} - {"sequence_length"}
        return {name: getattr(self, name) for name in names}

    def for_backbone(self, backbone) -> "Recipe":
        """Replaces `None` in fields by the paper's choices for a backbone.

        Without `"mean"` pooling no tokens are weighed, so `frequency_smoothing`
        becomes `None`.
        """
        is_roberta = type(backbone).__name__ in ROBERTA_BACKBONES
        chosen = {
            "pooling_mode": "cls" if is_roberta else "mean",
            "drophead": 0.05 if is_roberta else 0.2,
        }
        missing: dict[str, Any] = {
            name: value
            for name, value in chosen.items()
            if getattr(self, name) is None
        }
        recipe = dataclasses.replace(self, **missing)
        if recipe.pooling_mode == "mean":
            return recipe
        return dataclasses.replace(recipe, frequency_smoothing=None)

    def get_config(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Recipe":
        # The name in archives from before version 0.2.
        renamed = {"negative_ceiling": "max_negative_similarity"}
        return cls(**{renamed.get(k, k): v for k, v in config.items()})


FIELDS = {field.name: field for field in dataclasses.fields(Recipe)}


def field_type(name: str) -> type:
    """The type of a field that is not `None`.

    Example:

    >>> field_type("drophead")  # `float | None`
    <class 'float'>
    """
    annotation = FIELDS[name].type
    return (*typing.get_args(annotation), annotation)[0]


def check_field(name: str, value: Any) -> Any:
    """Checks the value of a field and returns it as a Python value.

    Args:
        name: String, the field.
        value: The value; numbers may be NumPy's.

    Returns:
        `value`.

    Raises:
        ValueError: The field cannot hold `value`.

    Example:

    >>> check_field("epochs", 3)
    3
    """
    kind = field_type(name)
    is_optional = kind is not FIELDS[name].type
    expected, is_valid = FIELDS[name].metadata["rule"]
    if value is None and is_optional:
        return None
    if not _HAS_KIND[kind](value) or not is_valid(value):
        raise ValueError(
            f"`{name}` must be {expected}{' or None' if is_optional else ''}. "
            f"Received: {name}={value!r}"
        )
    return value if type(value) is int and kind is float else kind(value)


_HAS_KIND: dict[type, Callable[[Any], bool]] = {
    bool: lambda v: isinstance(v, bool),
    int: is_integer,
    float: is_number,
    str: lambda v: isinstance(v, str),
}
PAPER_RECIPES = {
    "paper_sentence": Recipe(),
    "paper_sentence_drophead": Recipe(dropout=0.0, drophead=None),
    "paper_phrase": Recipe(
        span_length=2, sequence_length=25, pooling_mode="cls", epochs=2
    ),
    "paper_word": Recipe(
        temperature=0.2,
        span_length=0,
        sequence_length=25,
        pooling_mode="cls",
        epochs=2,
    ),
}
# Values that were found to be better than the paper's, see benchmarks/results.
OWN_SENTENCE = Recipe(
    pooling_mode="mean",
    pooled_layers="first_last",
    frequency_smoothing=1e-3,
    drophead=0.1,
    decoupled=True,
    projection_head=True,
    group_by_length=True,
)
# For an encoder that is good already, with its own pooling. One recipe brings
# related texts together, which helps clusters and topics; the other moves
# similar texts apart, which helps to distinguish meanings: see
# benchmarks/domains.py.
OWN_ADAPT = dataclasses.replace(
    OWN_SENTENCE,
    pooling_mode=None,
    pooled_layers="last",
    frequency_smoothing=None,
)
OWN_RECIPES = {
    "sentence": OWN_SENTENCE,
    "sentence_drophead": dataclasses.replace(
        OWN_SENTENCE, dropout=0.0, drophead=None
    ),
    "phrase": PAPER_RECIPES["paper_phrase"],
    "word": dataclasses.replace(
        PAPER_RECIPES["paper_word"],
        pooling_mode="mean",
        pooled_layers="first_last",
        projection_head=True,
    ),
    "adapt_together": dataclasses.replace(
        OWN_ADAPT, guide_share=0.3, neighbor_rate=0.5
    ),
    "adapt_apart": dataclasses.replace(OWN_ADAPT, guide_ceiling=0.6),
}
# The candidates of `keras_mirror.adapt`: for an encoder, related texts together
# or similar ones apart; and for a raw language model.
ENCODER_RECIPES = {"together": "adapt_together", "apart": "adapt_apart"}
MIRRORED, WHITENED = "mirrored", "whitened"
# The number of texts on which `keras_mirror.adapt` trains an encoder, and a raw
# language model: the paper's "ten thousand raw strings".
ADAPT_SAMPLE = 5_000
MIRROR_SAMPLE = 10_000
RECIPES = {**OWN_RECIPES, **PAPER_RECIPES}


def get_recipe(name: "str | Recipe", **overrides: Any) -> Recipe:
    """Gets a recipe by name and replaces some of its fields.

    Args:
        name: `"sentence"`, `"sentence_drophead"`, `"phrase"`, `"word"`; with
            `paper_` before it, exactly the paper's; `"adapt_together"` and
            `"adapt_apart"`, for models that are encoders already; or a
            `Recipe`.
        **overrides: Fields of `Recipe` with new values.

    Returns:
        A `Recipe`.

    Raises:
        ValueError: No recipe has this name, no field has this name, or a
            value is out of range.

    Example:

    >>> get_recipe("sentence", batch_size=100).batch_size
    100
    """
    recipe = RECIPES.get(name) if isinstance(name, str) else name
    if not isinstance(recipe, Recipe):
        raise ValueError(
            f"`recipe` must be one of {tuple(RECIPES)} or a `Recipe`. "
            f"Received: recipe={name!r}"
        )
    unknown = sorted(set(overrides) - set(FIELDS))
    if unknown:
        raise ValueError(
            f"A recipe has the fields {list(FIELDS)}. Received: {unknown}"
        )
    return dataclasses.replace(recipe, **overrides)
