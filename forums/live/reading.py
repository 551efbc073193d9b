"""Reads for the live rooms, on threads of their own."""

from network.live.reading import Readers

read = Readers("live-reading", threads=2).read
