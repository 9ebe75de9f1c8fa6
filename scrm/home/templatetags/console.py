"""Tags of the console's templates: icons, form controls, one block rendered twice."""

from zlib import crc32

from django import forms, template
from django.forms.boundfield import BoundField
from django.template.context import Context
from django.template.loader import render_to_string
from django.template.loader_tags import BLOCK_CONTEXT_KEY
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from scrm.wecom.errors import Explained, explained

register = template.Library()

CLASS_BY_WIDGET: tuple[tuple[type[forms.Widget], str], ...] = (
    (forms.CheckboxInput, "form-check-input"),
    (forms.RadioSelect, ""),
    (forms.CheckboxSelectMultiple, ""),
    (forms.Select, "form-select"),
    (forms.Widget, "form-control"),
)


@register.simple_tag
def icon(name: str) -> SafeString:
    """An outline icon of the sprite (names: scrm/home/assets.toml); hidden from screen readers."""
    return format_html(
        '<svg class="icon" aria-hidden="true"><use href="{}#{}"></use></svg>',
        static("vendor/icons.svg"),
        name,
    )


@register.simple_tag(takes_context=True)
def render_block(context: Context, name: str) -> str:
    """The child template's block once more, so that one text serves <title> and <h1>."""
    blocks = context.render_context.get(BLOCK_CONTEXT_KEY)
    block = blocks.get_block(name) if blocks is not None else None
    return "" if block is None else str(block.render(context)).strip()


@register.filter
def hue(text: object) -> int:
    """One of eight fixed hues for a name: the same person always has the same colour."""
    return crc32(str(text).encode()) % 8


@register.filter
def initial(name: object) -> str:
    """The first character of a name, for people without a picture."""
    return str(name).strip()[:1].upper()


@register.inclusion_tag("components/wecom_text.html")
def wecom_text(text: object) -> dict[str, Explained]:
    """A stored text: where it tells of an error of WeCom's, in the reader's language, with where to click."""
    return {"told": explained(str(text), get_language() or "en")}


@register.filter
def is_checkbox(field: BoundField) -> bool:
    """Whether the field is one tick box, whose label stands behind it."""
    return isinstance(field.field.widget, forms.CheckboxInput)


@register.filter
def control(field: BoundField) -> SafeString:
    """The field's widget with the console's class, and its errors tied to it."""
    attrs: dict[str, str | bool] = {}
    css = _css_class(field)
    if css:
        attrs["class"] = f"{css} {field.field.widget.attrs.get('class', '')}".strip()
    if field.errors:
        attrs["aria-invalid"] = "true"
        attrs["aria-describedby"] = f"{field.auto_id}_error"
    widget = SafeString(field.as_widget(attrs=attrs))
    if isinstance(field.field.widget, forms.FileInput):
        return render_to_string("components/file_input.html", {"input": widget})
    return widget


@register.filter
def is_date(field: BoundField) -> bool:
    """Whether the field is a day: browsers show no placeholder there, so its label must be seen."""
    return isinstance(field.field.widget, forms.DateInput)


@register.filter
def filter_control(field: BoundField) -> SafeString:
    """The widget of a filter bar: its label is the placeholder or the first choice."""
    attrs: dict[str, str | bool] = {"class": _css_class(field)}
    if not isinstance(field.field.widget, forms.Select):
        attrs["placeholder"] = str(field.label)
    return SafeString(field.as_widget(attrs=attrs))


def _css_class(field: BoundField) -> str:
    return next(css for widget, css in CLASS_BY_WIDGET if isinstance(field.field.widget, widget))
