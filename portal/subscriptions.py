"""The whole choreography: who listens to which events."""

from accounts.trail.subscribers import APPLY, SEND, Subscriber

SUBSCRIPTIONS: list[Subscriber] = []
