-- A business's logo, and who may show its pages in a frame. Same table as in ../sqlite/0032_logo.sql.

-- Origins with a space between them; usually none.
ALTER TABLE branding ADD COLUMN frame_origins TEXT NOT NULL DEFAULT '';

-- name is a digest of the image and an ending that tells its kind; businesses may have the same image.
CREATE TABLE logo (
    business BIGINT NOT NULL PRIMARY KEY REFERENCES business (number),
    name     TEXT   NOT NULL,
    image    BYTEA  NOT NULL CHECK (length(image) BETWEEN 1 AND 32768)
);

CREATE INDEX logo_by_name ON logo (name);
