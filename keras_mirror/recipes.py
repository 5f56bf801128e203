import dataclasses
from math import inf

import keras

from keras_mirror.layers.sentence_pooling import POOLING_MODES

# The backbones whose paper setting on sentences is the first token; the paper
# found the mean better for BERT, and DistilBERT, ALBERT, ELECTRA share its
# pretraining.
CLS_BACKBONES = ("RobertaBackbone", "XLMRobertaBackbone")


# Field: its types, what is expected in words, and the same as a check.
_RULES = {
    "temperature": ((int, float), "a positive float", lambda v: 0 < v < inf),
    "span_length": (int, "an integer, 0 or more", lambda v: v >= 0),
    "sequence_length": (
        int,
        "an integer of 3 to 100000",
        lambda v: 3 <= v <= 100_000,
    ),
    "pooling_mode": (
        (str, type(None)),
        f"one of {POOLING_MODES} or None",
        lambda v: v in (None, *POOLING_MODES),
    ),
    "dropout": ((int, float), "a float in [0, 1)", lambda v: 0 <= v < 1),
    "learning_rate": ((int, float), "a positive float", lambda v: 0 < v < inf),
    "weight_decay": (
        (int, float),
        "a float, 0 or more",
        lambda v: 0 <= v < inf,
    ),
    "epochs": (int, "a positive integer", lambda v: v >= 1),
    "batch_size": (int, "an integer, 2 or more", lambda v: v >= 2),
    "mini_batch_size": (
        (int, type(None)),
        "a positive integer or None",
        lambda v: v is None or v >= 1,
    ),
    "group_by_length": (bool, "a boolean", lambda v: True),
}


@keras.saving.register_keras_serializable(package="keras_mirror")
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
        sequence_length: Integer, the most tokens of a text, special ones
            included.
        pooling_mode: String, see `keras_mirror.layers.SentencePooling`.
            `None` takes the paper's choice for the backbone.
        dropout: Float in `[0, 1)`, the rate of all dropouts of the backbone.
        learning_rate: Positive float.
        weight_decay: Float, not negative. The original code's value.
        epochs: Positive integer.
        batch_size: Integer, at least 2: the other strings of a batch are the
            negatives.
        group_by_length: Boolean, whether the strings of a batch are of
            similar length: see `mirror_dataset`.
        mini_batch_size: Integer, the texts per pass of the encoder in
            training, where every string of a batch is two texts. Large
            batches then need less memory, and one more forward pass: see
            `keras_mirror.mini_batches`. `None` is one pass of all.

    Example:

    >>> get_recipe("word").temperature
    0.2
    """

    temperature: float = 0.04
    span_length: int = 5
    sequence_length: int = 50
    pooling_mode: str | None = None
    dropout: float = 0.1
    learning_rate: float = 2e-5
    weight_decay: float = 0.01
    epochs: int = 1
    batch_size: int = 200
    group_by_length: bool = False
    mini_batch_size: int | None = None

    def __post_init__(self):
        for name, (kinds, expected, is_valid) in _RULES.items():
            value = getattr(self, name)
            # Python takes a boolean for an integer.
            is_boolean = isinstance(value, bool)
            has_kind = isinstance(value, kinds) and is_boolean == (
                kinds is bool
            )
            if not has_kind or not is_valid(value):
                raise ValueError(
                    f"`{name}` must be {expected}. Received: {name}={value!r}"
                )

    def for_backbone(self, backbone):
        """This recipe with the pooling that the paper chose for `backbone`."""
        if self.pooling_mode is not None:
            return self
        uses_cls = type(backbone).__name__ in CLS_BACKBONES
        mode = "cls" if uses_cls else "mean"
        return dataclasses.replace(self, pooling_mode=mode)

    def get_config(self):
        return dataclasses.asdict(self)

    @classmethod
    def from_config(cls, config):
        return cls(**config)


PAPER_RECIPES = {
    "paper_sentence": Recipe(),
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
# What was found to be better than the paper's; words lose by similar lengths.
OWN_RECIPES = {
    "sentence": dataclasses.replace(
        PAPER_RECIPES["paper_sentence"], group_by_length=True
    ),
    "phrase": PAPER_RECIPES["paper_phrase"],
    "word": PAPER_RECIPES["paper_word"],
}
RECIPES = {**OWN_RECIPES, **PAPER_RECIPES}


def get_recipe(name, **overrides):
    """A recipe by name, some of its fields replaced.

    Args:
        name: `"sentence"`, `"phrase"`, `"word"`; with `paper_` before it,
            exactly the paper's; or a `Recipe`.
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
    is_name = isinstance(name, str) and name in RECIPES
    if not is_name and not isinstance(name, Recipe):
        raise ValueError(
            f"`recipe` must be one of {tuple(RECIPES)} or a `Recipe`. "
            f"Received: recipe={name!r}"
        )
    fields = [field.name for field in dataclasses.fields(Recipe)]
    unknown = sorted(set(overrides) - set(fields))
    if unknown:
        raise ValueError(
            f"A recipe has the fields {fields}. Received: {unknown}"
        )
    recipe = RECIPES[name] if is_name else name
    return dataclasses.replace(recipe, **overrides)
