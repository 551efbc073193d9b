"""News of this storey, in the past tense."""
