"""The console's home page."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from scrm.core.scope import ScopedRequest, requires
from scrm.home.checklist import steps_for
from scrm.home.selectors import cards_of, figures_for, todos_of


@require_GET
@requires("home.view")
def index(request: ScopedRequest) -> HttpResponse:
    """Show figures and to-dos, or, before there is anything to count, the steps to get there."""
    figures = figures_for(request.scope)
    steps = steps_for(request.scope, figures)
    context = {
        "cards": cards_of(request.scope, figures),
        "todos": todos_of(request.scope, figures),
        "steps": steps,
        "steps_left": sum(not step.done for step in steps),
        "is_empty": not any(figure.value for figure in figures.values()),
        "as_of": timezone.localtime(),
    }
    return render(request, "console/home/index.html", context)
