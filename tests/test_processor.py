import pytest

from keras_mirror import processor
from keras_mirror.processor import processor_has


@pytest.fixture
def has(monkeypatch, tmp_path):
    """`processor_has` of a processor with some flags; `None` of no Linux."""

    def call(flags, *names):
        path = tmp_path / "cpuinfo"
        path.unlink(missing_ok=True)
        if flags is not None:
            path.write_text(f"vendor : x\nflags\t\t: {flags}\nbugs : y\n")
        monkeypatch.setattr(processor, "CPU_INFO", str(path))
        processor_has.cache_clear()
        return processor_has(*names)

    yield call
    processor_has.cache_clear()


def test_flags(has):
    assert has("fma amx_bf16 x", "avx512_bf16", "amx_bf16")
    assert has("fma amx_bf16", "fma")
    assert not has("fma amx_bf16", "amx")
    assert not has("fma", "bugs", "y")


def test_other_systems_have_no_flags(has):
    assert not has(None, "fma")
    assert not has("", "fma")
