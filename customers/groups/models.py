"""Customer groups as WeCom has them, who was in them when, and their figures."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from contacts.directory.models import Member
from customers.relations.models import WHILE_CUSTOMER, ExternalContact
from scrm.core.data_map import DataUse

# Most people of a group are nobody's customers: their stay is kept for itself.
WHILE_IN_GROUP = gettext_noop("while in the group + 2 years")


class GroupTag(models.Model):
    """A word of ours on groups; WeCom has none."""

    name = models.CharField(_("name"), max_length=30, unique=True)

    class Meta:
        verbose_name = _("group tag")
        verbose_name_plural = _("group tags")

    def __str__(self) -> str:
        return self.name


class GroupWelcome(models.Model):
    """A template of a welcome to a group; whose group uses it is chosen in WeCom's client, and WeCom tells nobody."""

    class Kind(models.TextChoices):
        NONE = "", _("text only")
        IMAGE = "image", _("picture")
        LINK = "link", _("link")
        MINIPROGRAM = "miniprogram", _("mini program")
        VIDEO = "video", _("video")
        FILE = "file", _("document")

    template_id = models.CharField(_("template id"), max_length=64, unique=True)
    title = models.CharField(_("name here"), max_length=60)
    text = models.TextField(_("text"), max_length=1300)
    kind = models.CharField(_("attachment"), max_length=12, choices=Kind, blank=True)
    link_title = models.CharField(_("title of the link or card"), max_length=60, blank=True)
    link_text = models.CharField(_("words below the title"), max_length=120, blank=True)
    link_url = models.URLField(_("link"), max_length=1024, blank=True)
    appid = models.CharField(_("mini program's id"), max_length=32, blank=True)
    page = models.CharField(_("page of the mini program"), max_length=512, blank=True)
    told = models.BooleanField(_("members are told by WeCom"), default=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)
    deleted_at = models.DateTimeField(_("deleted at"), null=True, blank=True)

    class Meta:
        verbose_name = _("group welcome")
        verbose_name_plural = _("group welcomes")
        constraints = [
            models.CheckConstraint(
                condition=~Q(kind="link") | ~Q(link_url=""), name="customers_groupwelcome_link"
            ),
            models.CheckConstraint(
                condition=~Q(kind="miniprogram") | ~Q(appid="") & ~Q(page=""),
                name="customers_groupwelcome_program",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class GroupWelcomeFile(models.Model):
    """The picture, video or document of a template: WeCom forgets an upload after three days, a later change sends it again."""

    welcome = models.OneToOneField(GroupWelcome, models.CASCADE, related_name="file")
    kind = models.CharField(_("kind"), max_length=5)
    name = models.CharField(_("file name"), max_length=120)
    content_type = models.CharField(_("content type"), max_length=100)
    content = models.BinaryField(_("content"))

    class Meta:
        verbose_name = _("file of a group welcome")
        verbose_name_plural = _("files of group welcomes")

    def __str__(self) -> str:
        return self.name


class CustomerGroup(models.Model):
    """A group of members and customers; its owner's place decides who sees it.

    `observed_at` is the beginning of the newest read: an older one changes nothing. `reread_at` asks for another
    read, because WeCom tells of a change before it shows it. `problem` is why the last read failed, in words.
    """

    class Status(models.IntegerChoices):
        NORMAL = 0, _("normal")
        OWNER_LEFT = 1, _("owner left")
        HANDING_OVER = 2, _("being handed over")
        HANDED_OVER = 3, _("handed over")

    chat_id = models.CharField(_("chat id"), max_length=64, unique=True)
    name = models.CharField(_("name"), max_length=128, blank=True)
    notice = models.TextField(_("notice"), blank=True)
    owner_userid = models.CharField(_("userid of the owner"), max_length=64, blank=True)
    owner = models.ForeignKey(
        Member, models.PROTECT, null=True, blank=True, related_name="owned_groups"
    )
    admin_userids = ArrayField(models.CharField(max_length=64), default=list, blank=True)
    status = models.PositiveSmallIntegerField(_("state"), choices=Status, default=Status.NORMAL)
    created_time = models.DateTimeField(_("created at"), null=True, blank=True)
    dismissed_at = models.DateTimeField(_("dismissed at"), null=True, blank=True)
    member_version = models.CharField(_("version of its members"), max_length=64, blank=True)
    members_count = models.PositiveIntegerField(_("members"), default=0)
    customers_count = models.PositiveIntegerField(_("customers"), default=0)
    tags = models.ManyToManyField(GroupTag, blank=True, related_name="groups")
    welcome = models.ForeignKey(
        GroupWelcome, models.SET_NULL, null=True, blank=True, related_name="groups"
    )
    observed_at = models.DateTimeField(_("observed at"), null=True, blank=True)
    reread_at = models.DateTimeField(_("to be read again at"), null=True, blank=True)
    problem = models.CharField(_("problem"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("customer group")
        verbose_name_plural = _("customer groups")
        indexes = [
            models.Index(fields=["owner"], name="customers_group_owner"),
            models.Index(
                fields=["reread_at"],
                condition=Q(reread_at__isnull=False),
                name="customers_group_reread",
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.chat_id


class GroupMember(models.Model):
    """One stay of somebody in a group; who comes again has another one.

    `left_by_event` tells a leaving WeCom told us of (with its way) from one that a complete read proved.
    """

    class Kind(models.IntegerChoices):
        STAFF = 1, _("member")
        CUSTOMER = 2, _("customer")

    class Scene(models.IntegerChoices):
        UNKNOWN = 0, _("not told")
        INVITED = 1, _("put in by a member")
        LINK = 2, _("by an invitation link")
        CODE = 3, _("by the group's code")

    class Quit(models.IntegerChoices):
        LEFT = 0, _("left")
        REMOVED = 1, _("put out")

    data_map: ClassVar[dict[str, DataUse]] = {
        "userid": DataUse("who is in a group", "identity", WHILE_IN_GROUP),
        "unionid": DataUse("join group members and customers", "identity", WHILE_IN_GROUP),
        "name": DataUse("show who is in a group", "identity", WHILE_IN_GROUP),
    }

    group = models.ForeignKey(CustomerGroup, models.CASCADE, related_name="stays")
    userid = models.CharField(_("userid"), max_length=64)
    kind = models.PositiveSmallIntegerField(_("kind"), choices=Kind)
    unionid = models.CharField(_("unionid"), max_length=64, blank=True)
    name = models.CharField(_("name"), max_length=128, blank=True)
    member = models.ForeignKey(Member, models.SET_NULL, null=True, blank=True, related_name="+")
    contact = models.ForeignKey(
        ExternalContact, models.SET_NULL, null=True, blank=True, related_name="group_stays"
    )
    join_scene = models.PositiveSmallIntegerField(
        _("how they joined"), choices=Scene, default=Scene.UNKNOWN
    )
    join_time = models.DateTimeField(_("joined at"))
    invitor_userid = models.CharField(_("invited by"), max_length=64, blank=True)
    state = models.CharField(_("source"), max_length=64, blank=True)
    left_at = models.DateTimeField(_("left at"), null=True, blank=True)
    left_by_event = models.BooleanField(_("leaving was told"), default=False)
    quit_scene = models.PositiveSmallIntegerField(_("way out"), null=True, blank=True, choices=Quit)

    class Meta:
        verbose_name = _("group member")
        verbose_name_plural = _("group members")
        constraints = [
            models.UniqueConstraint(
                fields=["group", "userid", "join_time"], name="customers_groupmember_stay"
            ),
            models.UniqueConstraint(
                fields=["group", "userid"],
                condition=Q(left_at__isnull=True),
                name="customers_groupmember_once",
            ),
            models.CheckConstraint(
                condition=Q(left_at__isnull=False)
                | Q(quit_scene__isnull=True, left_by_event=False),
                name="customers_groupmember_left",
            ),
        ]
        indexes = [
            models.Index(
                fields=["userid"],
                condition=Q(left_at__isnull=True, kind=2),
                name="customers_groupmember_here",
            ),
            models.Index(
                fields=["unionid"], condition=~Q(unionid=""), name="customers_groupmember_union"
            ),
            models.Index(fields=["group", "join_time"], name="customers_groupmember_joins"),
            models.Index(
                fields=["group", "left_at"],
                condition=Q(left_at__isnull=False),
                name="customers_groupmember_leaves",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.group_id} {self.userid}"


class GroupDay(models.Model):
    """WeCom's own figures of one owner's groups on one day (groupchat/statistic)."""

    day = models.DateField(_("day"))
    owner_userid = models.CharField(_("userid of the owner"), max_length=64)
    owner = models.ForeignKey(Member, models.PROTECT, null=True, related_name="+")
    new_chat_cnt = models.PositiveIntegerField(_("new groups"), default=0)
    chat_total = models.PositiveIntegerField(_("groups"), default=0)
    chat_has_msg = models.PositiveIntegerField(_("groups in which somebody wrote"), default=0)
    new_member_cnt = models.PositiveIntegerField(_("new customers"), default=0)
    member_total = models.PositiveIntegerField(_("members"), default=0)
    member_has_msg = models.PositiveIntegerField(_("members who wrote"), default=0)
    msg_total = models.PositiveIntegerField(_("messages"), default=0)
    observed_at = models.DateTimeField(_("observed at"))

    class Meta:
        verbose_name = _("day of groups")
        verbose_name_plural = _("days of groups")
        constraints = [
            models.UniqueConstraint(fields=["day", "owner_userid"], name="customers_groupday_once")
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.owner_userid}"


class WeChatIdentity(models.Model):
    """Somebody who opened a group's tool in WeChat: an openid of our service account, and what it leads to."""

    data_map: ClassVar[dict[str, DataUse]] = {
        "openid": DataUse("know a customer again who opens a tool", "identity", WHILE_CUSTOMER),
        "unionid": DataUse("join WeChat and WeCom identities", "identity", WHILE_CUSTOMER),
        "external_userid": DataUse("join WeChat and WeCom identities", "identity", WHILE_CUSTOMER),
    }

    appid = models.CharField(_("AppID"), max_length=32)
    openid = models.CharField(_("openid"), max_length=64)
    unionid = models.CharField(_("unionid"), max_length=64, blank=True, db_index=True)
    external_userid = models.CharField(_("external userid"), max_length=64, blank=True)
    created_at = models.DateTimeField(_("first seen"), auto_now_add=True)
    seen_at = models.DateTimeField(_("last seen"))

    class Meta:
        verbose_name = _("WeChat identity")
        verbose_name_plural = _("WeChat identities")
        constraints = [
            models.UniqueConstraint(
                fields=["appid", "openid"], name="customers_wechatidentity_once"
            )
        ]

    def __str__(self) -> str:
        return self.openid
