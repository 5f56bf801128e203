"""Makes `mirror_student_en`, the encoder that travels in the package.

A student of all-MiniLM-L6-v2 with two of its six layers, on 380,000 texts of
Wikipedia and Wikinews. Users write short texts: a third are pieces of two to
eight words, a few single words; most of the corpora's questions are among them.

    python benchmarks/bundled_student.py $DATA FOLDER

It writes texts, the teacher's vectors and the student into FOLDER, and goes on
where it was stopped with `--resume`. The preset is FOLDER/mirror_student_en: a
folder of sentence-transformers whose embeddings of tokens are int8, and all
other weights float16. Its README.md is written by hand.
"""

import argparse
import lzma
import pathlib
import random
import time
from collections.abc import Iterator

from keras_mirror import distill
from keras_mirror.checkpoints.hugging_face.int8_rows import store_int8_rows
from keras_mirror.checkpoints.hugging_face.weight_files import WORD_EMBEDDINGS
from keras_mirror.cli.console import progress_bar

TEACHER = "all_minilm_l6_v2_en"
NUM_SENTENCES = 520_000
NUM_TEXTS = 380_000
LONGEST = 25  # words
SETTINGS = {"num_layers": 2, "epochs": 2, "batch_size": 256, "seed": 0}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=pathlib.Path, help="has corpora/")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--teacher", default=TEACHER)
    parser.add_argument("--resume", action="store_true")
    arguments = parser.parse_args()
    folder = arguments.folder
    folder.mkdir(exist_ok=True)
    texts = folder / "texts.txt"
    if not texts.exists():
        texts.write_text("\n".join(student_texts(arguments.data)) + "\n")
    start = time.monotonic()
    with progress_bar() as bar:
        tasks = {
            part: bar.add_task(part, total=None)
            for part in ("teacher", "training")
        }
        distillation = distill(
            arguments.teacher,
            texts,
            **SETTINGS,
            folder=folder / "vectors",
            resume=arguments.resume,
            on_progress=lambda part, count, total: bar.update(
                tasks[part], advance=count, total=total or NUM_TEXTS
            ),
        )
    seconds = time.monotonic() - start
    distillation.model.export(folder / "student.keras", format="keras")
    write_preset(distillation.model, folder / "mirror_student_en")
    print(f"{seconds:.0f} seconds; {distillation.reached}")


def write_preset(model, folder: pathlib.Path) -> None:
    """The folder that goes into the package, a third of float32."""
    model.export(folder)
    store_int8_rows(folder / "model.safetensors", WORD_EMBEDDINGS)


def student_texts(data: pathlib.Path, seed: int = 0) -> list[str]:
    """Sentences, pieces of them, words, and all questions, in random order."""
    draw = random.Random(seed)
    corpora = data / "corpora"
    wikipedia = list(_sentences(corpora / "wikipedia.txt.xz"))
    wikinews = list(_sentences(corpora / "wikinews.txt.xz"))
    questions = [
        text
        for text in wikipedia + wikinews
        if text.endswith("?") and len(text.split()) <= LONGEST
    ]
    pool = draw.sample(wikipedia, int(NUM_SENTENCES * 0.8))
    pool += draw.sample(wikinews, int(NUM_SENTENCES * 0.2))
    draw.shuffle(pool)
    texts = [_shortened(text, draw) for text in pool]
    texts = [text for text in dict.fromkeys(texts + questions) if text.strip()]
    draw.shuffle(texts)
    return texts[:NUM_TEXTS]


def _sentences(path: pathlib.Path) -> Iterator[str]:
    with lzma.open(path, "rt", encoding="utf-8") as file:
        yield from (x.strip() for x in file if len(x.split()) >= 4)


def _shortened(text: str, draw: random.Random) -> str:
    words, kind = text.split(), draw.random()
    if kind < 0.45:
        if len(words) <= LONGEST:
            return text
        return _piece(words, draw, 15, LONGEST)
    if kind < 0.60:
        return _piece(words, draw, 9, 15)
    if kind < 0.93:
        return _piece(words, draw, 2, 8)
    return draw.choice(words).strip(".,;:()\"'")


def _piece(words: list[str], draw: random.Random, low: int, high: int) -> str:
    number = min(len(words), draw.randint(low, high))
    start = draw.randrange(len(words) - number + 1)
    return " ".join(words[start : start + number])


if __name__ == "__main__":
    main()
