"""Labels as names of folders, and back."""

from urllib.parse import unquote


def folder_of_label(label: str) -> str:
    """A label as a folder name; characters that a name cannot have are percent-encoded (%2F)."""
    name = label.replace("%", "%25").replace("/", "%2F").replace("\0", "%00")
    return "%2E" + name[1:] if name.startswith(".") else name


def label_of_folder(name: str) -> str:
    """The inverse of `folder_of_label`; a name that it would not write is the label itself."""
    label = unquote(name).rstrip("\0")  # NumPy strings end before their last zeros
    return label if folder_of_label(label) == name else name
