CASES: dict[str, str] = {}
