"""Models written in the formats of other libraries.

A format is one function `export_<format>(model, filepath, **options)` in a
module of the same name. `export.py` lists it, and `backends.py` lists the
backends that can write it.
"""


def __getattr__(name: str) -> object:
    # Imported late, since `--help` imports `backends.py` without Keras.
    if name == "EXPORTERS":
        from keras_mirror.export.export import EXPORTERS

        return EXPORTERS
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
