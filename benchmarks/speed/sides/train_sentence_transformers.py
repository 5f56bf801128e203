"""The unsupervised recipe of sentence-transformers, for comparison.

Every string is its own positive (only dropout differs), the other strings of
the batch are its negatives: `MultipleNegativesRankingLoss` in its trainer.
"""

import argparse

import datasets
import sentence_transformers
from sentence_transformers import losses
from sentence_transformers import models


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus")
    parser.add_argument("--weights", required=True)
    parser.add_argument("--output", required=True)
    parser.add_argument("--learning-rate", type=float, required=True)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()

    transformer = models.Transformer(arguments.weights, max_seq_length=50)
    pooling = models.Pooling(transformer.get_embedding_dimension(), "mean")
    model = sentence_transformers.SentenceTransformer(
        modules=[transformer, pooling], device="cpu"
    )
    with open(arguments.corpus, encoding="utf-8") as file:
        strings = [line.strip() for line in file if line.strip()]
    settings = sentence_transformers.SentenceTransformerTrainingArguments(
        output_dir=arguments.output,
        num_train_epochs=1,
        per_device_train_batch_size=200,
        learning_rate=arguments.learning_rate,
        weight_decay=0.01,
        lr_scheduler_type="constant",
        dataloader_drop_last=True,
        save_strategy="no",
        logging_steps=10,
        report_to="none",
        use_cpu=True,
        seed=arguments.seed,
    )
    trainer = sentence_transformers.SentenceTransformerTrainer(
        model=model,
        args=settings,
        train_dataset=datasets.Dataset.from_dict(
            {"anchor": strings, "positive": strings}
        ),
        loss=losses.MultipleNegativesRankingLoss(model, scale=1 / 0.04),
    )
    trainer.train()
    model.save_pretrained(arguments.output)


if __name__ == "__main__":
    main()
