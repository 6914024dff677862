"""The operations, one record each, in tables by kind. To add one, see CONTRIBUTING.md."""
