"""Plans and reports for people at a terminal or in a log."""
