"""The unsupervised recipe of sentence-transformers, for comparison.

Every string is its own positive (only dropout differs), the other strings of
the batch are its negatives: `MultipleNegativesRankingLoss` in its trainer.
"""

import datasets
import sentence_transformers
import training_arguments
from corpus_file import read_strings
from sentence_transformers import losses
from sentence_transformers import models


def main():
    arguments = training_arguments.parse_arguments(__doc__)
    transformer = models.Transformer(arguments.weights, max_seq_length=50)
    pooling = models.Pooling(transformer.get_embedding_dimension(), "mean")
    model = sentence_transformers.SentenceTransformer(
        modules=[transformer, pooling], device="cpu"
    )
    strings = read_strings(arguments.corpus)
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
