"""QR codes with a scene (wechat.md §10): who scans follows, and the event carries the scene."""

from typing import Any
from urllib.parse import quote

from scrm.wechat.api.base import Area
from scrm.wechat.types import SceneCode
from scrm.wecom.reading import number, text

LONGEST_SECONDS = 2_592_000
_CREATE = "cgi-bin/qrcode/create"


class QrCodeApi(Area):
    """100,000 permanent codes an account in total (45029): one a store or guide, temporary ones for campaigns."""

    def create_temporary(self, scene: str, seconds: int = LONGEST_SECONDS) -> SceneCode:
        """Make a code of at most 30 days; `scene` has 1 to 64 characters."""
        return self._create("QR_STR_SCENE", scene, {"expire_seconds": seconds})

    def create_permanent(self, scene: str) -> SceneCode:
        """Make a code for ever; the same scene gives the same code."""
        return self._create("QR_LIMIT_STR_SCENE", scene, {})

    def show_url(self, code: SceneCode) -> str:
        """Return the address of WeChat's picture of a code; it needs no token."""
        return f"{self._client.mp_base}/cgi-bin/showqrcode?ticket={quote(code.ticket, safe='')}"

    def _create(self, action: str, scene: str, more: dict[str, Any]) -> SceneCode:
        data = {"action_name": action, "action_info": {"scene": {"scene_str": scene}}} | more
        # Repeating it makes one more code at worst: a read as far as retries go.
        answer = self._query(_CREATE, data)
        return SceneCode(
            ticket=text(answer, "ticket"),
            url=text(answer, "url"),
            expire_seconds=number(answer, "expire_seconds") or None,
        )
