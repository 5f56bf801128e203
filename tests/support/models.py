"""Tiny models of every supported family."""

import functools
import io
import json

import keras
import keras_hub
import numpy as np
import sentencepiece

import keras_mirror
from keras_mirror.archive.record import TrainingRecord
from keras_mirror.encoder.replaced_end import with_encoder
from keras_mirror.encoder.replaced_end import with_end
from keras_mirror.export.transformers.fast_tokenizer import fast_tokenizer
from keras_mirror.merging import copied
from keras_mirror.preprocessing.hugging_face_tokenizer import (
    HuggingFaceTokenizer,
)
from support.texts import LETTERS
from support.texts import SENTENCES
from support.texts import WORDS

SIZES = dict(num_layers=2, num_heads=2, hidden_dim=8, intermediate_dim=16)


# Numbers and ids are compared with `transformers` for all of these. Where a
# tokenizer is only used, one of each algorithm says as much.
FAMILIES = "Bert Roberta XLMRoberta DistilBert Albert Electra DebertaV3".split()
FEW_FAMILIES = "Bert Roberta XLMRoberta".split()


def tokenizer(family):
    """A new tokenizer; what had to be trained for it is trained once."""
    return _TOKENIZERS[family]()


@functools.cache
def word_piece_vocabulary():
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    pieces = LETTERS + ["##" + letter for letter in LETTERS]
    return list(dict.fromkeys(special + pieces + WORDS + ["plays"]))


@functools.cache
def sentence_piece_proto(**options):
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(SENTENCES * 20),
        model_writer=model,
        vocab_size=110,
        minloglevel=2,
        **options,
    )
    return model.getvalue()


@functools.cache
def byte_pair_model():
    """The JSON of a trained `tokenizers` model."""
    import tokenizers

    byte_pair = tokenizers.ByteLevelBPETokenizer()
    byte_pair.train_from_iterator(
        SENTENCES,
        vocab_size=330,
        special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"],
        show_progress=False,
    )
    return json.loads(byte_pair.to_str())["model"]


def _word_piece(family):
    tokenizer_class = getattr(keras_hub.models, f"{family}Tokenizer")
    return tokenizer_class(word_piece_vocabulary(), lowercase=True)


def _byte_pair():
    model = byte_pair_model()
    return keras_hub.models.RobertaTokenizer(
        dict(model["vocab"]), [" ".join(merge) for merge in model["merges"]]
    )


def _albert():
    return keras_hub.models.AlbertTokenizer(
        sentence_piece_proto(
            pad_id=0,
            unk_id=1,
            bos_id=2,
            eos_id=3,
            pad_piece="<pad>",
            unk_piece="<unk>",
            bos_piece="[CLS]",
            eos_piece="[SEP]",
            user_defined_symbols="[MASK]",
        )
    )


def _deberta():
    return keras_hub.models.DebertaV3Tokenizer(
        sentence_piece_proto(
            pad_id=0,
            bos_id=1,
            eos_id=2,
            unk_id=3,
            pad_piece="[PAD]",
            bos_piece="[CLS]",
            eos_piece="[SEP]",
            unk_piece="[UNK]",
        )
    )


def _xlm_roberta():
    proto = sentence_piece_proto(unk_id=0, bos_id=1, eos_id=2)
    return keras_hub.models.XLMRobertaTokenizer(proto)


_TOKENIZERS = {
    "Bert": functools.partial(_word_piece, "Bert"),
    "Roberta": _byte_pair,
    "XLMRoberta": _xlm_roberta,
    "DistilBert": functools.partial(_word_piece, "DistilBert"),
    "Albert": _albert,
    "Electra": functools.partial(_word_piece, "Electra"),
    "DebertaV3": _deberta,
}


def make_backbone(family="Bert", vocabulary_size=500, dropout=0.1, **options):
    options = {**SIZES, "max_sequence_length": 64, **options}
    if family in ("Albert", "Electra"):
        options.update(embedding_dim=8)
    backbone_class = getattr(keras_hub.models, f"{family}Backbone")
    return backbone_class(vocabulary_size, dropout=dropout, **options)


def followed_tokenizer():
    """One that the tokenizers library follows itself: it splits at spaces."""
    content = json.loads(fast_tokenizer(tokenizer("Bert")).to_str())
    content["pre_tokenizer"] = {"type": "WhitespaceSplit"}
    roles = {"pad_token": "[PAD]", "mask_token": "[MASK]"}
    return HuggingFaceTokenizer.from_content(content, roles)


def followed_model():
    """A `MirrorModel` with a `followed_tokenizer`."""
    preprocessor = keras_mirror.MirrorPreprocessor(
        followed_tokenizer(), sequence_length=16
    )
    return keras_mirror.MirrorModel(make_model().encoder, preprocessor)


def make_model(
    family="Bert",
    recipe="paper_sentence",
    dtype=None,
    dropout=None,
    **overrides,
):
    """A `MirrorModel` of random weights, two layers, hidden size 8."""
    overrides.setdefault("sequence_length", 24)
    recipe = keras_mirror.recipes.get_recipe(recipe, **overrides)
    own_tokenizer = tokenizer(family)
    backbone = make_backbone(
        family,
        own_tokenizer.vocabulary_size(),
        recipe.dropout if dropout is None else dropout,
        max_sequence_length=max(64, recipe.sequence_length),
        **({"dtype": dtype} if dtype else {}),
    )
    recipe = recipe.for_backbone(backbone)
    encoder = keras_mirror.SentenceEncoder(
        backbone,
        **recipe.encoder_options,
    )
    preprocessor = keras_mirror.MirrorPreprocessor(
        own_tokenizer, recipe.sequence_length, recipe.span_length
    )
    return keras_mirror.MirrorModel(encoder, preprocessor, recipe)


def projected_model(dim, **settings):
    """`make_model`, with embeddings that are projected to `dim` dimensions."""
    model = make_model(**settings)
    return with_encoder(model, with_end(model.encoder, projection_dim=dim))


def compiled_model(metrics=None, **settings):
    """A compiled model as new; one of the same settings is compiled once.

    Asked for again, it gets back the weights, the optimizer and the record of
    its first day. What was traced and compiled stays, which is most of what a
    tiny model costs. Tests that compile it anew take `make_model`.
    """
    model, values = _compiled(metrics, *sorted(settings.items()))
    if hasattr(model, "jax_state_sync"):
        model.jax_state_sync()
    for variable, value in zip(_state(model), values, strict=True):
        variable.assign(value)
    model.record = TrainingRecord()
    model.stop_training = False
    keras.utils.set_random_seed(0)
    return model


@functools.cache
def _compiled(metrics, *settings):
    keras.utils.set_random_seed(0)
    model = make_model(**dict(settings))
    model.compile(metrics=metrics and list(metrics))
    return model, [np.array(variable) for variable in _state(model)]


def _state(model):
    return model.variables + model.optimizer.variables


def moved(model, amount=0.1, seed=0):
    """A copy of a model whose weights are others."""
    other = copied(model)
    generator = np.random.default_rng(seed)
    other.encoder.set_weights(
        [
            weight + amount * generator.normal(size=weight.shape)
            for weight in other.encoder.get_weights()
        ]
    )
    return other


def moved_candidates(start, *_):
    """What `train_from` returns, without training: candidates, no guides."""
    names = list(start.recipes)
    candidates = {
        name: moved(start.model, seed=number)
        for number, name in enumerate(names, start=1)
    }
    return candidates, dict.fromkeys(names)


def save_preset(folder, family="Bert"):
    """Writes a tiny keras-hub preset folder."""
    own_tokenizer = tokenizer(family)
    backbone = make_backbone(family, own_tokenizer.vocabulary_size())
    backbone.save_to_preset(str(folder))
    own_tokenizer.save_to_preset(str(folder))
    return str(folder)
