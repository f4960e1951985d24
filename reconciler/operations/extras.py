"""How to install an extra of this package."""


def install(extra: str) -> str:
    """The command that installs it. The name of the package alone could be someone else's on PyPI: see the README."""
    return f"pip install '.[{extra}]' in a clone of the repository"
