"""The files a person handed in last, as a feed: so that their columns can be mapped like those of any OA."""

import io
from collections.abc import Iterator
from datetime import datetime

from django.utils.translation import gettext as _

from contacts.oa_sync.models import OaFile, OaRun
from scrm.core.excel import read_table
from scrm.core.exceptions import ValidationFailed
from scrm.core.feeds.records import Feed, Record


class UploadFeed(Feed):
    """Reads the newest upload; its columns are the paths of the mapping."""

    def as_of(self) -> datetime:
        """Return when the files were handed in (see Feed)."""
        return newest_upload().as_of

    def records(self, role: str, *, limit: int | None = None) -> Iterator[Record]:
        """Iterate the rows of a file; raises ValidationFailed (see Feed)."""
        file = newest_upload().files.get(role=role)
        table = read_table(io.BytesIO(file.content), filename=file.filename)
        for count, row in enumerate(table.rows, 1):
            yield Record(row.number, row.values)
            if count == limit:
                return


def newest_upload() -> OaRun:
    """Return the run of the newest upload whose files are kept; raises ValidationFailed where there is none."""
    kept = OaRun.objects.filter(source=OaRun.UPLOADED, pk__in=OaFile.objects.values("run"))
    found = kept.order_by("-created_at").first()
    if found is None:
        raise ValidationFailed(
            _("Nobody uploaded files in the last 90 days. Upload both files first."),
            code="no_upload",
        )
    return found
