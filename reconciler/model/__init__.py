"""The field's own words as frozen values, and the port through which live state is read and written. No effects."""
