"""What this storey does when it hears news from below: one call to a verb each."""
