-- A person's sessions in the order of their use: for the list of them, and to end
-- those seen longest ago when there are too many.
CREATE INDEX sessions_of_user_by_last_seen ON sessions (user_id, last_seen_at);
DROP INDEX sessions_of_user;
