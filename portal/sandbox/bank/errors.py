"""What the bank's HTTP interface refuses; payments are refused in a pain.002 instead."""


class Refusal(Exception):
    def __init__(self, status: int, code: str, sentence: str):
        super().__init__(sentence)
        self.status = status
        self.code = code
        self.sentence = sentence


def not_found(sentence: str) -> Refusal:
    return Refusal(404, "NOT_FOUND", sentence)


def invalid(sentence: str) -> Refusal:
    return Refusal(422, "INVALID", sentence)
