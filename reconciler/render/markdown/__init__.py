"""Plans and reports for pull request comments."""
