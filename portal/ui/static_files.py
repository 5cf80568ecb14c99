"""What browsers load, under names that change with the content: kept for ever, and never asked for again."""

from django.contrib.staticfiles.storage import ManifestStaticFilesStorage
from whitenoise.storage import CompressedManifestStaticFilesStorage

URLS_AND_IMPORTS = ManifestStaticFilesStorage.patterns[0][1][:2]


class NamedByContent(CompressedManifestStaticFilesStorage):
    """Where a file was not gathered (development, tests), its name stays plain.

    Style sheets are made to name their fonts and pictures so; source maps are not: they are not gathered.
    """

    patterns = (("*.css", URLS_AND_IMPORTS),)

    def stored_name(self, name: str) -> str:
        return self.hashed_files.get(self.hash_key(self.clean_name(name)), name)
