import json
import shutil

import keras
import keras_hub
import numpy as np
import pytest
import transformers
from support.folders import FOLDERS
from support.folders import SENTENCES
from support.folders import TEXTS
from support.folders import make_albert_folder
from support.folders import make_bert_folder
from support.folders import make_distil_bert_folder
from support.folders import make_roberta_folder
from support.folders import make_xlm_roberta_folder
from support.folders import write_albert_model
from support.folders import write_xlm_roberta_model

from keras_mirror.checkpoints.hugging_face.checkpoint import (
    load_hugging_face_tokenizer,
)
from keras_mirror.checkpoints.hugging_face.config import complete_config
from keras_mirror.checkpoints.hugging_face.config import read_config

try:
    import tensorflow as tf
except ImportError:
    tf = None

UNUSUAL = [
    "ﬁne ½ ² ™ €",
    "naïve e\u0301 decomposed",
    "한국어 텍스트",
    "हिन्दी में",
    "don’t “quote” … – —",
    "tab\there\nnew line",
    "``quoted'' text",
    "",
]


@pytest.fixture(params=FOLDERS)
def folder(request, tmp_path):
    FOLDERS[request.param](tmp_path)
    return tmp_path


@pytest.fixture
def bert(tmp_path):
    make_bert_folder(tmp_path)
    return tmp_path


def load(folder):
    config = complete_config(read_config(folder), folder)
    return load_hugging_face_tokenizer(folder, config)


def hugging_face_ids(folder, texts):
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    return tokenizer(texts, add_special_tokens=False)["input_ids"]


def python_ids(tokenizer, texts):
    return [[int(id) for id in ids] for ids in tokenizer(texts)]


def graph_ids(tokenizer, texts):
    ds = tf.data.Dataset.from_tensor_slices(texts).batch(4).map(tokenizer)
    return [ids for batch in ds for ids in batch.to_list()]


def assert_same_ids(folder, texts=TEXTS + SENTENCES, expected=None):
    """The ids of transformers, in Python and in a graph."""
    expected = expected or hugging_face_ids(folder, texts)
    tokenizer = load(folder)
    if tf is not None:
        assert graph_ids(tokenizer, texts) == expected
    # keras-hub 0.32 splits by another rule than RoBERTa outside of graphs.
    if not isinstance(tokenizer, keras_hub.tokenizers.BytePairTokenizer):
        assert python_ids(tokenizer, texts) == expected
    return tokenizer


def assert_same_special_ids(folder):
    tokenizer, expected = load(folder), transformers.AutoTokenizer
    expected = expected.from_pretrained(folder)
    assert tokenizer.start_token_id == expected.cls_token_id
    assert tokenizer.end_token_id == expected.sep_token_id
    assert tokenizer.pad_token_id == expected.pad_token_id
    assert tokenizer.mask_token_id == expected.mask_token_id


def edit_json(path, **changes):
    content = json.loads(path.read_text()) if path.exists() else {}
    content.update(changes)
    content = {key: value for key, value in content.items() if value != "gone"}
    path.write_text(json.dumps(content))


def write_vocabulary(folder, end="\n"):
    """Turns `tokenizer.json` into the `vocab.txt` of older folders."""
    vocabulary = read_model(folder)["vocab"]
    tokens = sorted(vocabulary, key=vocabulary.get)
    path = folder / "vocab.txt"
    path.write_bytes("".join(token + end for token in tokens).encode())
    (folder / "tokenizer.json").unlink()
    return path


def read_model(folder):
    return json.loads((folder / "tokenizer.json").read_text())["model"]


# === Every kind ===


def test_ids(folder):
    tokenizer = assert_same_ids(folder)
    assert tokenizer.backbone_cls is not None
    assert tokenizer.vocabulary_size() == read_config(folder)["vocab_size"]


def test_ids_of_unusual_texts(folder):
    if read_config(folder)["model_type"] in ("bert", "distilbert"):
        # keras-hub folds more than case: "ﬁ" becomes "fi", "½" "1⁄2".
        edit_json(folder / "tokenizer_config.json", do_lower_case=False)
    assert_same_ids(folder, UNUSUAL)


def test_special_tokens(folder):
    assert_same_special_ids(folder)


# keras-hub 0.32 leaves the file of a SentencePiece model open.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_ids_of_an_archive(folder, tmp_path):
    tokenizer = load(folder)
    (tmp_path / "assets").mkdir()
    tokenizer.save_assets(str(tmp_path / "assets"))
    config = keras.saving.serialize_keras_object(tokenizer)
    again = keras.saving.deserialize_keras_object(config)
    again.load_assets(str(tmp_path / "assets"))
    assert python_ids(again, TEXTS) == python_ids(tokenizer, TEXTS)
    assert again.mask_token_id == tokenizer.mask_token_id


def test_the_class_follows_the_kind_and_the_model(tmp_path):
    for name, make in FOLDERS.items():
        (tmp_path / name).mkdir()
        make(tmp_path / name)
    classes = [type(load(tmp_path / name)).__name__ for name in FOLDERS]
    assert classes == [
        "BertTokenizer",
        "RobertaTokenizer",
        "XLMRobertaTokenizer",
        "DistilBertTokenizer",
        "AlbertTokenizer",
    ]


def test_sentence_piece_for_a_bert(bert, tmp_path):
    (tmp_path / "other").mkdir()
    make_xlm_roberta_folder(tmp_path / "other")
    for path in (tmp_path / "other").glob("tokenizer*"):
        shutil.copy(path, bert)
    tokenizer = assert_same_ids(bert)
    assert isinstance(tokenizer, keras_hub.tokenizers.XLMRobertaTokenizer)


def test_added_tokens_without_embedding(folder):
    content = json.loads((folder / "tokenizer.json").read_text())
    vocabulary_size = read_config(folder)["vocab_size"]
    token = {"id": vocabulary_size, "content": "<new>", "special": False}
    content["added_tokens"].append(token)
    (folder / "tokenizer.json").write_text(json.dumps(content))
    added = {"<newer>": vocabulary_size + 1}
    (folder / "added_tokens.json").write_text(json.dumps(added))
    assert load(folder).vocabulary_size() == vocabulary_size


# === WordPiece ===


@pytest.mark.parametrize("make", [make_bert_folder, make_distil_bert_folder])
@pytest.mark.parametrize("lowercase", [True, False])
@pytest.mark.parametrize("strip_accents", [None, True, False])
def test_lower_case_and_accents(tmp_path, make, lowercase, strip_accents):
    options = {"do_lower_case": lowercase, "strip_accents": strip_accents}
    make(tmp_path, tokenizer=options)
    tokenizer = assert_same_ids(tmp_path)
    assert tokenizer.lowercase == lowercase
    stripped = lowercase if strip_accents is None else strip_accents
    assert tokenizer.strip_accents == stripped


def test_chinese_characters(tmp_path):
    make_bert_folder(tmp_path, tokenizer={"tokenize_chinese_chars": False})
    assert not assert_same_ids(tmp_path).split_on_cjk


@pytest.mark.parametrize("lowercase", [True, False])
def test_lower_case_of_the_normalizer(tmp_path, lowercase):
    options = {
        "do_lower_case": lowercase,
        "strip_accents": not lowercase,
        "tokenize_chinese_chars": False,
    }
    make_bert_folder(tmp_path, tokenizer=options)
    expected = hugging_face_ids(tmp_path, TEXTS)
    gone = dict.fromkeys(options, "gone")
    edit_json(tmp_path / "tokenizer_config.json", **gone)
    assert_same_ids(tmp_path, TEXTS, expected)


def test_lower_case_of_the_defaults(bert):
    expected = hugging_face_ids(bert, TEXTS)
    write_vocabulary(bert)
    (bert / "tokenizer_config.json").unlink()
    tokenizer = assert_same_ids(bert, TEXTS, expected)
    assert (tokenizer.lowercase, tokenizer.strip_accents) == (True, True)
    assert tokenizer.split_on_cjk


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("rest", ["", "\n", "\n\n", " \n"])
def test_ends_of_lines_of_a_vocabulary_file(bert, end, rest):
    expected = hugging_face_ids(bert, TEXTS)
    path = write_vocabulary(bert, end)
    path.write_bytes(path.read_bytes() + rest.encode())
    tokenizer = assert_same_ids(bert, TEXTS, expected)
    assert "" not in tokenizer.get_vocabulary()
    assert tokenizer.vocabulary_size() == read_config(bert)["vocab_size"]


def test_blank_and_repeated_lines_keep_their_ids(bert):
    path = write_vocabulary(bert)
    lines = path.read_text().split("\n")
    lines[40:40] = ["", "\u3000", lines[100], "man", "[MASK]"]
    path.write_text("\n".join(lines))
    edit_json(bert / "config.json", vocab_size=len(lines))
    ids = {line: id for id, line in enumerate(lines)}  # the last one counts
    tokenizer = load(bert)
    vocabulary = tokenizer.get_vocabulary()
    assert len(set(vocabulary)) == len(vocabulary)
    # An archive's file has one token a line, and loses spaces at its end.
    assert all(token and token == token.strip() for token in vocabulary)
    assert all(vocabulary[ids[token]] == token for token in lines[50:60])
    assert tokenizer.token_to_id("man") == ids["man"]
    assert tokenizer.mask_token_id == ids["[MASK]"]
    assert_same_ids(bert, TEXTS)


def test_holes_in_a_vocabulary_keep_their_ids(bert):
    content = json.loads((bert / "tokenizer.json").read_text())
    vocabulary = content["model"]["vocab"]
    vocabulary.update({token: id + 7 for token, id in vocabulary.items()})
    for token in content["added_tokens"]:
        token["id"] += 7
    renumber_template(content, vocabulary)
    (bert / "tokenizer.json").write_text(json.dumps(content))
    edit_json(bert / "config.json", vocab_size=len(vocabulary) + 7)
    assert_same_ids(bert)
    assert_same_special_ids(bert)


@pytest.mark.parametrize("files", ["tokenizer.json", "vocab.txt", "map"])
def test_own_names_of_special_tokens(tmp_path, files):
    names = {"mask_token": "<hidden>", "cls_token": "<s>", "unk_token": "?!"}
    make_bert_folder(tmp_path, tokenizer=names)
    expected = hugging_face_ids(tmp_path, TEXTS)
    mask = read_model(tmp_path)["vocab"]["<hidden>"]
    if files != "tokenizer.json":
        write_vocabulary(tmp_path)
    if files == "map":
        entries = {key: {"content": name} for key, name in names.items()}
        edit_json(tmp_path / "special_tokens_map.json", **entries)
        gone = dict.fromkeys(names, "gone")
        edit_json(tmp_path / "tokenizer_config.json", **gone)
    tokenizer = assert_same_ids(tmp_path, TEXTS, expected)
    assert tokenizer.mask_token_id == mask
    assert "<hidden>" not in tokenizer.get_vocabulary()


def test_own_names_that_no_file_gives(tmp_path):
    names = {"mask_token": "<mask>"}
    make_bert_folder(tmp_path, tokenizer=names)
    edit_json(tmp_path / "tokenizer_config.json", mask_token="gone")
    mask = read_model(tmp_path)["vocab"]["<mask>"]
    assert load(tmp_path).mask_token_id == mask


def test_a_mask_among_the_added_tokens(bert):
    content = json.loads((bert / "tokenizer.json").read_text())
    number = read_config(bert)["vocab_size"]
    mask = {**content["added_tokens"][4], "id": number, "content": "<mask>"}
    content["added_tokens"].append(mask)
    (bert / "tokenizer.json").write_text(json.dumps(content))
    edit_json(bert / "tokenizer_config.json", mask_token="<mask>")
    edit_json(bert / "config.json", vocab_size=number + 1)
    tokenizer = assert_same_ids(bert)
    assert tokenizer.mask_token_id == number
    # The token that was called so before is none that text can reach.
    assert tokenizer.get_vocabulary()[4] == "[vacant4]"


# === Byte pairs ===


def test_files_of_an_older_roberta(tmp_path):
    make_roberta_folder(tmp_path)
    expected = hugging_face_ids(tmp_path, TEXTS)
    model = read_model(tmp_path)
    (tmp_path / "vocab.json").write_text(json.dumps(model["vocab"]))
    merges = "\r\n".join(" ".join(merge) for merge in model["merges"])
    text = "#version: 0.2\r\n" + merges + "\r\n"
    (tmp_path / "merges.txt").write_bytes(text.encode())
    (tmp_path / "tokenizer.json").unlink()
    assert_same_ids(tmp_path, TEXTS, expected)
    (tmp_path / "merges.txt").unlink()
    with pytest.raises(FileNotFoundError, match="must have a merges.txt"):
        load(tmp_path)


def test_merges_as_strings(tmp_path):
    make_roberta_folder(tmp_path)
    expected = hugging_face_ids(tmp_path, TEXTS)
    model = read_model(tmp_path)
    model["merges"] = [" ".join(merge) for merge in model["merges"]]
    edit_json(tmp_path / "tokenizer.json", model=model)
    assert_same_ids(tmp_path, TEXTS, expected)


def test_prefix_space(tmp_path):
    make_roberta_folder(tmp_path, tokenizer={"add_prefix_space": True})
    tokenizer = assert_same_ids(tmp_path, [text.strip() for text in TEXTS])
    assert tokenizer.add_prefix_space
    edit_json(tmp_path / "tokenizer_config.json", add_prefix_space="gone")
    assert load(tmp_path).add_prefix_space


def test_own_names_in_byte_pairs(tmp_path):
    make_roberta_folder(tmp_path)
    content = json.loads((tmp_path / "tokenizer.json").read_text())
    vocabulary = content["model"]["vocab"]
    vocabulary["[MASK]"] = vocabulary.pop("<mask>")
    content["added_tokens"][4]["content"] = "[MASK]"
    (tmp_path / "tokenizer.json").write_text(json.dumps(content))
    edit_json(tmp_path / "tokenizer_config.json", mask_token="[MASK]")
    assert_same_special_ids(tmp_path)


# === Unigram ===


def test_files_of_an_older_xlm_roberta(tmp_path):
    make_xlm_roberta_folder(tmp_path)
    expected = hugging_face_ids(tmp_path, TEXTS + UNUSUAL)
    (tmp_path / "tokenizer.json").unlink()
    write_xlm_roberta_model(tmp_path)
    assert_same_ids(tmp_path, TEXTS + UNUSUAL, expected)


@pytest.mark.parametrize("lowercase", [True, False])
@pytest.mark.parametrize("keep_accents", [True, False])
def test_files_of_an_older_albert(tmp_path, lowercase, keep_accents):
    options = {"do_lower_case": lowercase, "keep_accents": keep_accents}
    make_albert_folder(tmp_path, tokenizer=options)
    expected = hugging_face_ids(tmp_path, TEXTS + UNUSUAL)
    assert_same_ids(tmp_path, TEXTS + UNUSUAL)
    (tmp_path / "tokenizer.json").unlink()
    write_albert_model(tmp_path)
    assert_same_ids(tmp_path, TEXTS + UNUSUAL, expected)


def test_unigram_without_a_normalizer(tmp_path):
    make_xlm_roberta_folder(tmp_path)
    edit_json(tmp_path / "tokenizer.json", normalizer=None)
    assert_same_ids(tmp_path, TEXTS + UNUSUAL)


def test_spaces_in_a_normalizer(tmp_path):
    make_xlm_roberta_folder(tmp_path)
    expected = hugging_face_ids(tmp_path, TEXTS)
    content = json.loads((tmp_path / "tokenizer.json").read_text())
    spaces = {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "}
    steps = [content["normalizer"], spaces]
    normalizer = {"type": "Sequence", "normalizers": steps}
    edit_json(tmp_path / "tokenizer.json", normalizer=normalizer)
    assert_same_ids(tmp_path, TEXTS, expected)


@pytest.mark.parametrize(
    ("start", "mask"), [([1, 0, 2, 3], -1), ([0, 1, 2, 3], 4), ([0, 1, 2], 4)]
)
def test_special_tokens_in_other_places(tmp_path, start, mask):
    make_xlm_roberta_folder(tmp_path)
    vocabulary = read_model(tmp_path)["vocab"]
    others = [piece for piece in vocabulary if piece[0] != "<mask>"]
    others = [vocabulary[id] for id in start] + others[len(start) :]
    position = mask % len(vocabulary)
    others[position:position] = [["<mask>", 0.0]]
    if len(start) < 4:  # an ordinary piece with the name of a special one
        others[-1][0] = "[MASK]"
    write_unigram_vocabulary(tmp_path, others)
    tokenizer = assert_same_ids(tmp_path)
    assert isinstance(tokenizer, keras_hub.tokenizers.AlbertTokenizer)
    assert_same_special_ids(tmp_path)


def test_a_mask_among_the_added_tokens_of_a_unigram(tmp_path):
    make_xlm_roberta_folder(tmp_path)
    vocabulary = read_model(tmp_path)["vocab"][:-1]
    mask = len(vocabulary) + 2
    write_unigram_vocabulary(tmp_path, vocabulary, mask)
    edit_json(tmp_path / "config.json", vocab_size=mask + 1)
    tokenizer = load(tmp_path)
    assert tokenizer.mask_token_id == mask
    assert python_ids(tokenizer, ["a"]) == hugging_face_ids(tmp_path, ["a"])


def test_empty_and_repeated_pieces_keep_their_ids(tmp_path):
    make_xlm_roberta_folder(tmp_path)
    vocabulary = read_model(tmp_path)["vocab"]
    vocabulary[10:10] = [["", -3.0], vocabulary[40], vocabulary[50]]
    edit_json(tmp_path / "config.json", vocab_size=len(vocabulary))
    write_unigram_vocabulary(tmp_path, vocabulary)
    tokenizer = load(tmp_path)
    for id in (4, 9, 13, 43, 53, len(vocabulary) - 2):
        assert tokenizer.token_to_id(vocabulary[id][0]) == id
    assert tokenizer.mask_token_id == len(vocabulary) - 1


def renumber_template(content, ids):
    for token, entry in content["post_processor"]["special_tokens"].items():
        entry["ids"] = [ids[token]]


def write_unigram_vocabulary(folder, vocabulary, mask=None):
    content = json.loads((folder / "tokenizer.json").read_text())
    ids = {token: id for id, (token, _) in enumerate(vocabulary)}
    content["model"]["vocab"] = vocabulary
    content["model"]["unk_id"] = ids["<unk>"]
    for token in content["added_tokens"]:
        token["id"] = ids.get(token["content"], mask)
    renumber_template(content, ids)
    (folder / "tokenizer.json").write_text(json.dumps(content))


# === Errors ===


@pytest.mark.parametrize("name", ["spiece.model", "sentencepiece.bpe.model"])
@pytest.mark.parametrize("content", [b"", b"\x0a\x7f<unk>", b"\xff" * 40])
def test_error_for_a_damaged_model(bert, name, content):
    (bert / "tokenizer.json").unlink()
    (bert / name).write_bytes(content)
    with pytest.raises(ValueError, match=f"{name} must be a unigram model"):
        load(bert)


def test_error_for_a_vocabulary_larger_than_the_model(bert):
    edit_json(bert / "config.json", vocab_size=50)
    with pytest.raises(
        ValueError, match="`vocab_size` of config.json, 50. Received: id=50 of"
    ):
        load(bert)


def test_error_for_a_missing_special_token(bert):
    edit_json(bert / "tokenizer_config.json", mask_token="<mask>")
    with pytest.raises(ValueError, match=r"of which \['<mask>'\] are missing"):
        load(bert)


def test_error_for_one_token_in_two_roles(bert):
    edit_json(bert / "tokenizer_config.json", pad_token="[SEP]")
    with pytest.raises(ValueError, match="must have different ids. Received: "):
        load(bert)


@pytest.mark.parametrize(
    "model",
    [
        {"type": "WordLevel", "vocab": {"a": 1}},
        {"type": "WordPiece", "vocab": {}},
        {"type": ["BPE"], "vocab": {"a": 1}},
        {"type": "Unigram", "vocab": {"a": 1}, "unk_id": 0},
        {"type": "WordPiece", "vocab": [["a", 1.0]]},
        {},
    ],
)
def test_error_for_another_kind(bert, model):
    edit_json(bert / "tokenizer.json", model=model)
    with pytest.raises(ValueError, match="of the kinds BPE, Unigram, WordPiec"):
        load(bert)


@pytest.mark.parametrize(
    "changes",
    [
        {
            "model": {"type": "Unigram", "vocab": [["a"]], "unk_id": 0},
            "pre_tokenizer": {"type": "Metaspace"},
        },
        {"added_tokens": [{"id": 1}]},
        {"normalizer": {"Sequence": []}},
    ],
)
def test_error_for_a_malformed_file(bert, changes):
    edit_json(bert / "tokenizer.json", **changes)
    edit_json(bert / "tokenizer_config.json", do_lower_case="gone")
    with pytest.raises(ValueError, match="must have the form that transform"):
        load(bert)


def test_ids_are_numbers_below_the_vocabulary(folder):
    ids = np.concatenate(python_ids(load(folder), SENTENCES))
    assert 0 <= ids.min() and ids.max() < read_config(folder)["vocab_size"]
