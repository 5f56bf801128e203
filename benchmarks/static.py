"""Static vectors of an encoder beside those that model2vec makes of it.

python benchmarks/static.py DATA ENCODER TEXTS --distill-python PYTHON

ENCODER is a folder of sentence-transformers, which model2vec reads too. It is
exported without texts; fitted to the first --num-texts lines of TEXTS; and
fitted to each of --corpora, on whose own task it is scored. model2vec distills
it with its default settings, in the interpreter PYTHON, which has
`model2vec[distill]`. All are loaded by `load_static`, which gives model2vec's
vectors; its own speed is measured too. DATA holds `sts` and `domain`.
--vectors names an array of the encoder's vectors of the lines of TEXTS, row by
row, where there is one: then these are not encoded again.

Prints a Markdown table, and writes --json.
"""

import argparse
import itertools
import json
import os
import pathlib
import platform
import subprocess
import sys
import time

import numpy as np
from domains import CORPORA
from domains import read

from keras_mirror.evaluation.readers import read_benchmarks
from keras_mirror.export.static import taught_texts
from keras_mirror.integrations.load_model import load_model
from keras_mirror.static import load_static
from keras_mirror.unit_rows import unit_rows

DOMAINS = ("banking77", "stackoverflow20k", "ncbi-disease")
DISTILL = """
import sys
from model2vec.distill import distill
distill(sys.argv[1]).save_pretrained(sys.argv[2])
"""
SPEED_TEXTS = 20_000


def main():
    arguments = parse_arguments()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    lines = first_lines(arguments)
    columns = {}
    for name, make in ways(arguments, lines).items():
        folder = arguments.folder / name.replace(" ", "_")
        start = time.monotonic()
        if not folder.exists():
            make(folder)
        seconds = time.monotonic() - start
        columns[name] = {"making": seconds, **facts(folder, lines)}
        encoder = load_static(folder)
        columns[name]["scores"] = scores(encoder, name, arguments)
        print(name, json.dumps(columns[name]), flush=True)
    print(markdown(columns))
    content = {"processor": platform.processor(), "columns": columns}
    arguments.json.write_text(json.dumps(content, indent=1), "utf-8")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("encoder")
    parser.add_argument("texts", type=pathlib.Path)
    parser.add_argument("--num-texts", type=int, default=100_000)
    parser.add_argument("--vectors", type=pathlib.Path)
    parser.add_argument("--corpora", nargs="*", default=[], choices=DOMAINS)
    parser.add_argument("--distill-python", default=sys.executable)
    parser.add_argument("--folder", type=pathlib.Path, default="static")
    parser.add_argument("--json", type=pathlib.Path, default="static.json")
    return parser.parse_args()


def first_lines(arguments):
    with open(arguments.texts, encoding="utf-8") as file:
        lines = itertools.islice(file, arguments.num_texts)
        return [line.rstrip("\n") for line in lines]


def ways(arguments, lines):
    """The columns, and what makes the folder of each."""
    model = load_model(arguments.encoder)
    made = {"model2vec": lambda folder: distilled(arguments, folder)}
    made["ours, no texts"] = lambda folder: model.export(folder, "static")

    def fitted(folder):
        if arguments.vectors:
            known_vectors(lines, np.load(arguments.vectors, mmap_mode="r"))
        model.export(folder, "static", texts=lines)

    made["ours, fitted"] = fitted
    for corpus in arguments.corpora:
        texts, _ = read(arguments.data, corpus)
        made[f"ours, {corpus}"] = lambda folder, texts=texts: model.export(
            folder, "static", texts=texts
        )
    return made


def distilled(arguments, folder):
    command = [arguments.distill_python, "-c", DISTILL, arguments.encoder]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
    subprocess.run([*command, str(folder)], check=True, env=environment)


def known_vectors(lines, vectors):
    """Makes the export look up what is encoded already."""
    rows = {text: row for row, text in enumerate(lines)}
    encode = taught_texts.unit_chunks

    def unit_chunks(model, texts, **options):
        if not rows.keys() >= set(texts):
            yield from encode(model, texts, **options)
            return
        yield unit_rows(vectors[[rows[text] for text in texts]])

    taught_texts.unit_chunks = unit_chunks


def facts(folder, lines):
    """Size and speed, with NumPy and in model2vec itself."""
    from model2vec import StaticModel

    texts = lines[:SPEED_TEXTS]
    size = sum(path.stat().st_size for path in folder.rglob("*.*"))
    return {
        "megabytes": size / 1e6,
        "texts/s": speed(load_static(folder).encode_text, texts),
        "model2vec's texts/s": speed(
            StaticModel.from_pretrained(str(folder)).encode, texts
        ),
    }


def speed(encode, texts):
    encode(texts[:1000])
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        encode(texts)
        seconds.append(time.perf_counter() - start)
    return len(texts) / min(seconds)


def scores(encoder, name, arguments):
    """Scores x 100; of a corpus of its own, only on its task."""
    of_corpus = name.removeprefix("ours, ")
    found = {}
    if of_corpus not in DOMAINS:
        tasks = read_benchmarks(arguments.data / "sts")
        [task] = [task for task in tasks if task.name == "STS-B dev"]
        found |= scored(task, encoder, ("Spearman",))
    for corpus in (of_corpus,) if of_corpus in DOMAINS else DOMAINS:
        _, [task] = read(arguments.data, corpus)
        found |= scored(task, encoder, CORPORA[corpus][1][task.name])
    return found


def scored(task, encoder, metrics):
    return {
        f"{task.name}, {result.metric}": round(100 * result.score.value, 2)
        for result in task.score(encoder.encode_text)
        if result.metric in metrics and not result.subset
    }


def markdown(columns):
    rows = list(dict.fromkeys(k for c in columns.values() for k in c["scores"]))
    lines = [
        "| | " + " | ".join(columns) + " |",
        "|---" * len(columns) + "|---|",
    ]
    for row in rows:
        cells = [column["scores"].get(row) for column in columns.values()]
        cells = ["" if cell is None else f"{cell:.2f}" for cell in cells]
        lines.append(f"| {row} | " + " | ".join(cells) + " |")
    for fact in ("megabytes", "texts/s", "model2vec's texts/s", "making"):
        cells = [f"{column[fact]:,.0f}" for column in columns.values()]
        lines.append(f"| {fact} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
