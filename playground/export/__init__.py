"""A session taken along: as a page of its own, as DOT, as Model Explorer JSON. Pure functions; nothing runs here."""
