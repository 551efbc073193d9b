"""What every open socket needs, whatever is told by it: hints between processes, reads that keep nobody waiting, and
who may go on listening. And the hub that tells members how much is new for them. Knows no HTTP."""
