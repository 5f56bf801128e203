import html.parser
import json
import shutil
import subprocess
import sys

import pytest

from keras_mirror.evidence.judge import BlindPair
from keras_mirror.evidence.judge import BlindPairs
from keras_mirror.evidence.judge_page import MAX_LENGTH
from keras_mirror.evidence.judge_page import render_judge_page
from keras_mirror.evidence.sign_test import Judgments

pytest.importorskip("jinja2", reason="the extra [report] is missing")
NASTY = "</script><script>alert('é & \u2028')</script><!-- \"x\" {{ y }}"
NAMES = ("first.keras", "second.keras")
BLIND = BlindPairs(
    [
        BlindPair("a man", [NASTY, "plays"], ["two dogs"], True),
        BlindPair(NASTY, ["a cat"], ["a" * 5000], False),
    ],
    num_searched=7,
    num_same=5,
)


class Scripts(html.parser.HTMLParser):
    """The contents of a page's scripts, as a browser cuts them out."""

    def __init__(self, page):
        super().__init__()
        self.contents = []
        self.ids = []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        if tag == "script":
            self.ids.append(dict(attributes).get("id"))
            self.contents.append("")

    def handle_data(self, data):
        if self.cdata_elem == "script":
            self.contents[-1] += data


@pytest.fixture(scope="module")
def page():
    return render_judge_page(BLIND, NAMES)


@pytest.fixture(scope="module")
def scripts(page):
    scripts = Scripts(page)
    assert scripts.ids == ["pairs", "counting", None]
    return dict(zip(scripts.ids, scripts.contents, strict=True))


def test_texts_arrive_as_they_are(scripts):
    pairs = json.loads(scripts["pairs"])
    assert pairs[0] == {
        "query": "a man",
        "left": [NASTY, "plays"],
        "right": ["two dogs"],
    }
    assert pairs[1]["query"] == NASTY
    assert pairs[1]["right"] == ["a" * (MAX_LENGTH - 1) + "…"]


def test_names_and_sides_cannot_be_read(page):
    assert not any(name in page for name in NAMES)
    assert "first_is_left" not in page


def test_nothing_is_loaded(page):
    assert "http" not in page.replace("http-equiv", "")
    assert "default-src 'none'" in page


def test_another_page_keeps_other_choices(page):
    assert page == render_judge_page(BLIND, NAMES)
    other = render_judge_page(BLIND, NAMES[::-1])
    names = [
        each.split('storageName = "')[1].split('"')[0] for each in (page, other)
    ]
    assert names[0] != names[1]


def run_script(script):
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node.js is not installed")
    done = subprocess.run(
        [node, "-"], input=script, capture_output=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_page_counts_as_python_does(scripts):
    counts = [
        (first, second, ties)
        for first in range(0, 25)
        for second in range(0, 25)
        for ties in (0, 1)
    ] + [(600, 400, 0), (505, 495, 2)]
    told = run_script(
        f"{scripts['counting']}\nconst counts = {json.dumps(counts)};\n"
        "console.log(JSON.stringify(counts.map("
        'each => sentence(["A", "B"], ...each))))'
    )
    for each, sentence in zip(counts, told, strict=True):
        assert sentence == Judgments(("A", "B"), *each).sentence()


# A document that has just what the page asks of one.
DOCUMENT = """
const parts = {};
const part_of = () => ({
  classList: { toggle() {} }, append() {}, replaceChildren() {}, blur() {},
});
const document = {
  getElementById: (id) => parts[id] ??= part_of(),
  querySelectorAll: () => [], createElement: part_of,
};
const kept = {};
const localStorage = {
  getItem: (name) => kept[name] ?? null,
  setItem: (name, value) => { kept[name] = value; },
};
const scrollTo = () => {};
let onkeydown;
"""


def test_keys_choose_and_the_sides_are_turned_back(scripts):
    press = "onkeydown({ key, target: {}, preventDefault() {} })"
    told = run_script(
        f"{DOCUMENT}\n"
        f"document.getElementById('pairs').textContent = "
        f"{json.dumps(scripts['pairs'])};\n"
        + scripts["counting"]
        + scripts[None].replace('"use strict";', "")
        + f'\nfor (const key of ["r", "Backspace", "l", "ArrowLeft", "r"]) '
        f"if (!parts.pair.hidden) {press};\n"
        "console.log(JSON.stringify("
        "[JSON.parse(parts.answers.value), parts.sentence.textContent, kept]))"
    )
    answers, sentence, kept = told
    assert answers == {
        "names": list(NAMES),
        "choices": [["a man", NAMES[0]], [NASTY, NAMES[1]]],
    }
    assert sentence == Judgments(NAMES, 1, 1, 0).sentence()
    [state] = map(json.loads, kept.values())
    assert state == {"choices": ["left", "left"], "stopped": False}


def test_without_jinja(monkeypatch):
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(ImportError, match=r"keras-mirror\[report\]"):
        render_judge_page(BLIND, NAMES)
