import json
import re
import sys

import pytest
from support.texts import texts

for name in ("openTSNE", "plotly", "jinja2", "matplotlib"):
    pytest.importorskip(name, reason="the extra [map] is missing")


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "texts.txt"
    path.write_text("\n".join([*texts(12), "", texts(12)[0]]) + "\n")
    return path


def test_a_page_and_a_picture(command, archive, corpus, tmp_path):
    page, picture = tmp_path / "map.html", tmp_path / "map.png"
    arguments = ["map", archive, corpus, "--clusters", 2]
    arguments += ["--html", page, "--png", picture]
    code, screen, errors = command(*arguments)
    assert (code, screen) == (0, ""), errors
    told = re.sub(" +", " ", errors)
    assert "lines 14\n" in told and "clusters 2\n" in told
    assert "points 12, one per different line\n" in told
    assert f"written {page}, {picture}\n" in told
    assert f"next: keras-mirror cluster {archive} {corpus}" in told
    assert f'<h1 dir="auto">Map of {corpus}</h1>' in page.read_text()
    assert picture.read_bytes()[1:4] == b"PNG"
    assert command(*arguments)[0] == 2
    before = page.read_bytes()
    assert command(*arguments, "--overwrite")[0] == 0
    assert page.read_bytes() == before


def test_an_index_needs_no_keras(
    command, archive, corpus, tmp_path, monkeypatch
):
    index, page = tmp_path / "texts.index", tmp_path / "map.html"
    assert command("index", archive, corpus, "--output", index)[0] == 0
    monkeypatch.setitem(sys.modules, "keras_mirror.cli.models", None)
    code, _, errors = command("map", index, "--html", page, "--threshold", 0.1)
    assert code == 0, errors
    [shown] = re.findall(r'id="texts">(.*?)</script>', page.read_text())
    assert sorted(json.loads(shown)) == sorted(texts(12))


@pytest.mark.parametrize(
    "options, message",
    [
        ([], "give --html, --png, --csv or --json"),
        (["--html", "a.txt"], "--html must end in .html. Received: a.txt"),
        (["--png", "a.jpg"], "--png must end in .png. Received: a.jpg"),
        (
            ["--png", "a.png", "--clusters", 2, "--threshold", 0.5],
            "give at most one of --clusters and --threshold",
        ),
    ],
)
def test_wrong_use(command, archive, corpus, options, message):
    code, screen, errors = command("map", archive, corpus, *options)
    assert (code, screen) == (2, "")
    assert errors == f"keras-mirror: error: {message}\n"


def test_what_cannot_be_clustered_is_wrong_use(
    command, archive, corpus, tmp_path
):
    output = ["--png", tmp_path / "map.png", "--clusters", 13]
    code, _, errors = command("map", archive, corpus, *output)
    assert code == 2 and "must be an integer from 1 to 12" in errors
    corpus.write_text("\n \n")
    code, _, errors = command("map", archive, corpus, *output[:2])
    assert code == 2 and "at least one text that is not empty" in errors


@pytest.mark.parametrize("module", ["openTSNE", "plotly", "matplotlib"])
def test_the_extra_is_named(command, archive, corpus, module, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setitem(sys.modules, "keras_mirror.cli.models", None)
    code, _, errors = command("map", archive, corpus, "--html", "map.html")
    assert code == 1 and f"`{module}` is needed for this" in errors
    assert 'pip install "keras-mirror[map]"' in errors
