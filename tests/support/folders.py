"""Tiny Hugging Face folders, written by transformers itself.

Two layers, hidden size 16, random weights that are large enough for errors
to show, and vocabularies trained on the few sentences below.
"""

import json
import os
import tempfile

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import sentencepiece
import torch
import transformers
from tokenizers import Tokenizer
from tokenizers import models
from tokenizers import normalizers
from tokenizers import pre_tokenizers
from tokenizers import trainers
from transformers import logging

logging.set_verbosity_error()
logging.disable_progress_bar()

SENTENCES = [
    "A man is playing a guitar on the stage.",
    "The woman plays the violin, and the man listens!",
    "Two dogs run through the high grass near Café Müller.",
    "In 2024 the price was 1,234.56 euros (about 20% more).",
    "Ein Mann spielt Gitarre. Häuser und Bäume, Ärger und Öl.",
    "Élève, garçon, naïve, œuvre: l'été déjà passé?",
    "我爱北京 天安门 東京 大学",
    "don't can't it's we've they'll I'm you're she'd",
]
# What separates tokenizers: accents, capitals, Chinese, digits, punctuation,
# emoji, spaces, text that looks like special tokens.
TEXTS = [
    "A man is playing a guitar.",
    "THE WOMAN Plays the Violin!?",
    "Café Müller, garçon naïve... Élève déjà",
    "我爱北京 and 東京大学2024",
    "20241123 and 1,234.56% (or 3/4)",
    "hello 🎸 world 😀😀",
    "  double  spaces   everywhere  ",
    "don't can't we've I'm O'Neil's",
    "unbelievable xyzzy qwertyuiop",
    "a",
    "$5 + 3 = 8 ^ ~ ` | \\ < >",
    "snake_case-kebab.dot@mail.org #tag",
]
STRINGS_OF_MANY_LANGUAGES = TEXTS + SENTENCES + ["a long one " * 20]

_SIZES = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    # Large enough for a wrong activation or epsilon to show.
    "initializer_range": 0.5,
}
_MASKED = "ForMaskedLM"


def make_bert_folder(path, masked_lm=False, tokenizer=None, **config):
    """Writes a BERT.

    Args:
        path: Where to; a folder that exists.
        masked_lm: Boolean, whether to write the masked language model, with
            a prefix before the names and without a pooler.
        tokenizer: A dict of arguments of the transformers tokenizer, such as
            `mask_token`. Defaults to `None`.
        **config: Arguments of the configuration.

    Returns:
        A tuple `(model, tokenizer)` of transformers, the model without head.
    """
    tokenizer = dict(tokenizer or {})
    lowercase = tokenizer.get("do_lower_case", True)
    vocabulary = word_piece_vocabulary(lowercase, tokenizer)
    tokenizer = transformers.BertTokenizer(vocab=vocabulary, **tokenizer)
    config = {"max_position_embeddings": 40, **_SIZES, **config}
    tokenizer.save_pretrained(path)
    return _write(path, "Bert", tokenizer, masked_lm, config)


def make_distil_bert_folder(path, masked_lm=False, tokenizer=None, **config):
    """Writes a DistilBERT, see `make_bert_folder`."""
    tokenizer = dict(tokenizer or {})
    lowercase = tokenizer.get("do_lower_case", True)
    vocabulary = word_piece_vocabulary(lowercase, tokenizer)
    tokenizer = transformers.DistilBertTokenizer(vocab=vocabulary, **tokenizer)
    sizes = {"dim": 16, "n_layers": 2, "n_heads": 2, "hidden_dim": 32}
    sizes["initializer_range"] = _SIZES["initializer_range"]
    config = {"max_position_embeddings": 40, **sizes, **config}
    tokenizer.save_pretrained(path)
    return _write(path, "DistilBert", tokenizer, masked_lm, config)


def make_roberta_folder(path, masked_lm=False, tokenizer=None, **config):
    """Writes a RoBERTa, see `make_bert_folder`."""
    byte_pair = Tokenizer(models.BPE())
    byte_pair.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    byte_pair.train_from_iterator(SENTENCES, trainer)
    model = _model_of(byte_pair)
    merges = [tuple(merge) for merge in model["merges"]]
    tokenizer = transformers.RobertaTokenizer(
        vocab=model["vocab"], merges=merges, **(tokenizer or {})
    )
    config = {"max_position_embeddings": 42, **_SIZES, **config}
    config = {"type_vocab_size": 1, "pad_token_id": 1, **config}
    tokenizer.save_pretrained(path)
    return _write(path, "Roberta", tokenizer, masked_lm, config)


def make_xlm_roberta_folder(path, masked_lm=False, tokenizer=None, **config):
    """Writes an XLM-RoBERTa, see `make_bert_folder`."""
    with tempfile.TemporaryDirectory() as folder:
        write_xlm_roberta_model(folder)
        tokenizer = transformers.XLMRobertaTokenizer.from_pretrained(
            folder, **(tokenizer or {})
        )
        tokenizer.save_pretrained(path)
    config = {"max_position_embeddings": 42, **_SIZES, **config}
    config = {"type_vocab_size": 1, "pad_token_id": 1, **config}
    return _write(path, "XLMRoberta", tokenizer, masked_lm, config)


def make_multilingual_bert_folder(path, masked_lm=False, **config):
    """Writes a BERT with the vocabulary of an XLM-RoBERTa.

    Multilingual MiniLM and multilingual E5 are of this kind.
    """
    with tempfile.TemporaryDirectory() as folder:
        write_xlm_roberta_model(folder)
        tokenizer = transformers.XLMRobertaTokenizer.from_pretrained(folder)
        tokenizer.save_pretrained(path)
    config = {"max_position_embeddings": 40, **_SIZES, **config}
    return _write(path, "Bert", tokenizer, masked_lm, config)


def make_albert_folder(path, masked_lm=False, tokenizer=None, **config):
    """Writes an ALBERT, see `make_bert_folder`."""
    with tempfile.TemporaryDirectory() as folder:
        write_albert_model(folder)
        tokenizer = transformers.AlbertTokenizer.from_pretrained(
            folder, **(tokenizer or {})
        )
        tokenizer.save_pretrained(path)
    config = {"max_position_embeddings": 40, **_SIZES, **config}
    config = {"embedding_size": 8, **config}
    return _write(path, "Albert", tokenizer, masked_lm, config)


# By the `model_type` of Hugging Face.
FOLDERS = {
    "bert": make_bert_folder,
    "roberta": make_roberta_folder,
    "xlm-roberta": make_xlm_roberta_folder,
    "distilbert": make_distil_bert_folder,
    "albert": make_albert_folder,
}


def write_xlm_roberta_model(path):
    """Writes the `sentencepiece.bpe.model` of `make_xlm_roberta_folder`."""
    _write_sentence_piece(os.path.join(path, "sentencepiece.bpe.model"))


def write_albert_model(path):
    """Writes the `spiece.model` of `make_albert_folder`."""
    _write_sentence_piece(
        os.path.join(path, "spiece.model"),
        pad_id=0,
        unk_id=1,
        bos_id=-1,
        eos_id=-1,
        control_symbols="[CLS],[SEP]",
        user_defined_symbols="[MASK]",
    )


def word_piece_vocabulary(lowercase=True, names=None):
    """A WordPiece vocabulary of the sentences, a dict of tokens to ids."""
    names = names or {}
    roles = ["pad", "unk", "cls", "sep", "mask"]
    special = [
        names.get(f"{role}_token", f"[{role.upper()}]") for role in roles
    ]
    word_piece = Tokenizer(models.WordPiece(unk_token=special[1]))
    word_piece.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    word_piece.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(
        vocab_size=400, special_tokens=special, show_progress=False
    )
    word_piece.train_from_iterator(SENTENCES, trainer)
    return _model_of(word_piece)["vocab"]


def _write_sentence_piece(path, **options):
    with open(path, "wb") as file:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(SENTENCES),
            model_writer=file,
            vocab_size=160,
            hard_vocab_limit=False,
            minloglevel=2,
            **options,
        )


def _model_of(tokenizer):
    return json.loads(tokenizer.to_str())["model"]


def _write(path, family, tokenizer, masked_lm, config):
    config_class = getattr(transformers, f"{family}Config")
    config = config_class(vocab_size=len(tokenizer), **config)
    name = family + (_MASKED if masked_lm else "Model")
    torch.manual_seed(0)
    model = getattr(transformers, name)(config).eval()
    _randomize(model)
    model.save_pretrained(path)
    return (model.base_model if masked_lm else model), tokenizer


def _randomize(model):
    # Biases and normalizations start at 0 and 1, which would hide mistakes.
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim == 1:
                parameter.add_(0.1 * torch.randn_like(parameter))
            # transformers starts the padding's row at zero.
            elif not parameter[0].any():
                parameter.normal_(std=0.5)
