"""Training equals a plain PyTorch loop, step by step, on real sentences."""

import keras
import numpy as np
import pytest
import torch
from support.references import batch_losses
from support.references import reference_loss
from support.texts import DATA

from keras_mirror import MirrorModel
from keras_mirror import mirror_dataset

CORPUS = DATA / "mirror_corpus/stsbenchmark_train_10k_sents_random_sampled.txt"
WEIGHTS = DATA / "weights/bert-mini-en"
BATCH_SIZE = 200
NUM_STEPS = 20

pytestmark = pytest.mark.skipif(
    not (CORPUS.exists() and WEIGHTS.exists()), reason=f"no data in {DATA}"
)


def sentences():
    lines = CORPUS.read_text(encoding="utf-8").split("\n")
    unique = dict.fromkeys(line.strip() for line in lines if line.strip())
    return list(unique)[: BATCH_SIZE * NUM_STEPS]


def small_copy(folder, num_layers, hidden_size):
    """A folder of random weights with the real model's tokenizer."""
    import transformers

    torch.manual_seed(0)
    config = transformers.AutoConfig.from_pretrained(
        WEIGHTS,
        num_hidden_layers=num_layers,
        hidden_size=hidden_size,
        intermediate_size=2 * hidden_size,
        initializer_range=0.1,
    )
    transformers.BertModel(config).save_pretrained(folder)
    transformers.AutoTokenizer.from_pretrained(WEIGHTS).save_pretrained(folder)
    return folder


def nt_xent(embeddings):
    """The original's loss as a cross entropy, a hundred times as fast."""
    unit = torch.nn.functional.normalize(embeddings)
    logits = unit @ unit.T / 0.04
    logits = logits.masked_fill(torch.eye(len(logits)).bool(), -torch.inf)
    partners = torch.arange(len(logits)).roll(len(logits) // 2)
    return torch.nn.functional.cross_entropy(logits, partners)


def check_first_loss(loss, embeddings):
    views = embeddings.detach().numpy().reshape(2, -1, embeddings.shape[1])
    assert reference_loss(*views, 0.04) == pytest.approx(loss.item(), rel=1e-5)


def reference(folder, strings, length, learning_rate):
    """What the original code does, on the same strings in the same order."""
    import transformers

    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModel.from_pretrained(
        folder,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        add_pooling_layer=False,
    )
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=learning_rate, weight_decay=0.01
    )

    def embed(texts):
        features = tokenizer(
            texts,
            padding="max_length",
            truncation=True,
            max_length=length,
            return_tensors="pt",
        )
        tokens = model(**features).last_hidden_state
        mask = features["attention_mask"][:, :, None].float()
        return (tokens * mask).sum(1) / mask.sum(1)

    losses = []
    model.train()
    for start in range(0, len(strings), BATCH_SIZE):
        batch = strings[start : start + BATCH_SIZE]
        embeddings = torch.cat([embed(batch), embed(batch)])
        loss = nt_xent(embeddings)
        if not losses:
            check_first_loss(loss, embeddings)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    with torch.no_grad():
        vectors = embed(strings[:BATCH_SIZE]).numpy()
    return np.array(losses), vectors


def check(folder, length, learning_rate):
    strings = sentences()
    expected, expected_vectors = reference(
        folder, strings, length, learning_rate
    )
    model = MirrorModel.from_preset(
        str(folder),
        "paper_sentence",
        dropout=0.0,
        span_length=0,
        sequence_length=length,
        learning_rate=learning_rate,
    )
    model.compile()
    dataset = mirror_dataset(
        strings, model.preprocessor, BATCH_SIZE, shuffle=False
    )
    losses = batch_losses(model, dataset, epochs=1)
    vectors = model.encode_text(strings[:BATCH_SIZE])

    assert len(losses) == NUM_STEPS
    np.testing.assert_allclose(losses, expected, rtol=1e-3)
    cosines = np.diag(model.similarity(vectors, expected_vectors))
    assert cosines.min() > 0.9999
    assert expected[-1] < 0.8 * expected[0]  # it did learn


def test_twenty_steps_follow_pytorch(tmp_path):
    check(small_copy(tmp_path, 2, 32), length=24, learning_rate=1e-3)


@pytest.mark.slow
def test_twenty_steps_follow_pytorch_from_pretrained_weights():
    check(WEIGHTS, length=50, learning_rate=3e-4)


@pytest.mark.slow
def test_mirror_fine_tuning_lifts_stsb_dev():
    import csv

    import scipy.stats

    path = DATA / "sts/STSBenchmark/sts-dev.csv"
    with open(path, encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    scores = [float(row[4]) for row in rows]

    def spearman(model):
        vectors = [model.encode_text([row[i] for row in rows]) for i in (5, 6)]
        cosines = np.diag(model.similarity(*vectors))
        return 100 * scipy.stats.spearmanr(cosines, scores).statistic

    keras.utils.set_random_seed(1)
    model = MirrorModel.from_preset(str(WEIGHTS), learning_rate=3e-4)
    model.compile()
    before = spearman(model)
    assert before == pytest.approx(57.46, abs=0.1)  # the weights' README
    dataset = mirror_dataset(str(CORPUS), model.preprocessor, seed=1)
    model.fit(dataset, verbose=0)
    assert spearman(model) > before + 3.5
