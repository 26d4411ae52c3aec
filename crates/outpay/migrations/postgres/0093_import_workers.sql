-- Which worker pays an import. Same column as in ../sqlite/0093_import_workers.sql.

-- 0: no worker has it. A worker that is gone has what it had taken back at the next start on its machine.
ALTER TABLE import ADD COLUMN leased_by BIGINT NOT NULL DEFAULT 0;
