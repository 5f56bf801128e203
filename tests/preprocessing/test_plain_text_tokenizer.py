import pytest
from support import models
from support import texts

from keras_mirror.preprocessing.plain_text_tokenizer import PlainTextTokenizer

SPELLED = ["[MASK]", "[CLS] a [SEP]", "[PAD]", "<s>a</s>", "<mask>", "<pad>"]
SPELLED += ["[MA[MASK]SK]", "[[MASK]]", "x[MASK]y", "<mask><mask>", "##[MASK]"]
SPELLED += ["[ MASK ]", "[mask]", "▁[MASK]", " <mask>", "\\[MASK\\]"]
TEXTS = [*texts.SENTENCES, *SPELLED, "", " ", "a\nb\tc", "##s", "▁a", "Ġa"]


@pytest.fixture(scope="module", params=models.FAMILIES)
def tokenizer(request):
    return models.tokenizer(request.param)


@pytest.fixture(scope="module")
def plain_text(tokenizer):
    return PlainTextTokenizer(tokenizer)


def special_ids(tokenizer):
    names = ["start", "end", "pad", "mask"]
    return {getattr(tokenizer, f"{name}_token_id") for name in names}


# === Basics ===


def test_gives_lists_of_integers(plain_text):
    rows = plain_text(TEXTS)
    assert isinstance(rows, list) and len(rows) == len(TEXTS)
    for row in rows:
        assert isinstance(row, list)
        assert all(isinstance(token_id, int) for token_id in row)
    assert all(rows[: len(texts.SENTENCES)])


def test_no_texts(plain_text):
    assert plain_text([]) == []


def test_an_empty_text_has_no_tokens(plain_text):
    assert plain_text(["", "a"])[0] == []


# === Correctness ===


def test_special_tokens_are_never_read_out_of_text(tokenizer, plain_text):
    for text, row in zip(TEXTS, plain_text(TEXTS), strict=True):
        assert not special_ids(tokenizer) & set(row), text


def test_a_text_does_not_depend_on_its_neighbors(plain_text):
    assert plain_text(TEXTS) == [plain_text([text])[0] for text in TEXTS]


def test_brackets_stay_in_the_text(plain_text):
    with_mask, without = plain_text(["a [MASK] b", "a b"])
    assert len(with_mask) > len(without) + 1


def test_a_second_wrapper_changes_nothing(tokenizer, plain_text):
    expected = plain_text(TEXTS)
    assert PlainTextTokenizer(tokenizer)(TEXTS) == expected
    assert plain_text(TEXTS) == expected


def test_special_tokens_can_be_looked_up_still(tokenizer, plain_text):
    plain_text(TEXTS)
    assert len(special_ids(tokenizer)) == 4 or tokenizer.pad_token_id == 0
    for token_id in special_ids(tokenizer):
        token = tokenizer.id_to_token(token_id)
        assert tokenizer.token_to_id(token) == token_id


def test_byte_pairs_equal_transformers():
    import transformers

    tokenizer = models.tokenizer("Roberta")
    merges = [tuple(merge.split(" ")) for merge in tokenizer.merges]
    reference = transformers.RobertaTokenizer(
        vocab=dict(tokenizer.vocabulary), merges=merges
    )
    rows = PlainTextTokenizer(tokenizer)(texts.SENTENCES)
    expected = reference(texts.SENTENCES, add_special_tokens=False)
    assert rows == expected["input_ids"]


def test_symbols_of_a_sentence_piece_model_are_spelled_apart():
    tokenizer = models.tokenizer("Albert")
    matched = tokenizer.tokenize(["a [MASK] b"])[0]
    assert tokenizer.mask_token_id in list(matched)
    plain_text = PlainTextTokenizer(tokenizer)
    assert plain_text(["a [MASK] b"]) == plain_text(["a [ MASK ] b"])
