"""What is found of what members say: `posts` finds threads, `similar` those like one that is being typed, `people` whom
one may name, `rooms` what was said and asked in sessions; `index` is kept by the verbs that write."""
