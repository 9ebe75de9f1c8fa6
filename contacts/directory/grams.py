"""Search by name: 1- and 2-grams, because pg_trgm cannot index two-character Chinese names."""


def name_grams(text: str) -> list[str]:
    """Return the sorted 1- and 2-grams of a name, lower-cased, blanks left out."""
    compact = "".join(text.lower().split())
    pairs = {compact[at : at + 2] for at in range(len(compact) - 1)}
    return sorted(set(compact) | pairs)


def search_grams(text: str) -> list[str]:
    """Return the grams a name must contain to match a search text."""
    compact = "".join(text.lower().split())
    if len(compact) < 2:
        return [compact] if compact else []
    return sorted({compact[at : at + 2] for at in range(len(compact) - 1)})
