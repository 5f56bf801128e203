"""A process that is forked computes, or says why it does not."""

import os
import signal

import keras
import pytest
from support import models
from support.processes import run_python

from keras_mirror import MirrorModel
from keras_mirror import forked
from keras_mirror.search import Index

pytestmark = pytest.mark.skipif(
    not hasattr(os, "fork"), reason="Windows cannot fork"
)


def fork(work):
    """The error that `work` raised in a child, as text; empty without one."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        signal.alarm(60)  # ends a child that hangs
        try:
            work()
        except BaseException as error:
            os.write(write, f"{type(error).__name__}: {error}".encode())
        finally:
            os._exit(0)
    os.close(write)
    with open(read, encoding="utf-8") as file:
        raised = file.read()
    assert os.waitpid(pid, 0)[1] == 0, "the child hung"
    return raised


CALLS = {
    "encode_text": lambda model, index, archive: model.encode_text("a man"),
    "query": lambda model, index, archive: index.query("a man"),
    "predict": lambda model, index, archive: model.predict({}),
    "compile": lambda model, index, archive: model.compile(),
    "fit": lambda model, index, archive: model.fit(["a man", "a cat"]),
    "evaluate": lambda model, index, archive: model.evaluate(["a man"]),
    "from_preset": lambda model, index, archive: MirrorModel.from_preset(),
    "load_model": lambda model, index, archive: keras.saving.load_model(
        archive
    ),
    "MirrorModel": lambda model, index, archive: MirrorModel(
        model.encoder, model.preprocessor
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_child_says_why_it_cannot_compute(name, model, archive, monkeypatch):
    monkeypatch.setattr(forked, "_has_one_thread", lambda: False)
    index = Index(model)
    index.add(["a man", "a cat"])
    raised = fork(lambda: CALLS[name](model, index, archive))
    assert raised.startswith(
        "RuntimeError: This process was forked after a model was made, and "
        f"{keras.backend.backend()} would wait forever for threads of the "
        "parent. Load the model in this process, and load none before the "
        "fork (gunicorn without `--preload`), or start the process with the "
        "method 'spawn'"
    )
    assert raised.endswith(f", forked by {os.getpid()}")
    assert ("torch.set_num_threads(1)" in raised) == (
        keras.backend.backend() == "torch"
    )


@pytest.mark.skipif(
    keras.backend.backend() != "torch", reason="others hang with one thread too"
)
def test_pytorch_computes_in_a_child_with_one_thread(model, monkeypatch):
    import torch

    expected = model.encode_text("a man plays").tolist()
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)

    def work():
        with pytest.raises(RuntimeError, match=r"torch.set_num_threads\(1\)"):
            model.encode_text("a man plays")
        monkeypatch.undo()
        torch.set_num_threads(1)
        assert model.encode_text("a man plays").tolist() == expected
        other = models.make_model()
        other.compile()
        other.fit(["a man", "a cat"], batch_size=2, epochs=1, verbose=0)

    assert fork(work) == ""


@pytest.mark.processes
def test_a_child_of_a_parent_that_only_imported_computes():
    code = """
import os, signal, sys
import keras_mirror
from support import models

if pid := os.fork():
    sys.exit(os.waitpid(pid, 0)[1])
signal.alarm(240)
print(models.make_model().encode_text("a man plays").shape)
"""
    printed = run_python(
        code, backend=keras.backend.backend(), OMP_NUM_THREADS="2"
    )
    assert printed.splitlines()[-1] == "(1, 8)"
