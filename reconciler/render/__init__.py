"""Values in, strings out. Nothing here prints."""
