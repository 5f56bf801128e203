"""A folder that keeps texts and the teacher's vectors, shard by shard."""

import json
import os
import pathlib
import shutil
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator

import numpy as np

from keras_mirror.atomic_output import atomic_output
from keras_mirror.content_errors import content_errors
from keras_mirror.data import batched
from keras_mirror.data.as_strings import check_string
from keras_mirror.files import read_json
from keras_mirror.files import write_json
from keras_mirror.unit_rows import unit_rows

# Texts per shard: as many as `encode_in_chunks` sorts by length together.
SHARD_SIZE = 4096
SETTINGS = "distillation.json"
Teach = Callable[[list[int], list[str]], np.ndarray]


class VectorShards:
    """Texts and the teacher's vectors on disk, in the order of the texts.

    Memory holds one shard at a time. An existing shard is always complete: an
    interrupted run resumes after the last one.

    Args:
        folder: String or path. It is created if it does not exist.
        teacher: String that identifies the teacher.

    Attributes:
        sizes: List of integers, the texts of each shard.
        num_read: Integer, the texts that were read, empty ones counted.

    Raises:
        ValueError: The folder holds something else, or the vectors of another
            teacher.

    Example:

    >>> import tempfile
    >>> shards = VectorShards(tempfile.mkdtemp(), "a teacher of two numbers")
    >>> teach = lambda rows, texts: np.ones((len(texts), 2))
    >>> shards.fill(["a man", "", "a woman"], teach)
    >>> texts, vectors = shards.read(0)
    >>> texts, vectors.shape, str(vectors.dtype)
    (['a man', 'a woman'], (2, 2), 'float16')
    """

    def __init__(self, folder: str | os.PathLike[str], teacher: str) -> None:
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.sizes: list[int] = []
        self.num_read = 0
        self._check(teacher)

    @property
    def num_texts(self) -> int:
        return sum(self.sizes)

    def fill(
        self,
        texts: Iterable[str],
        teach: Teach,
        on_progress: Callable[[int], object] | None = None,
    ) -> None:
        """Reads all texts and asks the teacher for the missing vectors.

        Args:
            texts: Iterable of strings. Empty ones are left out.
            teach: Function from the numbers of the texts, empty ones counted,
                and the texts to their vectors: an array of shape `(num_texts,
                teacher_dim)`. Rows are scaled to length 1.
            on_progress: Function of the number of texts just read. Defaults
                to `None`.

        Raises:
            ValueError: The texts of an existing shard have changed.
        """
        for number, part in enumerate(batched(self._rows(texts), SHARD_SIZE)):
            rows, shard = map(list, zip(*part, strict=True))
            self._add(number, rows, shard, teach)
            self.sizes.append(len(shard))
            if on_progress is not None:
                on_progress(len(shard))

    def read(self, number: int) -> tuple[list[str], np.ndarray]:
        """The texts of a shard, and their vectors in float16."""
        place = self._place(number)
        with content_errors(place, "is damaged"):
            return self._texts(place), np.load(place / "vectors.npy")

    def remove(self) -> None:
        """Removes what this class wrote, and the folder if it is then empty."""
        for place in self.folder.glob("[0-9]*"):
            shutil.rmtree(place)
        (self.folder / SETTINGS).unlink(missing_ok=True)
        if not any(self.folder.iterdir()):
            self.folder.rmdir()

    def _check(self, teacher: str) -> None:
        path, key = self.folder / SETTINGS, {"teacher": teacher}
        kept = read_json(path, default={})
        if not kept and any(self.folder.iterdir()):
            raise ValueError(
                f"'{self.folder}' must be empty, or hold a teacher's vectors. "
                "Received: a folder of other files"
            )
        if kept and kept != key:
            raise ValueError(
                f"'{self.folder}' keeps the vectors of another teacher. "
                f"Expected: {key}. Received: {kept}. Choose another folder"
            )
        write_json(path, key)

    def _rows(self, texts: Iterable[str]) -> Iterator[tuple[int, str]]:
        for row, text in enumerate(texts):
            self.num_read = row + 1
            check_string(text, row)
            if text.strip():
                yield row, text

    def _add(self, number: int, rows: list, shard: list, teach: Teach) -> None:
        place = self._place(number)
        if place.is_dir():
            with content_errors(place, "is damaged"):
                same = self._texts(place) == shard
            if not same:
                raise ValueError(
                    f"'{self.folder}' keeps vectors of other texts: the texts "
                    f"of '{place.name}' have changed. Choose another folder"
                )
            return
        vectors = unit_rows(np.asarray(teach(rows, shard), "float32"))
        with atomic_output(place, overwrite=False) as unfinished:
            unfinished.mkdir()
            np.save(unfinished / "vectors.npy", vectors.astype("float16"))
            texts = json.dumps(shard, ensure_ascii=True)
            (unfinished / "texts.json").write_text(texts)

    def _place(self, number: int) -> pathlib.Path:
        return self.folder / f"{number:05}"

    @staticmethod
    def _texts(place: pathlib.Path) -> list[str]:
        return json.loads((place / "texts.json").read_text())
