import dataclasses
from math import inf

POOLING_MODES = ("cls", "mean", "max", "padded_mean")
POOLED_LAYERS = ("last", "first_last")
# The fields that decide which vector a text has.
ENCODING_FIELDS = (
    "pooling_mode",
    "pooled_layers",
    "frequency_smoothing",
    "sequence_length",
)
MAX_SEQUENCE_LENGTH = 100_000

# On sentences the paper takes their first token, and drops few of their heads.
# It found the mean better for BERT; DistilBERT, ALBERT and ELECTRA share its
# pretraining.
ROBERTA_BACKBONES = ("RobertaBackbone", "XLMRobertaBackbone")


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
    "pooled_layers": (
        str,
        f"one of {POOLED_LAYERS}",
        lambda v: v in POOLED_LAYERS,
    ),
    "frequency_smoothing": (
        (int, float, type(None)),
        "a positive float or None",
        lambda v: v is None or 0 < v < inf,
    ),
    "dropout": ((int, float), "a float in [0, 1)", lambda v: 0 <= v < 1),
    "drophead": (
        (int, float, type(None)),
        "a float in [0, 1) or None",
        lambda v: v is None or 0 <= v < 1,
    ),
    "max_negative_similarity": (
        (int, float, type(None)),
        "a float in (-1, 1] or None",
        lambda v: v is None or -1 < v <= 1,
    ),
    "decoupled": (bool, "a boolean", lambda v: True),
    "projection_head": (bool, "a boolean", lambda v: True),
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
        pooled_layers: `"last"`, or `"first_last"`: see
            `keras_mirror.SentenceEncoder`.
        frequency_smoothing: Positive float, for `"mean"` pooling: frequent
            tokens weigh less, see `keras_mirror.layers.TokenWeights`. `None`
            weighs all alike.
        dropout: Float in `[0, 1)`, the rate of all dropouts of the backbone.
        drophead: Float in `[0, 1)`, the chance of an attention head to be
            dropped: see `keras_mirror.layers.DropHead`. `None` takes the
            paper's choice for the backbone.
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
        max_negative_similarity: Float in `(-1, 1]`: a string whose cosine
            with the anchor is higher counts as a false negative and is left
            out. `None` leaves out none; strings that differ in case or white
            space only are never each other's negatives.
        decoupled: Boolean, whether the positive is left out of the loss's
            denominator: see `keras_mirror.losses.info_nce`.
        projection_head: Boolean, whether two dense layers, in training only,
            stand between the embeddings and the loss.

    Example:

    >>> get_recipe("word").temperature
    0.2
    """

    temperature: float = 0.04
    span_length: int = 5
    sequence_length: int = 50
    pooling_mode: str | None = None
    pooled_layers: str = "last"
    frequency_smoothing: float | None = None
    dropout: float = 0.1
    drophead: float | None = 0.0
    learning_rate: float = 2e-5
    weight_decay: float = 0.01
    epochs: int = 1
    batch_size: int = 200
    group_by_length: bool = False
    mini_batch_size: int | None = None
    max_negative_similarity: float | None = None
    decoupled: bool = False
    projection_head: bool = False

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

    @property
    def pools_padding(self):
        """Whether a vector depends on how far its text is padded."""
        return self.pooling_mode == "padded_mean"

    def for_backbone(self, backbone):
        """This recipe with what the paper chose for `backbone` where `None`.

        Without a mean over tokens there is nothing to weigh either.
        """
        is_roberta = type(backbone).__name__ in ROBERTA_BACKBONES
        chosen = {
            "pooling_mode": "cls" if is_roberta else "mean",
            "drophead": 0.05 if is_roberta else 0.2,
        }
        missing = {k: v for k, v in chosen.items() if getattr(self, k) is None}
        recipe = dataclasses.replace(self, **missing)
        if recipe.pooling_mode == "mean":
            return recipe
        return dataclasses.replace(recipe, frequency_smoothing=None)

    def get_config(self):
        return dataclasses.asdict(self)

    @classmethod
    def from_config(cls, config):
        # The name that archives before version 0.2 have.
        renamed = {"negative_ceiling": "max_negative_similarity"}
        return cls(**{renamed.get(k, k): v for k, v in config.items()})


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
# What was found to be better than the paper's, see benchmarks/results.
OWN_SENTENCE = Recipe(
    pooling_mode="mean",
    pooled_layers="first_last",
    frequency_smoothing=1e-3,
    drophead=0.1,
    decoupled=True,
    projection_head=True,
    group_by_length=True,
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
}
RECIPES = {**OWN_RECIPES, **PAPER_RECIPES}


def get_recipe(name, **overrides):
    """A recipe by name, some of its fields replaced.

    Args:
        name: `"sentence"`, `"sentence_drophead"`, `"phrase"`, `"word"`; with
            `paper_` before it, exactly the paper's; or a `Recipe`.
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
