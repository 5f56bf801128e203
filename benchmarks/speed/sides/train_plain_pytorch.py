"""Mirror-BERT the straightforward way, for comparison: PyTorch, transformers.

What the original code does: every string is masked and padded to 50 tokens,
the two views go through the model one after the other, `NTXentLoss`, AdamW.
The mean is over real tokens, as in keras_mirror, so that scores compare.
"""

import argparse
import random

import pytorch_metric_learning.losses
import torch
import transformers


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus")
    parser.add_argument("--weights", required=True)
    parser.add_argument("--output", required=True)
    parser.add_argument("--learning-rate", type=float, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--batch-size", type=int, default=200)
    parser.add_argument("--length", type=int, default=50)
    arguments = parser.parse_args()
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
    with open(arguments.corpus, encoding="utf-8") as file:
        strings = [line.strip() for line in file if line.strip()]
    random.shuffle(strings)
    criterion = pytorch_metric_learning.losses.NTXentLoss(temperature=0.04)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=arguments.learning_rate, weight_decay=0.01
    )
    model.train()
    size = arguments.batch_size
    labels = torch.arange(size).repeat(2)
    for start in range(0, len(strings) - size + 1, size):
        batch = strings[start : start + size]
        masked = [mask_span(text) for text in batch]
        views = [
            embed(model, tokenizer, texts, arguments.length)
            for texts in (batch, masked)
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
