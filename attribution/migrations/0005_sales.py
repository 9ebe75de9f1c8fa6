"""Rules, credits and their ledger; the ledger is append-only by a trigger."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import scrm.core.ids

FORWARD = """
CREATE FUNCTION attribution_creditline_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'attribution_creditline is append-only';
END $$;
CREATE TRIGGER attribution_creditline_append_only BEFORE UPDATE OR DELETE ON attribution_creditline
    FOR EACH ROW EXECUTE FUNCTION attribution_creditline_refuse();
"""
BACKWARD = """
DROP TRIGGER attribution_creditline_append_only ON attribution_creditline;
DROP FUNCTION attribution_creditline_refuse();
"""


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("attribution", "0004_touches"),
        ("contacts", "0004_employments"),
        ("customers", "0004_dated_facts"),
    ]

    operations = [
        migrations.CreateModel(
            name="RuleSet",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("version", models.PositiveIntegerField(unique=True, verbose_name="version")),
                ("rules", models.JSONField(verbose_name="rules")),
                (
                    "state",
                    models.CharField(
                        choices=[("draft", "draft"), ("active", "in force"), ("former", "former")],
                        default="draft",
                        max_length=6,
                        verbose_name="state",
                    ),
                ),
                (
                    "applies_from",
                    models.DateField(blank=True, null=True, verbose_name="applies from"),
                ),
                ("note", models.CharField(blank=True, max_length=200, verbose_name="note")),
                ("trial_job_id", models.UUIDField(blank=True, null=True, verbose_name="trial")),
                (
                    "made_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                (
                    "activated_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="in force since"),
                ),
            ],
            options={
                "verbose_name": "rule set",
                "verbose_name_plural": "rule sets",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "active")),
                        fields=("state",),
                        name="attribution_ruleset_one_active",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("activated_at", None), ("state", "draft")),
                            models.Q(
                                models.Q(("state", "draft"), _negated=True),
                                ("activated_at__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="attribution_ruleset_activated",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Credit",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "order",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="credit",
                        to="customers.order",
                    ),
                ),
                (
                    "member",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="credits",
                        to="contacts.member",
                        verbose_name="guide",
                    ),
                ),
                (
                    "store",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="credits",
                        to="contacts.orgunit",
                        verbose_name="store",
                    ),
                ),
                (
                    "rule",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("order_parameter", "parameter of the order"),
                            ("last_touch", "last touch"),
                            ("first_touch", "first touch"),
                            ("bound_guide", "bound guide"),
                            ("store_owner", "first account of the store"),
                        ],
                        max_length=15,
                        verbose_name="rule",
                    ),
                ),
                (
                    "reason",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "credited"),
                            ("tampered", "the parameter was tampered with or is unknown"),
                            ("expired", "the parameter had expired"),
                            ("left", "the parameter's guide had left"),
                            ("gone", "the parameter's guide is no longer known"),
                            ("staff", "bought by a colleague"),
                            ("nobody", "no rule found a guide"),
                        ],
                        max_length=8,
                        verbose_name="why nobody",
                    ),
                ),
                (
                    "ruleset",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="credits",
                        to="attribution.ruleset",
                    ),
                ),
                ("evidence", models.JSONField(blank=True, default=dict, verbose_name="evidence")),
                (
                    "losers",
                    models.JSONField(blank=True, default=list, verbose_name="others with a claim"),
                ),
                ("paid_at", models.DateTimeField(verbose_name="paid at")),
                ("business_day", models.DateField(verbose_name="business day")),
                (
                    "amount",
                    models.DecimalField(decimal_places=2, max_digits=12, verbose_name="amount"),
                ),
                (
                    "refunded",
                    models.DecimalField(decimal_places=2, max_digits=12, verbose_name="refunded"),
                ),
                ("decided_at", models.DateTimeField(verbose_name="attributed at")),
            ],
            options={
                "verbose_name": "credit",
                "verbose_name_plural": "credits",
                "indexes": [
                    models.Index(fields=["-paid_at", "-id"], name="attribution_credit_newest"),
                    models.Index(
                        fields=["member", "-paid_at", "-id"], name="attribution_credit_member"
                    ),
                    models.Index(
                        fields=["store", "-paid_at", "-id"], name="attribution_credit_store"
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("member", None),
                                ("rule", ""),
                                models.Q(("reason", ""), _negated=True),
                            ),
                            models.Q(
                                ("member__isnull", False),
                                ("reason", ""),
                                models.Q(("rule", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="attribution_credit_guide_or_reason",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="CreditLine",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=scrm.core.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="credit_lines",
                        to="customers.order",
                    ),
                ),
                (
                    "member",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="credit_lines",
                        to="contacts.member",
                    ),
                ),
                (
                    "store",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="credit_lines",
                        to="contacts.orgunit",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("sale", "sale"), ("refund", "refund")],
                        max_length=6,
                        verbose_name="kind",
                    ),
                ),
                (
                    "source",
                    models.CharField(blank=True, max_length=64, verbose_name="refund number"),
                ),
                (
                    "cause",
                    models.CharField(
                        choices=[
                            ("new", "as it came"),
                            ("changed", "the order or refund changed"),
                            ("moved", "went to somebody else"),
                        ],
                        default="new",
                        max_length=7,
                        verbose_name="cause",
                    ),
                ),
                (
                    "amount",
                    models.DecimalField(decimal_places=2, max_digits=12, verbose_name="amount"),
                ),
                ("occurred_at", models.DateTimeField(verbose_name="when")),
                ("business_day", models.DateField(verbose_name="business day")),
                ("posted_at", models.DateTimeField(verbose_name="posted at")),
            ],
            options={
                "verbose_name": "ledger line",
                "verbose_name_plural": "ledger lines",
                "indexes": [
                    models.Index(fields=["business_day", "member"], name="attribution_line_day"),
                    models.Index(fields=["member", "business_day"], name="attribution_line_member"),
                    models.Index(fields=["store", "business_day"], name="attribution_line_store"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("amount", 0), _negated=True),
                        name="attribution_line_is_something",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="RuleTrial",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("job_id", models.UUIDField(unique=True, verbose_name="job")),
                ("tally", models.JSONField(default=dict, verbose_name="tally")),
                ("updated_at", models.DateTimeField(auto_now=True, verbose_name="updated at")),
                (
                    "ruleset",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="trials",
                        to="attribution.ruleset",
                    ),
                ),
            ],
            options={"verbose_name": "trial of rules", "verbose_name_plural": "trials of rules"},
        ),
        migrations.CreateModel(
            name="AsideOrder",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("problem", models.CharField(max_length=500, verbose_name="problem")),
                ("since", models.DateTimeField(verbose_name="since")),
                ("tried_at", models.DateTimeField(db_index=True, verbose_name="last tried")),
                (
                    "order",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="aside",
                        to="customers.order",
                    ),
                ),
            ],
            options={
                "verbose_name": "order put aside",
                "verbose_name_plural": "orders put aside",
            },
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
