import io
import json

import pytest
import sentencepiece
from support import folders

from keras_mirror.checkpoints.hugging_face.checkpoint import (
    load_hugging_face_tokenizer,
)
from keras_mirror.checkpoints.hugging_face.config import complete_config
from keras_mirror.checkpoints.tokenizers.sentence_piece_model import (
    decode_model,
)
from keras_mirror.checkpoints.tokenizers.sentence_piece_model import (
    encode_model,
)

FILES = {
    "spiece.model": folders.make_albert_folder,
    "sentencepiece.bpe.model": folders.make_xlm_roberta_folder,
}
SETTINGS = {
    "add_dummy_prefix": False,
    "remove_extra_whitespaces": False,
    "treat_whitespace_as_suffix": True,
}


def trained(**settings):
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(folders.SENTENCES),
        model_writer=model,
        vocab_size=400,
        hard_vocab_limit=False,
        minloglevel=2,
        **settings,
    )
    return model.getvalue()


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("setting", SETTINGS)
def test_settings_that_change_ids_are_refused(name, setting, tmp_path):
    FILES[name](tmp_path)
    (tmp_path / "tokenizer.json").unlink()
    model = trained(**{setting: SETTINGS[setting]})
    (tmp_path / name).write_bytes(model)
    config = json.loads((tmp_path / "config.json").read_text())
    expected = f"{name} must be .*its {setting} must be {not SETTINGS[setting]}"
    with pytest.raises(ValueError, match=expected):
        load_hugging_face_tokenizer(tmp_path, complete_config(config, tmp_path))


def test_bytes_need_their_setting():
    pieces, charsmap = decode_model(trained(byte_fallback=True))
    model = encode_model(pieces, charsmap)
    assert decode_model(model) == (pieces, charsmap)
    with pytest.raises(ValueError, match="byte_fallback must be True"):
        decode_model(model.replace(b"\x98\x02\x01", b"\x98\x02\x00"))


def test_numbers_end_after_ten_bytes():  # longer ones took quadratic time
    with pytest.raises(ValueError, match="more than ten bytes"):
        decode_model(b"\xff" * 10_000)
