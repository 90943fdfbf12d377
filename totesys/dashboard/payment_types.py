"""The names of the source's payment types."""


def title(name: str) -> str:
    """Return the name as a title: ``SALES_RECEIPT`` is 'Sales receipt'."""
    return name.replace("_", " ").capitalize()
