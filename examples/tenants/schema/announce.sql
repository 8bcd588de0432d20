-- PostgreSQL announces each change when it is committed. The payload is the tenant, so that a transaction that changes a
-- thousand origins of one tenant is announced once. An empty payload means every tenant.
CREATE OR REPLACE FUNCTION announce_allowed_origins() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        PERFORM pg_notify('allowed_origins', '');
        RETURN NULL;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        PERFORM pg_notify('allowed_origins', OLD.tenant);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        PERFORM pg_notify('allowed_origins', NEW.tenant);
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER announce_rows AFTER INSERT OR UPDATE OR DELETE ON allowed_origins
    FOR EACH ROW EXECUTE FUNCTION announce_allowed_origins();

CREATE OR REPLACE TRIGGER announce_truncate AFTER TRUNCATE ON allowed_origins
    FOR EACH STATEMENT EXECUTE FUNCTION announce_allowed_origins();
