"""Tiny models of every supported family."""

import functools
import io
import json

import keras_hub
import sentencepiece

import keras_mirror
from support.texts import LETTERS
from support.texts import SENTENCES
from support.texts import WORDS

SIZES = dict(num_layers=2, num_heads=2, hidden_dim=8, intermediate_dim=16)


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


def word_piece(tokenizer_class):
    return tokenizer_class(word_piece_vocabulary(), lowercase=True)


def byte_pair(unsplittable_tokens=None):
    import tokenizers

    byte_pair = tokenizers.ByteLevelBPETokenizer()
    byte_pair.train_from_iterator(
        SENTENCES,
        vocab_size=330,
        special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"],
        show_progress=False,
    )

    model = json.loads(byte_pair.to_str())["model"]
    return keras_hub.models.RobertaTokenizer(
        model["vocab"], [" ".join(merge) for merge in model["merges"]]
    )


def albert_tokenizer():
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


def deberta_tokenizer():
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


def xlm_roberta_tokenizer():
    proto = sentence_piece_proto(unk_id=0, bos_id=1, eos_id=2)
    return keras_hub.models.XLMRobertaTokenizer(proto)


def tokenizers_of_all_families():
    models = keras_hub.models
    return {
        "Bert": word_piece(models.BertTokenizer),
        "Roberta": byte_pair(),
        "XLMRoberta": xlm_roberta_tokenizer(),
        "DistilBert": word_piece(models.DistilBertTokenizer),
        "Albert": albert_tokenizer(),
        "Electra": word_piece(models.ElectraTokenizer),
        "DebertaV3": deberta_tokenizer(),
    }


FAMILIES = "Bert Roberta XLMRoberta DistilBert Albert Electra DebertaV3".split()


def make_backbone(family="Bert", vocabulary_size=500, dropout=0.1, **options):
    options = {**SIZES, "max_sequence_length": 64, **options}
    if family == "Albert":
        options.update(embedding_dim=8)
    if family == "Electra":
        options.update(embedding_dim=8)
    backbone_class = getattr(keras_hub.models, f"{family}Backbone")
    return backbone_class(vocabulary_size, dropout=dropout, **options)


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
    tokenizer = tokenizers_of_all_families()[family]
    backbone = make_backbone(
        family,
        tokenizer.vocabulary_size(),
        recipe.dropout if dropout is None else dropout,
        **({"dtype": dtype} if dtype else {}),
    )
    recipe = recipe.for_backbone(backbone)
    encoder = keras_mirror.SentenceEncoder(
        backbone,
        recipe.pooling_mode,
        drophead=recipe.drophead,
        pooled_layers=recipe.pooled_layers,
        frequency_smoothing=recipe.frequency_smoothing,
    )
    preprocessor = keras_mirror.MirrorPreprocessor(
        tokenizer, recipe.sequence_length, recipe.span_length
    )
    return keras_mirror.MirrorModel(encoder, preprocessor, recipe)


def save_preset(folder, family="Bert"):
    """Writes a tiny keras-hub preset folder."""
    tokenizer = tokenizers_of_all_families()[family]
    backbone = make_backbone(family, tokenizer.vocabulary_size())
    backbone.save_to_preset(str(folder))
    tokenizer.save_to_preset(str(folder))
    return str(folder)
