"""What the clock starts, and when."""

from celery.schedules import crontab

# Whatever is due once an hour or less often is due by the clock: beat forgets its last runs when it starts again.
CELERY_BEAT_SCHEDULE = {
    "accounts.sessions_purge": {
        "task": "accounts.sessions_purge",
        "schedule": crontab(minute="12"),
    },
    "attribution.boards_check": {
        "task": "attribution.boards_check",
        "schedule": crontab(hour="3", minute="10"),
    },
    "attribution.boards_roll_up": {"task": "attribution.boards_roll_up", "schedule": 120.0},
    "attribution.entry_codes_sweep": {"task": "attribution.entry_codes_sweep", "schedule": 60.0},
    "attribution.entry_visits_place": {"task": "attribution.entry_visits_place", "schedule": 60.0},
    "attribution.entry_visits_purge": {
        "task": "attribution.entry_visits_purge",
        "schedule": crontab(hour="3", minute="20"),
    },
    "attribution.live_codes_sweep": {"task": "attribution.live_codes_sweep", "schedule": 60.0},
    "attribution.sales_drain": {"task": "attribution.sales_drain", "schedule": 5.0},
    "attribution.touch_partitions_keep": {
        "task": "attribution.touch_partitions_keep",
        "schedule": crontab(hour="3", minute="30"),
    },
    "attribution.touches_gather": {"task": "attribution.touches_gather", "schedule": 10.0},
    "contacts.directory_watch": {
        "task": "contacts.directory_watch",
        "schedule": crontab(minute="2"),
    },
    "contacts.drift_nightly": {
        "task": "contacts.drift_nightly",
        "schedule": crontab(hour="4", minute="40"),
    },
    "contacts.drift_watch": {"task": "contacts.drift_watch", "schedule": 30.0},
    "contacts.feed_purge": {
        "task": "contacts.feed_purge",
        "schedule": crontab(hour="3", minute="40"),
    },
    "contacts.follow_refresh": {"task": "contacts.follow_refresh", "schedule": 300.0},
    "contacts.leaves_take_effect": {"task": "contacts.leaves_take_effect", "schedule": 60.0},
    "contacts.leavers_revoke": {"task": "contacts.leavers_revoke", "schedule": 60.0},
    "contacts.oa_files_purge": {
        "task": "contacts.oa_files_purge",
        "schedule": crontab(hour="3", minute="50"),
    },
    "contacts.oa_plans_watch": {"task": "contacts.oa_plans_watch", "schedule": 300.0},
    "contacts.roster_remind": {
        "task": "contacts.roster_remind",
        "schedule": crontab(hour="9", minute="5"),
    },
    "contacts.roster_sweep": {"task": "contacts.roster_sweep", "schedule": 60.0},
    "contacts.oa_sources_read": {"task": "contacts.oa_sources_read", "schedule": 60.0},
    "contacts.sent_in_purge": {
        "task": "contacts.sent_in_purge",
        "schedule": crontab(hour="3", minute="55"),
    },
    "core.approvals_expire": {
        "task": "core.approvals_expire",
        "schedule": crontab(minute="52"),
    },
    "contacts.profiles_sweep": {"task": "contacts.profiles_sweep", "schedule": 60.0},
    "contacts.profiles_watch": {
        "task": "contacts.profiles_watch",
        "schedule": crontab(hour="4", minute="20"),
    },
    "contacts.store_changes_due": {
        "task": "contacts.store_changes_due",
        "schedule": crontab(minute="6"),
    },
    "core.audit_seal": {"task": "core.audit_seal", "schedule": 5.0},
    "core.jobs_sweep": {"task": "core.jobs_sweep", "schedule": 30.0},
    "core.purge": {"task": "core.purge", "schedule": crontab(minute="9")},
    "customers.exports_purge": {
        "task": "customers.exports_purge",
        "schedule": crontab(minute="25"),
    },
    "customers.search_refresh": {"task": "customers.search_refresh", "schedule": 5.0},
    "customers.count_marks_find": {
        "task": "customers.count_marks_find",
        "schedule": crontab(hour="2", minute="50"),
    },
    "customers.field_values_expire": {
        "task": "customers.field_values_expire",
        "schedule": crontab(hour="3", minute="35"),
    },
    "customers.oneid_nightly": {
        "task": "customers.oneid_nightly",
        "schedule": crontab(hour="2", minute="40"),
    },
    "customers.oneid_reconcile": {"task": "customers.oneid_reconcile", "schedule": 5.0},
    "customers.privacy_clean": {
        "task": "customers.privacy_clean_start",
        "schedule": crontab(hour="2", minute="40"),
    },
    "customers.timeline_collect": {"task": "customers.timeline_collect", "schedule": 5.0},
    "customers.opened_read": {"task": "customers.opened_read", "schedule": crontab(minute="41")},
    "customers.sync_nightly": {
        "task": "customers.sync_nightly",
        "schedule": crontab(hour="2", minute="30"),
    },
    "customers.handover_results": {"task": "customers.handover_results", "schedule": 300.0},
    "customers.handover_releases": {
        "task": "customers.handover_releases",
        "schedule": crontab(minute="16"),
    },
    "customers.handover_again": {
        "task": "customers.handover_again",
        "schedule": crontab(minute="19"),
    },
    "customers.leavers_plan": {"task": "customers.leavers_plan", "schedule": 60.0},
    "customers.intake_files_purge": {
        "task": "customers.intake_files_purge",
        "schedule": crontab(minute="22"),
    },
    "customers.intake_sources_due": {"task": "customers.intake_sources_due", "schedule": 60.0},
    "customers.tag_rules_drain": {"task": "customers.tag_rules_drain", "schedule": 15.0},
    "customers.tag_rules_nightly": {
        "task": "customers.tag_rules_nightly",
        "schedule": crontab(hour="2", minute="20"),
    },
    "customers.tags_nightly": {
        "task": "customers.tags_nightly",
        "schedule": crontab(hour="2", minute="10"),
    },
    "customers.invitations_close": {"task": "customers.invitations_close", "schedule": 600.0},
    "customers.groups_reread": {"task": "customers.groups_reread", "schedule": 60.0},
    "customers.groups_sync": {
        "task": "customers.groups_sync_nightly",
        "schedule": crontab(hour="2", minute="40"),
    },
    # WeCom gives the figures of a day the next morning.
    "customers.group_figures": {
        "task": "customers.group_figures",
        "schedule": crontab(hour="9", minute="20"),
    },
    "customers.redemptions_lapse": {"task": "customers.redemptions_lapse", "schedule": 600.0},
    "customers.points_nightly": {
        "task": "customers.points_nightly",
        "schedule": crontab(hour="1", minute="20"),
    },
    "risk.anomalies_watch": {"task": "risk.anomalies_watch", "schedule": 60.0},
    "risk.capacity_sweep": {"task": "risk.capacity_sweep", "schedule": 60.0},
    "risk.signals_purge": {"task": "risk.signals_purge", "schedule": crontab(hour="4", minute="0")},
    "materials.partitions_keep": {
        "task": "materials.partitions_keep",
        "schedule": crontab(hour="4", minute="10"),
    },
    "materials.views_roll_up": {
        "task": "materials.views_roll_up",
        "schedule": crontab(minute="30"),
    },
    "inbox.purge": {"task": "inbox.purge", "schedule": crontab(minute="37")},
}
