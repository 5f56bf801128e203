"""Mirror-BERT the straightforward way, for comparison: PyTorch, transformers.

What the original code does: every string is masked and padded to 50 tokens,
the two views go through the model one after the other, `NTXentLoss`, AdamW.
The mean is over real tokens, as in keras_mirror, so that scores compare.
"""

import random

import pytorch_metric_learning.losses
import torch
import training_arguments
import transformers
from corpus_file import read_strings

BATCH_SIZE = 200
LENGTH = 50


def main():
    arguments = training_arguments.parse_arguments(__doc__)
    random.seed(arguments.seed)
    torch.manual_seed(arguments.seed)

    tokenizer = transformers.AutoTokenizer.from_pretrained(arguments.weights)
    model = transformers.AutoModel.from_pretrained(
        arguments.weights, add_pooling_layer=False
    )
    train(model, tokenizer, arguments)
    model.save_pretrained(arguments.output)
    tokenizer.save_pretrained(arguments.output)


def train(model, tokenizer, arguments):
    strings = read_strings(arguments.corpus)
    random.shuffle(strings)
    criterion = pytorch_metric_learning.losses.NTXentLoss(temperature=0.04)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=arguments.learning_rate, weight_decay=0.01
    )
    model.train()
    size = BATCH_SIZE
    labels = torch.arange(size).repeat(2)
    for start in range(0, len(strings) - size + 1, size):
        batch = strings[start : start + size]
        masked = [mask_span(text) for text in batch]
        views = [
            embed(model, tokenizer, texts, LENGTH) for texts in (batch, masked)
        ]
        loss = criterion(torch.cat(views), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        print(f"step {start // size + 1}: loss {loss.item():.4f}", flush=True)


def mask_span(text, length=5):
    if len(text) < 30:
        return text
    start = random.randrange(len(text) - length)
    return f"{text[:start]} [MASK] {text[start + length :]}"


def embed(model, tokenizer, texts, length):
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


if __name__ == "__main__":
    main()
