"""Good files of texts and of benchmarks, a few of each format."""

import gzip
import io
import json

from support.texts import SENTENCES
from support.texts import texts

from campaign.containers import Files

LINES = [*SENTENCES, *texts(20), "", 'a "quoted" text', "a, b"]


def files_of_texts() -> list[Files]:
    """One file of every ending that `read_texts` knows."""
    import pyarrow as pa
    import pyarrow.parquet as parquet

    rows = [{"text": line, "id": n} for n, line in enumerate(LINES)]
    json_lines = _lines(map(json.dumps, rows))
    quoted = (line.replace('"', '""') for line in LINES)
    file = io.BytesIO()
    parquet.write_table(pa.Table.from_pylist(rows), file)
    return [
        {"texts.txt": _lines(LINES)},
        {"texts.txt.gz": gzip.compress(_lines(LINES))},
        {"texts.csv": _lines(["text,n", *(f'"{x}",1' for x in quoted)])},
        {"texts.tsv": _lines(["n\ttext", *(f"1\t{x}" for x in LINES)])},
        {"texts.jsonl": json_lines},
        {"texts.jsonl.gz": gzip.compress(json_lines)},
        {"texts.parquet": file.getvalue()},
    ]


def _lines(lines) -> bytes:
    return "\n".join(lines).encode()


WORDS = "cat\tchat\ndog\tchien\ndog\tclébard\n"
BENCHMARKS = [
    {"mine.tsv": 4 * "A man plays.\tA man.\t2.5\nA cat.\tA dog.\t0\n"},
    {"mine.csv": "score,text1,text2\n2.5,a man,a woman\n1,a,b\n"},
    {
        "STS.input.images.txt": "A man.\tA cat.\nA dog.\tA cow.\n",
        "STS.gs.images.txt": "2.5\n4\n",
    },
    {"test.en-fr.tsv": WORDS, "train.en-fr.tsv": "of\tde\n"},
    {
        "en-de.test.data.txt": "a\tb\nc\td\n",
        "en-de.test.gold.txt": "1\n2\n",
    },
    {
        "translation.csv": "ENG 1,ENG 2\ncat,dog\na,b\n",
        "scores.csv": "ID,ENG\n1,4\n2,1\n",
    },
    {"dictionary.tsv": "D1\tflu\nD2\tcold\n", "queries.tsv": "flu\tD1\n"},
    {
        "dictionary.txt": "D1||flu\nD2||cold\n",
        "0.concept": "1||0|3||x||flu||D1\n",
    },
    {"rg-65.txt": "gem jewel 3.94\nnoon string 0.08\n"},
    {
        "corpus.jsonl": '{"_id": "1", "text": "A"}\n{"_id": "2", "text": "B"}',
        "queries.jsonl": '{"_id": "q", "text": "Why?"}',
        "qrels/test.tsv": "query-id\tcorpus-id\tscore\nq\t1\t1\n",
    },
    {
        "train.csv": 'text,category\n"A, b",where\nC,how\n"It\nD",x\n',
        "test.csv": 'text,category\n"B, a",where\nD,how\n',
    },
]


def files_of_benchmarks() -> list[Files]:
    """One folder of most formats that `read_benchmarks` knows."""
    return [
        {name: text.encode() for name, text in files.items()}
        for files in BENCHMARKS
    ]
