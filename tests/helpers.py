"""Tiny models of every supported family, and data the tests share."""

import functools
import importlib.util
import io
import os
import pathlib

import keras
import keras_hub
import numpy as np
import sentencepiece

import keras_mirror

DATA = pathlib.Path(
    os.environ.get(
        "KERAS_MIRROR_DATA",
        pathlib.Path(__file__).parents[1] / ".." / "shared" / "data",
    )
)

SENTENCES = [
    "A man is playing a guitar on a stage.",
    "Two dogs run through the deep snow together.",
    "The café serves naïve über-cool crêpes.",
    "A woman is slicing a big red onion slowly.",
    "Someone rides a bicycle down the street in 2024.",
    "The children are singing a song about the sea.",
    'He said "no", didn\'t he? Yes: 1,234 times!',
    "A cat sleeps.",
    "雪の中を二匹の犬が走っています。とても元気です。今日は寒い日です。",
    "Emoji 😀 are characters too, 👩‍🚀 even these are here.",
]

WORDS = sorted({word for text in SENTENCES for word in text.lower().split()})
LETTERS = [chr(code) for code in range(33, 127)]
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
    import json

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


def token_vectors(backbone, features):
    """A backbone's output for every token, in NumPy."""
    features = {**features, "segment_ids": 0 * features["token_ids"]}
    outputs = backbone({name: features[name] for name in backbone.input})
    if isinstance(outputs, dict):
        outputs = outputs["sequence_output"]
    return keras.ops.convert_to_numpy(outputs)


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


def texts(number, seed=0):
    """Different strings of the words above, 3 to 12 words long."""
    generator = np.random.default_rng(seed)
    return [
        " ".join(generator.choice(WORDS, generator.integers(3, 13)))
        for _ in range(number)
    ]


def save_preset(folder, family="Bert"):
    """Writes a tiny keras-hub preset folder."""
    tokenizer = tokenizers_of_all_families()[family]
    backbone = make_backbone(family, tokenizer.vocabulary_size())
    backbone.save_to_preset(str(folder))
    tokenizer.save_to_preset(str(folder))
    return str(folder)


class Batches(keras.utils.PyDataset):
    """The given batches of views, the same ones in each epoch."""

    def __init__(self, batches):
        super().__init__()
        self.batches = batches

    def __len__(self):
        return len(self.batches)

    def __getitem__(self, index):
        return self.batches[index]


def batch_losses(model, dataset, **options):
    """Fits and gives the loss of every step, not Keras's running mean."""
    means = []
    record = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda step, logs: means.append(float(logs["loss"]))
    )
    model.fit(dataset, verbose=0, callbacks=[record], **options)
    totals = [mean * step for step, mean in enumerate(means, start=1)]
    return np.diff(totals, prepend=0.0)


def reference_loss(view_1, view_2, temperature):
    """The loss of the original code, by the library that it calls."""
    import pytorch_metric_learning.losses
    import torch

    embeddings = np.concatenate([view_1, view_2])
    labels = torch.arange(len(view_1)).repeat(2)
    loss = pytorch_metric_learning.losses.NTXentLoss(temperature)
    return float(loss(torch.tensor(embeddings), labels))


def value_and_gradients(function, *arrays, **options):
    """A scalar function and its gradients in NumPy, by the active backend."""
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        inputs = [tf.constant(array) for array in arrays]
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            value = function(*inputs, **options)
        gradients = tape.gradient(value, inputs)
    elif backend == "jax":
        compute = compiled_value_and_gradients(function, len(arrays))
        value, gradients = compute(*arrays, **options)
    else:
        import torch

        inputs = [torch.tensor(array, requires_grad=True) for array in arrays]
        value = function(*inputs, **options)
        value.backward()
        gradients = [tensor.grad for tensor in inputs]
    to_numpy = keras.ops.convert_to_numpy
    return to_numpy(value), [to_numpy(gradient) for gradient in gradients]


@functools.cache
def compiled_value_and_gradients(function, num_arrays):
    # Op by op JAX compiles every op of every shape: a minute of tests.
    import jax

    argnums = tuple(range(num_arrays))
    return jax.jit(jax.value_and_grad(function, argnums))


def graph_ops(function, *arguments):
    """The kinds of all ops of a TensorFlow function, inner ones included."""
    import tensorflow as tf

    graph = tf.function(function).get_concrete_function(*arguments).graph
    definition = graph.as_graph_def()
    inner = [node for f in definition.library.function for node in f.node_def]
    return {node.op for node in [*definition.node, *inner]}


def tensorflow_is_installed():
    return importlib.util.find_spec("tensorflow") is not None
