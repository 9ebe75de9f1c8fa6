"""The database itself refuses to change or delete audit rows; only the first sealing passes."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION core_auditentry_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'audit rows are never deleted' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF OLD.seal IS NOT NULL OR NEW.seal IS NULL OR NEW.seq IS NULL
       OR (to_jsonb(NEW) - 'seq' - 'seal') IS DISTINCT FROM (to_jsonb(OLD) - 'seq' - 'seal') THEN
        RAISE EXCEPTION 'audit rows are never changed' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER core_auditentry_append_only BEFORE UPDATE OR DELETE ON core_auditentry
    FOR EACH ROW EXECUTE FUNCTION core_auditentry_append_only();
"""
BACKWARD = """
DROP TRIGGER core_auditentry_append_only ON core_auditentry;
DROP FUNCTION core_auditentry_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("core", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
