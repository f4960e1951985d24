"""From wishes and what was read to an ordered plan. Pure: no clock, no files, no network."""
