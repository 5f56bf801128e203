"""Names and folders of presets, wherever a command takes a model."""

import dataclasses
import json
import re
import shutil

import numpy as np
import pytest
import sentence_transformers
from sentence_transformers.sentence_transformer import modules
from support import hub
from support.folders import SENTENCES
from support.folders import TEXTS
from support.folders import make_bert_folder

from keras_mirror.presets.locate import cache_folder
from keras_mirror.presets.registry import named_presets
from keras_mirror.unit_rows import unit_rows

LINES = TEXTS + SENTENCES
KINDS = ("name", "folder", "archive", "keras_hub")


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    """A model of sentence-transformers and its folder."""
    root = tmp_path_factory.mktemp("reference")
    (root / "source").mkdir()
    make_bert_folder(root / "source")
    first = modules.Transformer(str(root / "source"), max_seq_length=12)
    model = sentence_transformers.SentenceTransformer(
        modules=[first, modules.Pooling(16, "cls"), modules.Normalize()],
        device="cpu",
    )
    model.save(str(root / "folder"), create_model_card=False)
    return model, root / "folder"


@pytest.fixture(scope="module")
def made(reference, tmp_path_factory):
    """The same encoder as an archive and as a keras-hub preset."""
    import keras_mirror

    folder = tmp_path_factory.mktemp("made")
    model = keras_mirror.MirrorModel.from_preset(reference[1])
    model.save(folder / "encoder.keras")
    with pytest.warns(UserWarning, match="the activation"):
        model.save_to_preset(folder / "preset")
    return folder


@pytest.fixture
def named(reference, tmp_path, monkeypatch):
    """The folder of sentence-transformers behind the name of a preset."""
    hub.leave_network(monkeypatch, tmp_path)
    name = "all_minilm_l6_v2_en"
    files = hub.hashes(reference[1])
    preset = dataclasses.replace(named_presets()[name], files=files)
    monkeypatch.setitem(named_presets(), name, preset)
    shutil.copytree(reference[1], cache_folder(preset))
    return preset


@pytest.fixture(params=KINDS)
def encoder(request, named, reference, made):
    return {
        "name": named.name,
        "folder": reference[1],
        "archive": made / "encoder.keras",
        "keras_hub": made / "preset",
    }[request.param]


@pytest.fixture
def lines(tmp_path):
    path = tmp_path / "texts.txt"
    path.write_text("\n".join(LINES) + "\n", encoding="utf-8")
    return path


# === Commands that take a model ===


def test_encode_and_index(command, encoder, reference, lines, tmp_path):
    expected = reference[0].encode(LINES)
    code, _, errors = command(
        "encode", encoder, lines, "--output", tmp_path / "v.npy"
    )
    assert code == 0, errors
    assert "next: keras-mirror index " in errors.splitlines()[-1]
    vectors = unit_rows(np.load(tmp_path / "v.npy"))
    np.testing.assert_allclose(vectors, expected, atol=2e-6)

    index = tmp_path / "t.index"
    code, _, errors = command("index", encoder, lines, "--output", index)
    assert code == 0, errors
    assert errors.splitlines()[-1] == f'next: keras-mirror search {index} "..."'
    code, screen, errors = command("search", index, SENTENCES[2], "--json")
    assert code == 0, errors
    [answer] = json.loads(screen)
    query = reference[0].encode([SENTENCES[2]])[0]
    for result in answer["results"]:
        cosine = float(expected[result["line"] - 1] @ query)
        assert result["similarity"] == pytest.approx(cosine, abs=3e-6)
    assert answer["results"][0]["text"] == SENTENCES[2]


@pytest.mark.processes
def test_other_commands(command, encoder, lines, tmp_path):
    pairs = tmp_path / "pairs.tsv"
    pairs.write_text("a man\ta woman\nit rains\ta dog\n")
    scored = tmp_path / "scored.tsv"
    scored.write_text("a man\ta woman\t3\nit rains\ta dog\t1\na\tb\t2\n")
    for arguments in (
        ["similarity", encoder, pairs],
        ["duplicates", encoder, lines],
        ["cluster", encoder, lines, "--clusters", 3],
        ["evaluate", encoder, scored],
        [
            "export",
            encoder,
            "--output",
            tmp_path / "x.keras",
            "--format",
            "keras",
        ],
        ["info", encoder],
        ["encode", encoder, lines, "--output", tmp_path / "folder"],
    ):
        code, _, errors = command(*arguments)
        assert code == 0, (arguments, errors)


def test_a_folder_of_vectors_knows_its_preset(
    command, named, lines, reference, tmp_path
):
    output = tmp_path / "vectors"
    command("encode", named.name, lines, "--output", output)
    code, _, errors = command("encode", named.name, lines, "--output", output)
    assert code == 0 and "1 were there" in errors
    code, _, errors = command("encode", reference[1], lines, "--output", output)
    assert code == 0 and "1 were there" in errors  # the same files
    other = tmp_path / "other"
    shutil.copytree(reference[1], other)
    (other / "README.md").write_text("changed")
    code, _, errors = command("encode", other, lines, "--output", output)
    assert code == 2 and "archive_sha256" in errors


def test_an_index_of_a_preset_may_be_moved(command, named, lines, tmp_path):
    index = tmp_path / "t.index"
    command("index", named.name, lines, "--output", index)
    (tmp_path / "elsewhere").mkdir()
    index = shutil.move(index, tmp_path / "elsewhere" / "t.index")
    code, screen, errors = command("search", index, SENTENCES[0])
    assert code == 0 and f"1.00  {len(TEXTS) + 1}: " in screen, errors


@pytest.mark.parametrize("name", ["no_such_preset", "no/folder", "no.keras"])
def test_unknown_models(command, lines, tmp_path, name):
    code, screen, errors = command(
        "index", name, lines, "--output", tmp_path / "t.index"
    )
    assert (code, screen) == (2, "") and name in errors.splitlines()[-1]
    assert not (tmp_path / "t.index").exists()


def test_prompts(command, named, reference, lines, tmp_path, monkeypatch):
    # What the library writes where there are none does not hide the card's.
    prompts = {"query": "a man ", "passage": "the woman "}
    preset = dataclasses.replace(named, prompts=prompts)
    monkeypatch.setitem(named_presets(), named.name, preset)
    path = tmp_path / "v.npy"
    command(
        *["encode", named.name, lines, "--output", path, "--prompt", "query"]
    )
    expected = reference[0].encode(LINES, prompt="a man ")
    np.testing.assert_allclose(unit_rows(np.load(path)), expected, atol=2e-6)
    # Either side of a search has its own, without being asked.
    index = tmp_path / "t.index"
    command("index", named.name, lines, "--output", index)
    _, screen, _ = command("search", index, "two dogs", "--json", "--k", 3)
    documents = reference[0].encode(LINES, prompt="the woman ")
    query = reference[0].encode(["two dogs"], prompt="a man ")[0]
    for result in json.loads(screen)[0]["results"]:
        cosine = float(documents[result["line"] - 1] @ query)
        assert result["similarity"] == pytest.approx(cosine, abs=3e-6)
    code, _, errors = command("search", index, "two dogs", "--prompt", "other")
    assert code == 1 and "has 'query', 'passage'. Received" in errors
    _, screen, _ = command("info", named.name)
    assert re.search("  prompt query +'a man '\n", screen)


# === presets, download, info ===


def test_presets(command, named):
    code, screen, errors = command("presets")
    assert code == 0 and all(len(x) <= 80 for x in screen.splitlines())
    rows = {line.split()[0]: line for line in screen.splitlines() if line}
    assert set(named_presets()) <= set(rows)
    assert rows[named.name].rstrip().endswith("cached")
    assert rows["mirror_mini_lm_en"].rstrip().endswith("bundled")
    assert rows["bge_small_en_v1_5"].rstrip().endswith("to download")
    code, screen, _ = command("presets", "--json")
    entries = {entry["name"]: entry for entry in json.loads(screen)}
    assert entries[named.name]["place"] == "cached"
    assert entries[named.name]["files"] == named.files


def test_download(command, named, reference, tmp_path):
    folder = cache_folder(named)
    assert command("download", named.name)[:2] == (0, f"{folder}\n")
    shutil.rmtree(folder)
    code, screen, errors = command("download", named.name, "--from", "index")
    assert (code, screen) == (1, "")
    assert errors.splitlines()[-1].startswith(
        f"keras-mirror: error: {named.name} (92 MB) is not on this machine"
    )
    hub.make_wheel(tmp_path / "wheels", reference[1], named.distribution)
    code, screen, errors = command("download", named.name, "--from", "index")
    assert (code, screen) == (0, f"{folder}\n"), errors
    assert hub.hashes(folder) == named.files
    hub.flip_a_byte(folder / "model.safetensors")
    for arguments in (["download", named.name], ["info", named.name]):
        code, screen, errors = command(*arguments)
        assert (code, screen) == (1, "")
        assert "is not the file of all_mini" in errors.splitlines()[-1]


def test_wrong_use_of_download(command):
    code, _, errors = command("download", "mirror_mini_lm_en")
    assert code == 2 and "comes with this package" in errors
    code, _, errors = command("download", "nothing")
    assert code == 2 and "NAME must be one of all_minilm_l6_v2_en, " in errors


def test_info_of_a_preset_that_is_elsewhere_fetches_nothing(command, named):
    shutil.rmtree(cache_folder(named))
    code, screen, errors = command("info", named.name)
    assert code == 0 and re.search("  place +to download\n", screen)
    assert errors == f"next: keras-mirror download {named.name}\n"
    _, screen, _ = command("info", named.name, "--json")
    assert json.loads(screen)["license"] == "Apache-2.0"
    assert not cache_folder(named).exists()


def test_info_of_a_folder(command, reference, named):
    code, screen, errors = command("info", reference[1], "--json")
    assert code == 0, errors
    content = json.loads(screen)
    assert content["backbone"]["class"] == "BertBackbone"
    assert content["recipe"]["pooling_mode"] == "cls"
    code, screen, _ = command("info", reference[1], "--card")
    assert code == 0 and f'from_preset("{reference[1]}")' in screen


# === The overview ===


def test_overview(command):
    from keras_mirror.cli.main import cli

    code, screen, errors = command()
    assert (code, errors) == (0, "")
    assert all(len(line) <= 80 for line in screen.splitlines())
    for name in cli.commands:
        assert f"\n  {name} " in screen
    assert "..." not in screen.replace("COMMAND...", "")
