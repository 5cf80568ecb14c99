"""XML laid out for a person: one element a line, indented. Nothing is resolved, fetched or expanded."""

from lxml import etree

MOST_SHOWN = 200_000
"""Characters of a message that a page lays out; the file has all of it."""


def readable(content: bytes) -> str:
    """The document indented; what is no XML is shown as the text that came."""
    parser = etree.XMLParser(
        remove_blank_text=True, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError:
        return content.decode(errors="replace")[:MOST_SHOWN]
    etree.indent(root)
    return etree.tostring(root, encoding="unicode")[:MOST_SHOWN]
