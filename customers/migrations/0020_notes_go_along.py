"""Notes go along with a customer who was handed over, those of earlier hand-overs too."""

from typing import ClassVar

from django.db import migrations, models

HANDED_OVER = """
INSERT INTO customers_followupnote_heirs (followupnote_id, member_id)
SELECT DISTINCT note.id, item.successor_id
FROM customers_handoveritem item
JOIN customers_handoverplan plan ON plan.id = item.plan_id
JOIN contacts_member leaver ON leaver.id = plan.leaver_id
JOIN customers_followupnote note
  ON note.contact_id = item.contact_id AND lower(note.userid) = lower(leaver.userid)
WHERE item.state = 'done' AND item.successor_id IS NOT NULL
ON CONFLICT DO NOTHING
"""
PROMISED = """
UPDATE contacts_feeditem feed
SET member_id = item.successor_id
FROM customers_handoveritem item
JOIN customers_handoverplan plan ON plan.id = item.plan_id
JOIN customers_followupnote note ON note.contact_id = item.contact_id
WHERE item.state = 'done' AND item.successor_id IS NOT NULL
  AND note.next_on IS NOT NULL AND note.done_at IS NULL AND note.created_at <= item.settled_at
  AND feed.key = 'follow_up:' || note.id AND feed.member_id = plan.leaver_id AND feed.done_at IS NULL
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("contacts", "0014_oa_sync"),
        ("customers", "0019_one_door_for_member_files"),
    ]

    operations: ClassVar = [
        migrations.AddField(
            model_name="followupnote",
            name="heirs",
            field=models.ManyToManyField(
                blank=True, related_name="+", to="contacts.member", verbose_name="successors"
            ),
        ),
        migrations.RunSQL([HANDED_OVER, PROMISED], migrations.RunSQL.noop),
    ]
