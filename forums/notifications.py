"""Who hears of what members say, and in what words."""
