"""Set-ups that cannot work refuse to start, and say why."""
