"""From desired and live to an ordered plan. Pure: no clock, no files, no network."""
