-- The same on SQLite and PostgreSQL. Browsers send hosts in lower case, so a tenant in upper case would never be asked for.
CREATE TABLE IF NOT EXISTS allowed_origins (
    tenant TEXT NOT NULL CHECK (tenant = lower(tenant) AND length(tenant) BETWEEN 1 AND 253),
    origin TEXT NOT NULL,
    PRIMARY KEY (tenant, origin)
);
