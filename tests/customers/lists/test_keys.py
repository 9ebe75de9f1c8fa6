"""What a text becomes in the search entries; nothing encrypted stays readable."""

import pytest

from customers.lists.keys import (
    follower_key,
    nickname_keys,
    nickname_wanted,
    pinyin_forms,
    pinyin_wanted,
    plain_text,
    remark_keys,
    remark_wanted,
)


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("张三丰", "zhangsanfeng"),
        ("张三丰", "zhang san"),
        ("张三丰", "ZSF"),
        ("张三丰", "sanfeng"),
        ("张三丰", "zhangsa"),
        ("曾国藩", "zeng"),
        ("单雄信", "shan"),
        ("银行小王", "yinhang"),
        ("小雨🌧Amy", "xiaoyuamy"),
    ],
)
def test_a_chinese_name_is_found_as_it_is_typed_in_pinyin(name: str, typed: str) -> None:
    letters = pinyin_wanted(typed)
    assert {f"~{letters}", f"^{letters}"} & nickname_keys(name)


@pytest.mark.parametrize("typed", ["zhangsi", "三", "138", "a", "", "zhang-san", "ＺＺ９"])
def test_other_texts_are_no_pinyin_of_it(typed: str) -> None:
    letters = pinyin_wanted(typed)
    assert not {f"~{letters}", f"^{letters}"} & nickname_keys("张三丰")


def test_names_without_chinese_have_no_pinyin() -> None:
    assert pinyin_forms("Tom 🌧") == set()
    assert pinyin_forms("") == set()


def test_invisible_characters_and_widths_make_no_difference() -> None:
    assert plain_text("Ａ\u200b张\x00三\u202e") == "A张三"
    assert set(nickname_wanted("ａ张")) <= nickname_keys("\u2060Ａ张三")


def test_a_remark_is_found_by_its_pieces_but_cannot_be_read() -> None:
    # when
    keys = remark_keys("王总 朝阳店 VIP", ["138 0013 8000", "wechat-id"])

    # then
    for typed in ("王总", "朝阳", "vip", "wangzong"):
        assert any(set(way) <= keys for way in remark_wanted(typed)), typed
    assert not any(set(way) <= keys for way in remark_wanted("总王"))
    assert remark_wanted("王") == []
    assert all(key.startswith("#") and len(key) == 9 for key in keys)
    assert not {"王总", "8000", "~wangzong"} & keys


def test_kinds_of_keys_never_meet() -> None:
    """A nickname cannot be written so that it passes for a follower, pinyin or a hash."""
    sly = nickname_keys("@@12 ~zs #abcd")

    assert follower_key(12) not in sly
    assert "~zs" not in sly
    assert max(len(key) for key in sly) == 2
