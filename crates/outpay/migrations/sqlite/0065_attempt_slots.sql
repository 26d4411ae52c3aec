-- Which payments of a line are not through yet.
CREATE INDEX attempt_slot ON attempt (rail, slot);
