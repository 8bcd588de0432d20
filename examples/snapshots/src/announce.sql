CREATE OR REPLACE FUNCTION announce_snapshot_origins() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- One for each statement. Equal ones of a transaction are sent once.
    NOTIFY snapshot_origins;
    RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER announce
    AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON snapshot_origins
    FOR EACH STATEMENT EXECUTE FUNCTION announce_snapshot_origins();
