"""What all roles share, seen by Amphora's, Meridian's and Harbour's people."""

from tests.pages.supplier.conftest import lending, trading  # noqa: F401
