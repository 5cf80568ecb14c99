"""The catalogues of translations, brought up to what the sources say."""

from django.core.management.base import BaseCommand

from portal.ui import messages

LANGUAGES = ("zh_Hans",)


class Command(BaseCommand):
    help = "Take new sentences into locale/*/LC_MESSAGES/django.po and drop those that are gone."
    requires_system_checks = ()

    def handle(self, *args, **options):
        for each in messages.untranslatable():
            self.stderr.write(f"{each.file}:{each.line}: put together before it could be translated")
        for language in LANGUAGES:
            catalogue = messages.update(language)
            missing = sum(1 for message in catalogue if message.id and not any(_texts(message.string)))
            self.stdout.write(f"{language}: {len(catalogue)} messages, {missing} to translate")


def _texts(string: str | tuple) -> tuple:
    return string if isinstance(string, tuple) else (string,)
