-- The same on SQLite and PostgreSQL. The service looks tenants up in lower case, so it would never find one in upper case.
CREATE TABLE IF NOT EXISTS allowed_origins (
    tenant TEXT NOT NULL CHECK (tenant = lower(tenant) AND length(tenant) BETWEEN 1 AND 253),
    origin TEXT NOT NULL,
    PRIMARY KEY (tenant, origin)
);
