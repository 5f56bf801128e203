"""Models written in the formats of other libraries.

A format is one function `export_<format>(model, filepath, **options)` in a
module of its name, listed in `export.py`, and in `backends.py` with the
backends that can write it.
"""


def __getattr__(name: str) -> object:
    # Late: the command line's `--help` imports `backends.py` without Keras.
    if name == "EXPORTERS":
        from keras_mirror.export.export import EXPORTERS

        return EXPORTERS
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
