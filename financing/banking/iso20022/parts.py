"""The part of a message that speaks of one account: a bank may tell of many in one, and each owner reads of its own."""

from lxml import etree

_OWNERS = {"Ntfctn": "Acct", "Stmt": "Acct", "PmtInf": "DbtrAcct"}
"""Parts of a message that speak of one account -> where they name it."""


def own(content: bytes, iban: str) -> tuple[bytes, bool]:
    """The message without its parts about other accounts, and whether any were left out; untouched, byte for byte."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError:
        return content, False
    others = [part for part in root.iter("{*}*") if _owner(part) not in ("", iban)]
    for part in others:
        part.getparent().remove(part)
    return (etree.tostring(root, encoding="utf-8", xml_declaration=True), True) if others else (content, False)


def _owner(part: etree._Element) -> str:
    account = _OWNERS.get(etree.QName(part).localname, "")
    return (part.findtext(f"{{*}}{account}/{{*}}Id/{{*}}IBAN") or "") if account else ""
