"""Life-cycles: a model names its permitted transitions in `NEXT`; only `move_to` changes `status`."""

from portal.shared.errors import InvalidTransition


class Lifecycle:
    """Mixin for models with a `status` field and a `NEXT: dict[state, set of states]`."""

    NEXT: dict[str, set[str]] = {}

    def may_become(self, state: str) -> bool:
        return state in self.NEXT.get(self.status, ())

    def move_to(self, state: str) -> None:
        """Change the state in memory; the caller, who holds the row's lock, saves. Raises InvalidTransition."""
        if not self.may_become(state):
            raise InvalidTransition(thing=self._meta.verbose_name_raw.capitalize(), current=self.status, wanted=state)
        self.status = state
