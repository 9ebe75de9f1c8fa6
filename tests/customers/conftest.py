"""The cast of the permission tests."""

from tests.cast import (
    auditor,
    branch_ops,
    company,
    guide_li,
    guide_wang,
    hq_ops,
    it_admin,
    outsider,
)

__all__ = [
    "auditor",
    "branch_ops",
    "company",
    "guide_li",
    "guide_wang",
    "hq_ops",
    "it_admin",
    "outsider",
]
