-- What PostgreSQL does with each change of `allowed_origins`. It logs the tenant in the same transaction, and announces it
-- when the transaction is committed. An empty tenant means every tenant.
CREATE TABLE IF NOT EXISTS allowed_origins_changes (
    transaction xid8 NOT NULL DEFAULT pg_current_xact_id(),
    tenant TEXT NOT NULL,
    at TIMESTAMPTZ NOT NULL DEFAULT now(),
    PRIMARY KEY (transaction, tenant)
);

-- A transaction that changes a thousand origins of one tenant is logged and announced once.
CREATE OR REPLACE FUNCTION announce_tenant(changed TEXT) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO allowed_origins_changes (tenant) VALUES (changed) ON CONFLICT DO NOTHING;
    PERFORM pg_notify('allowed_origins', changed);
END
$$;

CREATE OR REPLACE FUNCTION announce_allowed_origins() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        PERFORM announce_tenant('');
        RETURN NULL;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        PERFORM announce_tenant(OLD.tenant);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        PERFORM announce_tenant(NEW.tenant);
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER announce_rows AFTER INSERT OR UPDATE OR DELETE ON allowed_origins
    FOR EACH ROW EXECUTE FUNCTION announce_allowed_origins();

CREATE OR REPLACE TRIGGER announce_truncate AFTER TRUNCATE ON allowed_origins
    FOR EACH STATEMENT EXECUTE FUNCTION announce_allowed_origins();
