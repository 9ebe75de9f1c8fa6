"""Believable Chinese names, drawn with dice given by the caller."""

from wecom_sandbox.customers.dice import Choosing

_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高郑梁谢宋唐许韩邓冯曹彭曾萧田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢"
    "姚沈钟姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万"
)
_COMPOUND = ("欧阳", "上官", "诸葛", "司马", "夏侯", "慕容")
_MALE = "伟强磊军勇杰涛明超刚平辉鹏华飞波斌宇浩凯健俊帆帅旭宁龙林阳建峰志国庆文彬晨轩泽睿航博"
_FEMALE = "芳娜敏静丽艳娟霞秀燕玲桂英洁梅琳雪婷慧莹颖露瑶怡婧倩蕾薇琪欣佳悦萱涵诗雅梦晴妍思雨"
_NICKNAMES = (
    "阳光正好", "小确幸", "平安喜乐", "风轻云淡", "梧桐树下", "一米阳光", "人间值得", "大橘为重", "木子李",
    "装修中勿扰", "糖糖妈妈", "豆豆爸", "随遇而安", "海阔天空", "静待花开", "A家居控", "山野有雾", "向日葵🌻",
    "知足常乐", "半夏微凉", "加油鸭", "南风知我意", "星辰大海", "快乐的小鱼", "Lily", "Kevin", "momo", "老张",
)  # fmt: skip
_POSITIONS = ("导购", "店长", "设计顾问", "售后专员", "区域经理")


def real_name(dice: Choosing, gender: int) -> str:
    """A surname and one or two characters.

    Args:
        dice: the random source.
        gender: 1 male, 2 female.
    """
    surname = dice.choice(_COMPOUND) if dice.random() < 0.02 else dice.choice(_SURNAMES)
    given = _MALE if gender == 1 else _FEMALE
    return surname + "".join(dice.choice(given) for _ in range(1 if dice.random() < 0.25 else 2))


def nickname(dice: Choosing, real: str) -> str:
    """What the person calls himself in WeChat: often the name, sometimes something else."""
    kind = dice.random()
    if kind < 0.55:
        return real
    if kind < 0.70:
        return f"{dice.choice('小阿老')}{real[-1]}"
    return dice.choice(_NICKNAMES)


def position(dice: Choosing) -> str:
    """A post in a shop."""
    return dice.choice(_POSITIONS)
