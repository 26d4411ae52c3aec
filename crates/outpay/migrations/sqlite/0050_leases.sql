-- Each lease has a number that only grows. Same columns as in ../postgres/0050_leases.sql.

-- What a holder writes names the number, so one that was frozen over its lease and went on writes nothing.
ALTER TABLE withdrawal ADD COLUMN lease INTEGER NOT NULL DEFAULT 0;
ALTER TABLE webhook_delivery ADD COLUMN lease INTEGER NOT NULL DEFAULT 0;
ALTER TABLE mail ADD COLUMN lease INTEGER NOT NULL DEFAULT 0;
ALTER TABLE import ADD COLUMN lease INTEGER NOT NULL DEFAULT 0;
