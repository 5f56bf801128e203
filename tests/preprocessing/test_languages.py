"""Nothing assumes spaces, ASCII or English."""

import keras
import numpy as np
import pytest
from support.models import FEW_FAMILIES
from support.models import make_model

import keras_mirror

# Own sentences, all of them long enough to have a span masked.
LANGUAGES = {
    "chinese": [
        "一个男人在安静的街道上弹着一把旧吉他，孩子们围着他跳舞唱歌，直到下雨。",
        "那位老妇人每天早上都去河边的市场买新鲜的鱼和蔬菜，然后慢慢走回家去。",
        "火车晚点了两个小时，所以我们在车站旁边的小饭馆里喝茶聊天，等着它来。",
    ],
    "arabic": [
        "رجل يعزف على الغيتار في شارع هادئ والأطفال يرقصون حوله",
        "تشتري المرأة السمك الطازج من السوق كل صباح ثم تعود إلى البيت",
        "تأخر القطار ساعتين فشربنا الشاي في المطعم الصغير",
    ],
    "thai": [
        "ชายคนหนึ่งเล่นกีตาร์อยู่บนถนนที่เงียบสงบและเด็กๆเต้นรำ",
        "หญิงชราซื้อปลาสดจากตลาดริมแม่น้ำทุกเช้าแล้วเดินกลับบ้าน",
        "รถไฟมาช้าสองชั่วโมงเราจึงดื่มชาในร้านอาหารเล็กๆ",
    ],
    "emoji": [
        "👩‍🚀🚀🌍✨🪐" * 6,
        "🎸👨‍👩‍👧‍👦💃🕺🌧️" * 5,
        "🚂⏰🍵🏮😀😃" * 6,
    ],
}


@pytest.fixture(params=LANGUAGES)
def strings(request):
    return LANGUAGES[request.param]


@pytest.mark.parametrize("family", FEW_FAMILIES)
def test_a_span_of_characters_is_masked(strings, family):
    preprocessor = make_model(family, sequence_length=300).preprocessor
    assert all(len(text) >= 30 for text in strings)
    mask = preprocessor.tokenizer.mask_token_id
    view_1, view_2 = preprocessor.views(strings, seed=(1, 2))
    assert not (view_1["token_ids"] == mask).any()
    np.testing.assert_array_equal((view_2["token_ids"] == mask).sum(axis=1), 1)
    left, right, is_masked = preprocessor.span_masking.split(strings, (1, 2))
    for text, before, after in zip(strings, left, right, strict=True):
        assert len(before) + 5 + len(after) == len(text)
        assert text.startswith(before) and text.endswith(after)
    assert all(is_masked)
    assert len(set(view_1["string_ids"].tolist())) == len(strings)


@pytest.mark.processes
@pytest.mark.filterwarnings("ignore:.*tokens of the corpus are unknown")
@pytest.mark.parametrize("family", FEW_FAMILIES)
def test_file_to_archive(family, tmp_path):
    strings = [text for texts in LANGUAGES.values() for text in texts]
    path = tmp_path / "corpus.txt"
    path.write_text("\n".join(strings), encoding="utf-8")
    keras.utils.set_random_seed(0)
    model = make_model(family, sequence_length=60, learning_rate=1e-2)
    dataset = keras_mirror.mirror_dataset(path, model.preprocessor, 4, seed=0)
    model.compile()
    before = model.encode_text(strings)
    history = model.fit(dataset, epochs=2, verbose=0)
    assert np.isfinite(history.history["loss"]).all()
    after = model.encode_text(strings)
    assert (np.abs(after - before).max(axis=1) > 1e-3).all()
    alone = np.concatenate([model.encode_text(text) for text in strings[::3]])
    np.testing.assert_allclose(alone, after[::3], atol=1e-5)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.encode_text(strings), after)


def test_byte_pairs_tell_all_of_them_apart():
    model = make_model("Roberta", sequence_length=300)
    strings = [text for texts in LANGUAGES.values() for text in texts]
    token_ids = model.preprocessor.tokenize(strings)
    assert len(set(map(tuple, token_ids))) == len(strings)
