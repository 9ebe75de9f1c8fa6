"""The paid acquisition assistant: how much of it is left (doc 97375)."""

from scrm.wecom.api.base import Area, now
from scrm.wecom.reading import number
from scrm.wecom.types import AcquisitionQuota


class AcquisitionApi(Area):
    """48002 for a corp that has not bought it, or an app that may not use it."""

    def quota(self) -> AcquisitionQuota:
        """Return bought and remaining uses (doc 97375)."""
        started = now()
        data = self._read("externalcontact/customer_acquisition_quota")
        return AcquisitionQuota(number(data, "total"), number(data, "balance"), started)
