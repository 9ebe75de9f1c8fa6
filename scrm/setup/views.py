"""The set-up pages, and the file WeCom looks for at the root of the domain."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_POST

from scrm.core import own_address
from scrm.core.crypto import DecryptionError
from scrm.core.exceptions import Conflict, ValidationFailed
from scrm.core.scope import ScopedRequest, public, requires
from scrm.core.setup_models import CallbackCheck, SetupResult, StepPicture, VerifyFile
from scrm.setup import report, selectors, services
from scrm.setup.forms import CredentialForm, KeysForm, PictureForm, VerifyFileForm
from scrm.setup.steps import BY_KEY, STEPS, number_of
from scrm.setup.words import TONES, words_of

# What a person types on a step's page; the archive's private key is made here and never typed.
TYPED = {
    step: tuple(name for name in names if name != services.ARCHIVE_KEY)
    for step, names in selectors.STORED_BY_STEP.items()
}
KEYS_APP = {"callback": "scrm", "contacts": "contacts"}
STEP_OF_APP = {app: step for step, app in KEYS_APP.items()}


@require_GET
@requires("setup.view")
def index(request: ScopedRequest) -> HttpResponse:
    """Show the ten steps and how far each is."""
    rows = [_row(state) for state in selectors.states()]
    done = sum(row["tone"] in {"ok", "off"} for row in rows)
    context = {
        "rows": rows,
        "done": done,
        "total": len(rows),
        "connected": selectors.is_connected(),
        "may_edit": request.scope.allows("setup.edit"),
    }
    return render(request, "console/setup/index.html", context)


@require_GET
@requires("setup.view")
def step(request: ScopedRequest, step: str) -> HttpResponse:
    """Show one step: where to click, what to paste, what is stored, how the test went."""
    return _step_page(request, step)


def _step_page(
    request: ScopedRequest,
    key: str,
    *,
    bound: dict[str, Form] | None = None,
    fresh: tuple[str, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    """Draw a step; `bound` are forms with errors, `fresh` a callback key pair to be read this once."""
    if key not in BY_KEY:
        raise Http404
    forms = {**_forms(key), **(bound or {})}
    app = KEYS_APP.get(key, "")
    number = number_of(key)
    history = [_shown(result) for result in selectors.history(key)]
    context: dict[str, Any] = {
        "step": BY_KEY[key],
        "number": number,
        "previous": STEPS[number - 2] if number > 1 else None,
        "following": STEPS[number] if number < len(STEPS) else None,
        "values": selectors.stored_values(key),
        "copyables": selectors.copyables(key),
        "results": history,
        "app": app,
        "keys": selectors.keys_of(app) if app else [],
        "environment_key": selectors.environment_key(app) if app else "",
        "files": selectors.files() if key == "domain" else [],
        "file_url": own_address.base_url(),
        "fresh": fresh,
        "may_edit": request.scope.allows("setup.edit"),
        "may_store": settings.WECOM_CONSOLE_CREDENTIALS,
        "checks": _checks(app) if app else [],
        "now": timezone.localtime(),
        "picture": selectors.picture_of(key),
        "forms": forms,
    }
    response = render(request, "console/setup/step.html", context, status=status)
    response["Cache-Control"] = "private, no-store"
    return response


def _forms(key: str) -> dict[str, Form]:
    found: dict[str, Form] = {"picture": PictureForm(prefix="picture")}
    if key in TYPED and settings.WECOM_CONSOLE_CREDENTIALS:
        form = CredentialForm(names=TYPED[key])
        if form.fields:
            found["stored"] = form
    if key in KEYS_APP:
        found["keys"] = KeysForm(prefix="keys")
    if key == "domain":
        found["file"] = VerifyFileForm()
    return found


def _row(state: selectors.StepState) -> dict[str, Any]:
    shown = _shown(state.result) if state.result else {"tone": "", "words": None, "result": None}
    return {"number": state.number, "step": state.step, **shown}


def _shown(result: SetupResult) -> dict[str, Any]:
    return {"result": result, "tone": TONES[result.outcome], "words": words_of(result)}


def _checks(app: str) -> list[dict[str, Any]]:
    """Return each verification with its stages: signature, decryption, answer."""
    outcomes = CallbackCheck.Outcome
    passed = {
        outcomes.ANSWERED: (True, True, True),
        outcomes.CORP: (True, False, None),
        outcomes.DECRYPTION: (True, False, None),
        outcomes.SIGNATURE: (False, None, None),
    }
    return [
        {"check": check, "stages": passed.get(outcomes(check.outcome), (None, None, None))}
        for check in selectors.checks_of(app)
    ]


@require_GET
@never_cache
@requires("setup.view")
def callback_log(request: ScopedRequest, app: str) -> HttpResponse:
    """Show the newest verifications of a callback address; the page asks every two seconds."""
    if app not in STEP_OF_APP:
        raise Http404
    context = {"checks": _checks(app), "app": app, "now": timezone.localtime()}
    return render(request, "console/setup/callback_log.html", context)


@sensitive_post_parameters()
@require_POST
@requires("setup.edit")
def save(request: ScopedRequest, step: str) -> HttpResponse:
    """Store what was entered on a step's page."""
    if step not in TYPED:
        raise Http404
    form = CredentialForm(request.POST, names=TYPED[step])
    if not form.is_valid():
        return _step_page(request, step, bound={"stored": form}, status=422)
    changed = services.credentials_set(actor=request.user, values=form.values())
    if changed:
        messages.success(request, _("Stored, encrypted. Press Test to see that it works."))
    else:
        messages.info(request, _("Nothing was entered; the stored values stay."))
    return redirect("setup:step", step)


@require_POST
@requires("setup.edit")
def remove(request: ScopedRequest, step: str, name: str) -> HttpResponse:
    """Forget one stored value of a step."""
    if name not in TYPED.get(step, ()):
        raise Http404
    services.credential_remove(actor=request.user, name=name)
    messages.success(request, _("Removed from this installation."))
    return redirect("setup:step", step)


@require_POST
@requires("setup.edit")
def test(request: ScopedRequest, step: str) -> HttpResponse:
    """Run a step's test and show its words."""
    if step == "report":
        services.test_run_all(actor=request.user)
        return redirect("setup:index")
    if step not in BY_KEY:
        raise Http404
    services.test_run(actor=request.user, step=step)
    return redirect("setup:step", step)


@sensitive_post_parameters()
@require_POST
@requires("setup.edit")
def keys_save(request: ScopedRequest, app: str) -> HttpResponse:
    """Store a callback key pair that WeCom's page made."""
    step = _step_of(app)
    form = KeysForm(request.POST, prefix="keys")
    if not form.is_valid():
        return _step_page(request, step, bound={"keys": form}, status=422)
    services.keys_set(actor=request.user, app=app, **form.cleaned_data)
    messages.success(request, _("Stored, encrypted. Press Test, then Save in WeCom."))
    return redirect("setup:step", step)


@require_POST
@requires("setup.edit")
def keys_generate(request: ScopedRequest, app: str) -> HttpResponse:
    """Make a callback key pair and show it this once, on a page that no cache keeps."""
    step = _step_of(app)
    fresh = services.keys_generate(actor=request.user, app=app)
    return _step_page(request, step, fresh=fresh)


@require_POST
@requires("setup.edit")
def keys_take(request: ScopedRequest, app: str) -> HttpResponse:
    """Copy the environment's pair into the store."""
    step = _step_of(app)
    services.keys_take(actor=request.user, app=app)
    messages.success(
        request, _("Stored, encrypted. The variables may now be removed from the environment.")
    )
    return redirect("setup:step", step)


@require_POST
@requires("setup.edit")
def keys_stop(request: ScopedRequest, app: str) -> HttpResponse:
    """End the previous pair."""
    step = _step_of(app)
    services.keys_stop_previous(actor=request.user, app=app)
    messages.success(request, _("The previous key is no longer accepted."))
    return redirect("setup:step", step)


def _step_of(app: str) -> str:
    if app not in STEP_OF_APP:
        raise Http404
    return STEP_OF_APP[app]


@require_POST
@requires("setup.edit")
def archive_key(request: ScopedRequest) -> HttpResponse:
    """Make the session archive's key pair; its public half is shown from now on."""
    try:
        services.archive_key_make(actor=request.user)
    except Conflict as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("Made. Copy the public key into WeCom."))
    return redirect("setup:step", "paid")


@require_POST
@requires("setup.edit")
def file_add(request: ScopedRequest) -> HttpResponse:
    """Serve an uploaded WW_verify file at the root."""
    form = VerifyFileForm(request.POST, request.FILES)
    if not form.is_valid():
        return _step_page(request, "domain", bound={"file": form}, status=422)
    name, content = form.cleaned_data["file"]
    try:
        services.file_add(actor=request.user, name=name, content=content)
    except (Conflict, ValidationFailed) as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("It is served at the root now. Press Test."))
    return redirect("setup:step", "domain")


@require_POST
@requires("setup.edit")
def file_remove(request: ScopedRequest, pk: int) -> HttpResponse:
    """Serve a file no longer."""
    services.file_remove(actor=request.user, file=get_object_or_404(selectors.files(), pk=pk))
    messages.success(request, _("The file is no longer served."))
    return redirect("setup:step", "domain")


@require_GET
@requires("setup.view")
def picture(request: ScopedRequest, step: str) -> HttpResponse:
    """Show a step's picture; never kept by a cache, for it may show a Secret."""
    row = get_object_or_404(StepPicture, step=step)
    try:
        content = row.content
    except DecryptionError:
        raise Http404 from None
    response = HttpResponse(content, content_type=row.content_type)
    response["Cache-Control"] = "private, no-store"
    response["Content-Disposition"] = "inline"
    return response


@require_POST
@requires("setup.edit")
def picture_set(request: ScopedRequest, step: str) -> HttpResponse:
    """Put an uploaded picture beside a step."""
    if step not in BY_KEY:
        raise Http404
    form = PictureForm(request.POST, request.FILES, prefix="picture")
    if not form.is_valid():
        return _step_page(request, step, bound={"picture": form}, status=422)
    services.picture_set(actor=request.user, step=step, **form.cleaned_data)
    messages.success(request, _("The picture is shown beside the step now."))
    return redirect("setup:step", step)


@require_POST
@requires("setup.edit")
def picture_remove(request: ScopedRequest, step: str) -> HttpResponse:
    """Take a step's picture away."""
    services.picture_remove(actor=request.user, step=step)
    messages.success(request, _("The picture was removed."))
    return redirect("setup:step", step)


@require_GET
@requires("setup.view")
def report_page(request: ScopedRequest) -> HttpResponse:
    """Show the report to print."""
    rows = [_row(state) for state in selectors.states()]
    context = {"rows": rows, "base_url": own_address.base_url(), "now": timezone.localtime()}
    return render(request, "console/setup/report.html", context)


@require_GET
@requires("setup.view")
def report_download(request: ScopedRequest) -> HttpResponse:
    """Give the report as Markdown."""
    name = f"wecom-setup-{timezone.localtime():%Y%m%d-%H%M}.md"
    return HttpResponse(
        report.markdown(),
        content_type="text/markdown; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@require_GET
@public
def verify_file(request: HttpRequest, name: str) -> HttpResponse:
    """Give WeCom the file that proves the domain is ours."""
    file = get_object_or_404(VerifyFile, name=name)
    return HttpResponse(
        file.content,
        content_type="text/plain; charset=utf-8",
        headers={"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"},
    )
