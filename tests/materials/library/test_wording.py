"""Wording: induced sharing is found, articles are cleaned."""

import pytest
from django.utils import translation

from materials.library.articles import cleaned
from materials.library.sharing_check import findings_in, reason_words


@pytest.mark.parametrize(
    ("text", "word", "reason"),
    [
        ("转发本文到3个群领红包", "转发本文到3个群领", "reward"),
        ("分 享 有 礼", "分 享 有 礼", "reward"),
        ("转-发*有。礼!", "转-发*有。礼", "reward"),
        ("不转不是中国人", "不转不是", "threat"),
        ("请先分享到朋友圈再看", "分享到朋友圈", "hidden"),
        ("ＳＨＡＲＥ this to get a gift", "ＳＨＡＲＥ this to get", "reward"),
        ("关注后即可见", "关注后即可见", "follow"),
    ],
)
def test_induced_sharing_is_found_as_it_was_written(text: str, word: str, reason: str) -> None:
    assert [(found.word, found.reason) for found in findings_in([text])] == [(word, reason)]


@pytest.mark.parametrize(
    "text",
    [
        "秋冬新品到店",
        "满300减50,到店领取",
        "We share our autumn looks",
        "转角有家店,领带上新了",
        "",
    ],
)
def test_ordinary_wording_passes(text: str) -> None:
    assert findings_in([text]) == []


def test_reasons_speak_both_languages() -> None:
    with translation.override("en"):
        assert reason_words("reward") == "A reward for sharing"
    with translation.override("zh-hans"):
        assert reason_words("reward") == "以利益诱导分享"


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("第一段\n还是第一段\n\n第二段 <3", "<p>第一段<br>还是第一段</p><p>第二段 &lt;3</p>"),
        ("<p onclick=x>好</p><script>alert(1)</script>", "<p>好</p>"),
        ("<h2>新品</h2><style>p{}</style><iframe src=x></iframe>", "<h2>新品</h2>"),
        ('<a href="javascript:alert(1)">x</a>', '<a rel="noopener noreferrer nofollow">x</a>'),
        (
            '<a href="https://shop.example/a">x</a>',
            '<a href="https://shop.example/a" rel="noopener noreferrer nofollow">x</a>',
        ),
        ('<img src="https://spy.example/x.png" onerror=x>', "<img>"),
        (
            '<img src="/m/file/AAAAAAAAAAAAAAAAAAAAAA" alt="鞋">',
            '<img src="/m/file/AAAAAAAAAAAAAAAAAAAAAA" alt="鞋">',
        ),
        ("<svg><script>alert(1)</script></svg><p>x</p>", "<p>x</p>"),
    ],
)
def test_articles_keep_harmless_tags_only(written: str, shown: str) -> None:
    assert cleaned(written) == shown
