"""Pretrains a small BERT from text files, as `mirror_mini_lm_en` was.

python examples/pretrain_backbone.py wikipedia.txt wikinews.txt --output folder

Masked-language modeling only: no labels, no pairs of sentences. A text file
holds a sentence a line and an empty line between articles. A run that was
killed goes on when the same command is given again: its vocabulary, token rows,
checkpoint and losses lie in `--work`. The output is a keras-hub preset folder.
"""

import argparse
import json
import pathlib

import keras
import keras_hub
import numpy as np
from pretraining.batches import masked_batches
from pretraining.model import SafeCheckpoint
from pretraining.model import masked_language_model
from pretraining.model import save_preset
from pretraining.rows import token_rows
from pretraining.rows import train_vocabulary

STEPS_PER_EPOCH = 250  # a checkpoint and a held-out loss that often
HELD_OUT_BATCHES = 64


def main():
    arguments = parse_arguments()
    work = open_work_folder(arguments)
    keras.utils.set_random_seed(arguments.seed)

    tokenizer = load_tokenizer(arguments, work / "vocabulary.txt")
    rows = load_rows(arguments, tokenizer, work / "rows.npy")
    model = masked_language_model(
        arguments.vocabulary_size, arguments.steps, arguments.jit_compile
    )
    checkpoint = work / "checkpoint.weights.h5"
    if checkpoint.exists():
        model.load_weights(checkpoint)
    step = int(model.optimizer.iterations)
    print(f"{len(rows)} rows of {arguments.row_length} tokens; at step {step}")

    size = arguments.batch_size
    held_out, rows = np.split(rows, [HELD_OUT_BATCHES * size])
    model.fit(
        masked_batches(rows, tokenizer, size, first_step=step),
        validation_data=masked_batches(held_out, tokenizer, size).cache(),
        initial_epoch=step // STEPS_PER_EPOCH,
        epochs=arguments.steps // STEPS_PER_EPOCH,
        steps_per_epoch=STEPS_PER_EPOCH,
        shuffle=False,  # the rows are
        callbacks=[
            SafeCheckpoint(checkpoint),
            keras.callbacks.CSVLogger(work / "losses.csv", append=step > 0),
        ],
    )
    save_preset(model.backbone, tokenizer, arguments.output)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("texts", nargs="+")
    parser.add_argument("--output", required=True)
    parser.add_argument("--work", help="default: the output's name + _work")
    parser.add_argument("--steps", type=int, default=9_000)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--row-length", type=int, default=64)
    parser.add_argument("--vocabulary-size", type=int, default=16_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--jit-compile",
        action="store_true",
        help="a sixth faster on TensorFlow; JAX always does it",
    )
    arguments = parser.parse_args()
    if arguments.steps % STEPS_PER_EPOCH:
        parser.error(f"--steps must be a multiple of {STEPS_PER_EPOCH}")
    return arguments


def open_work_folder(arguments):
    """A folder of a run of the same settings; only `--steps` may change."""
    work = pathlib.Path(arguments.work or f"{arguments.output}_work")
    work.mkdir(parents=True, exist_ok=True)
    free = ("output", "work", "steps", "jit_compile")
    settings = {k: v for k, v in vars(arguments).items() if k not in free}
    path = work / "settings.json"
    if not path.exists():
        path.write_text(json.dumps(settings))
    if json.loads(path.read_text()) != settings:
        raise SystemExit(
            f"{work} is of a run with other settings: {path.read_text()}. "
            "Choose another --work, or delete it"
        )
    return work


def load_tokenizer(arguments, path):
    if not path.exists():
        vocabulary = train_vocabulary(
            arguments.texts, arguments.vocabulary_size
        )
        path.write_text("\n".join(vocabulary), encoding="utf-8")
    return keras_hub.tokenizers.BertTokenizer(
        str(path), lowercase=True, strip_accents=True
    )


def load_rows(arguments, tokenizer, path):
    """All rows in a random order, kept in a file for a run that goes on."""
    if not path.exists():
        rows = token_rows(arguments.texts, tokenizer, arguments.row_length)
        np.random.default_rng(arguments.seed).shuffle(rows)
        unfinished = path.with_name("unfinished.npy")
        np.save(unfinished, rows)
        unfinished.replace(path)
    return np.load(path)


if __name__ == "__main__":
    main()
