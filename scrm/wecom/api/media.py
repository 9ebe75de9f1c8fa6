"""Temporary files and permanent pictures (docs 90253, 90254, 90256)."""

from scrm.wecom.api.base import Area
from scrm.wecom.deadline import UPLOAD_SECONDS
from scrm.wecom.reading import moment, text
from scrm.wecom.types import UploadedMedia


class MediaApi(Area):
    """A media_id lives three days and serves all apps of the corp."""

    def upload(self, kind: str, filename: str, content: bytes, content_type: str) -> UploadedMedia:
        """Upload an image, voice, video or file (`kind`) of more than 5 bytes (doc 90253)."""
        files = {"media": (filename, content, content_type)}
        data = self._upload("media/upload", files, UPLOAD_SECONDS, type=kind)
        return UploadedMedia(text(data, "type"), text(data, "media_id"), moment(data, "created_at"))

    def uploadimg(self, filename: str, content: bytes, content_type: str) -> str:
        """Upload a picture of at most 2 MB and return its permanent address; 3,000 a month (doc 90256)."""
        files = {"media": (filename, content, content_type)}
        return text(self._upload("media/uploadimg", files, UPLOAD_SECONDS), "url")

    def get(self, media_id: str) -> bytes:
        """Return a file's bytes; 40007 when it is gone (doc 90254)."""
        return self._client.download(
            "media/get", params={"media_id": media_id}, seconds=UPLOAD_SECONDS
        )
