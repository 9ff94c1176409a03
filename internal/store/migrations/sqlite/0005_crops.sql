-- Square crops of pictures. The file of one may be that of another, or of the
-- picture itself, of the same person: what is small is not enlarged.
CREATE TABLE crops (
    user_id      TEXT    NOT NULL REFERENCES pictures (user_id) ON DELETE CASCADE,
    side         INTEGER NOT NULL, -- in pixels
    blob_key     TEXT    NOT NULL,
    content_type TEXT    NOT NULL,
    version      TEXT    NOT NULL, -- of the content: the ETag
    PRIMARY KEY (user_id, side)
) STRICT;

CREATE INDEX crops_by_file ON crops (blob_key);

-- Of all crops of a picture together: the v= of their addresses. Empty: it has
-- none, since it is of before this migration.
ALTER TABLE pictures ADD COLUMN crops_version TEXT NOT NULL DEFAULT '';

CREATE INDEX pictures_without_crops ON pictures (user_id) WHERE crops_version = '';
