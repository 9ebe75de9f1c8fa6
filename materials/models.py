"""Gathers the models of this app's features."""

from materials.library.models import Category, Favourite, Material, StoredFile
from materials.tracking.models import Send, View, ViewDay, ViewNotice

__all__ = [
    "Category",
    "Favourite",
    "Material",
    "Send",
    "StoredFile",
    "View",
    "ViewDay",
    "ViewNotice",
]
