-- People without an account are found by what their seats say of them (core/guest.h).
CREATE INDEX participants_guests ON participants (identity) WHERE user_id IS NULL;
CREATE INDEX participants_guests_by_name ON participants (lower(name)) WHERE user_id IS NULL;
